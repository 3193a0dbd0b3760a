"""A file that is no picture is named as what it is."""

import gzip
import io
import tarfile
import zipfile

import pytest

from brushprint.data.decoding import FORMATS
from brushprint.data.file_kinds import HEAD, no_picture
from tests.conftest import encoded, picture


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.jpg", b"")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.jpg"))
    return stream.getvalue()


ARCHIVE = "an archive inside the collection; unpack it first"
RAW = "a RAW photo; develop it to JPEG or TIFF"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 12345\n"
SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (POINTER, "a Git LFS pointer, not the picture itself; run `git lfs pull`"),
        (b"<!DOCTYPE html><html>", "an HTML page, perhaps an error message in place of a picture"),
        (b"\n  <html lang=en>", "an HTML page, perhaps an error message in place of a picture"),
        (b"<!-- page --><HTML>", "an HTML page, perhaps an error message in place of a picture"),
        (SVG, "an SVG drawing, which has no pixels; export it as PNG"),
        (b"<svg/>", "an SVG drawing, which has no pixels; export it as PNG"),
        (zipped(), ARCHIVE),
        (tarred(), ARCHIVE),
        (gzip.compress(b"x"), ARCHIVE),
        (b"II*\0\x10\0\0\0CR\2\0", RAW),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", RAW),
        (b"FUJIFILMCCD-RAW 0201", RAW),
        (b"\0\0\0\x20ftypmp42\0\0\0\0", "a video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which cannot be read; convert it to PNG"),
        (encoded(picture(1), "PDF"), "a PDF document"),
        (encoded(picture(1), "EPS"), "a PostScript drawing"),
        (b"PAR1\x15\4", "a Parquet table"),
        (b"", "empty file"),
        ("Überschrift, naïve".encode(), "a text file"),
        (("é" * HEAD).encode()[:HEAD], "a text file"),
        (b"BMX photo description", "a text file"),
        (b"\0\1\2\3", "not a picture in a known format"),
        ("Text".encode("utf-16"), "not a picture in a known format"),
    ],
    # The bytes cannot be the ids: some contain the time, and each test worker creates its own.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_file_is_follows_from_its_first_bytes(content: bytes, kind: str) -> None:
    assert no_picture(content[:HEAD], "folder/no suffix") == kind


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_that_is_read_is_recognised_without_its_suffix(kind: str) -> None:
    assert no_picture(encoded(picture(1), kind)[:HEAD]) is None


@pytest.mark.parametrize("name", ["x.NEF", "x.dng", "x.cr2"])
def test_a_raw_photo_that_begins_like_a_tiff_is_recognised_by_its_name(name: str) -> None:
    assert no_picture(encoded(picture(1), "TIFF")[:HEAD], name) == RAW
