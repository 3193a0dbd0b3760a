"""The catalogue: every file is decoded right, or rejected with a reason, or the run stops with one line."""

import hashlib
import io
import os
import shutil
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.data.archive import LARGEST_MEMBER
from brushprint.data.catalogue import COLUMNS, catalogue, examples
from brushprint.data.decoding import UndecodableError, open_picture, to_rgb
from brushprint.data.taxonomy import label, published_split
from tests.conftest import encoded, picture


def rule(folder: str, origin: str, source: str, style: str | None = None) -> dict[str, Any]:
    return {"folder": folder, "origin": origin, "source": source, "style": style}


HUMAN_AND_AI = [rule("human", "human", "human"), rule("ai", "ai", "ai")]
AI_ARTBENCH = [
    rule("AI_LD_(?P<style>.+)", "ai", "latent_diffusion"),
    rule("AI_SD_(?P<style>.+)", "ai", "stable_diffusion"),
    rule("(?P<style>.+)", "human", "human"),
]
HUMAN_AI_ARTWORK = [
    *AI_ARTBENCH[:2],
    rule("AI_DiffusionDB_.+", "ai", "diffusiondb"),
    rule("Human_(?P<style>.+)", "human", "human"),
]

GOOD = encoded(picture(0))
few_examples = settings(deadline=None, max_examples=60)


def catalogued(root: Path, **options: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    """The catalogue by path, and the reason of each rejected path."""
    asked = {"labels": HUMAN_AND_AI, "images": None, "max_rejected": 1, "seed": 0, "jobs": 1} | options
    table, rejected = catalogue(root, **asked)
    assert tuple(table.columns) == COLUMNS
    assert tuple(rejected.columns) == ("path", "reason")
    for found in (table, rejected):
        assert found["path"].is_monotonic_increasing
        assert pa.Table.from_pandas(found).num_rows == len(found)
    return table.set_index("path"), dict(zip(rejected["path"], rejected["reason"], strict=True))


def refusal(root: Path, **options: Any) -> str:
    """The one line that a collection is refused with."""
    with pytest.raises(UserError) as raised:
        catalogued(root, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(to_rgb(open_picture(content)))


def zipped(target: Path, files: dict[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def tarred(target: Path, files: dict[str | tarfile.TarInfo, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT):
    with tarfile.open(target, mode, format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.type = tarfile.DIRTYPE if info.name.endswith("/") else info.type
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content))
    return target


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Make a collection of files by name, as a folder and as each kind of archive; `x/` is an empty folder."""

    def make(files: dict[str, bytes]) -> Path:
        if request.param == "zip":
            return zipped(tmp_path / "pictures.zip", files)
        if request.param != "folder":
            return tarred(tmp_path / f"pictures.{request.param}", files, "w:gz" if "gz" in request.param else "w")
        for name, content in files.items():
            path = tmp_path / "pictures" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.write_bytes(content)
        return tmp_path / "pictures"

    return make


# What a picture is by its path.


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("train/human/x.jpg", "train"),
        ("Art/Training/human/x.jpg", "train"),
        ("TEST/human/x.jpg", "test"),
        ("human/testing/x.jpg", "test"),
        ("val/human/x.jpg", "validation"),
        ("valid/human/x.jpg", "validation"),
        ("human/x.jpg", None),
        ("human/test", None),
        ("trains/human/x.jpg", None),
    ],
)
def test_a_published_split_is_recognised_by_a_whole_folder_name(path: str, level: str | None):
    assert published_split(path) == level


@pytest.mark.parametrize(
    ("path", "rules", "expected"),
    [
        ("R/train/AI_LD_ukiyo-e/x.jpg", AI_ARTBENCH, ("AI_LD_ukiyo-e", "ai", "latent_diffusion", "ukiyo_e")),
        ("R/test/AI_SD_ukiyo-e/x.jpg", AI_ARTBENCH, ("AI_SD_ukiyo-e", "ai", "stable_diffusion", "ukiyo_e")),
        ("R/train/ukiyo_e/x.jpg", AI_ARTBENCH, ("ukiyo_e", "human", "human", "ukiyo_e")),
        ("A/AI_DiffusionDB_large_1/x.jpg", HUMAN_AI_ARTWORK, ("AI_DiffusionDB_large_1", "ai", "diffusiondb", None)),
        ("A/Human_Pop_Art/x.jpg", HUMAN_AI_ARTWORK, ("Human_Pop_Art", "human", "human", "pop_art")),
        ("A/Human_Ukiyo_e/x.jpg", HUMAN_AI_ARTWORK, ("Human_Ukiyo_e", "human", "human", "ukiyo_e")),
        ("human/monet/1890/x.jpg", HUMAN_AND_AI, ("human", "human", "human", None)),
        ("HUMAN/x.jpg", HUMAN_AND_AI, ("HUMAN", "human", "human", None)),
        ("ai/train/x.jpg", HUMAN_AND_AI, ("ai", "ai", "ai", None)),
        ("x/human.jpg", HUMAN_AND_AI, None),
        ("human.jpg", HUMAN_AND_AI, None),
        ("posthuman/x.jpg", HUMAN_AND_AI, None),
        ("humans/x.jpg", HUMAN_AND_AI, None),
        ("a/x.jpg", [rule("a", "ai", "ai", "Ukiyo-e!")], ("a", "ai", "ai", "ukiyo_e")),
        ("--/x.jpg", AI_ARTBENCH, ("--", "human", "human", None)),
    ],
)
def test_a_picture_is_labelled_by_its_deepest_folder_that_a_rule_matches(path, rules, expected):
    assert label(path, rules) == expected


@few_examples
@given(st.text(), st.sampled_from([HUMAN_AND_AI, AI_ARTBENCH, HUMAN_AI_ARTWORK]))
def test_any_path_is_labelled_or_not_and_never_fails(path: str, rules: list[dict]):
    found = label(path, rules)
    assert found is None or (found.folder in path.split("/") and found.style != "")
    assert published_split(path) in {"train", "validation", "test", None}


# How a picture is decoded.


def test_sixteen_bits_are_scaled_and_not_clipped():
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    for kind, array in (("PNG", values), ("TIFF", values), ("TIFF", values.astype(">u2"))):
        assert decoded(encoded(Image.fromarray(array), kind))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_grey_and_print_colours_become_rgb(mode: str):
    content = encoded(picture(3, mode=mode), quality=95)
    np.testing.assert_array_equal(decoded(content), Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.abs(decoded(content).astype(int) - picture(3, mode=mode).convert("RGB")).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_a_tiff_of_any_8_or_16_bit_mode_is_decoded(mode: str):
    assert decoded(encoded(picture(3, mode="L" if mode == "I;16" else mode).convert(mode), "TIFF")).shape == (40, 48, 3)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_tiff_of_32_bits_is_refused_and_not_decoded_to_black(mode: str):
    with pytest.raises(UndecodableError, match="32-bit pixels"):
        decoded(encoded(picture(3, mode="L").convert(mode), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_over_white(mode: str):
    grey = Image.new(mode, (3, 1), (100, 255) if mode == "LA" else (100, 100, 100, 255))
    grey.putalpha(Image.fromarray(np.array([[255, 51, 0]], dtype=np.uint8)))
    assert decoded(encoded(grey, "PNG")).tolist() == [[[100] * 3, [224] * 3, [255] * 3]]


def test_a_transparent_palette_colour_lies_over_white():
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    for kind in ("PNG", "GIF"):
        assert decoded(encoded(image, kind, transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO", "AVIF"])
def test_the_first_frame_of_an_animation_counts(kind: str):
    frames = [Image.new("RGB", (24, 16), colour) for colour in ("red", "lime", "blue")]
    seen = decoded(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert seen.shape == (16, 24, 3)
    assert np.abs(seen.astype(int) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_exif_says(orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.asarray(picture(5))
    turns = [0, 0, 2, 2, 1, -1, -1, 1]  # quarters of a circle, after the mirror
    upright = np.rot90(stored[:, ::-1] if orientation in (2, 4, 5, 7) else stored, turns[orientation - 1])
    np.testing.assert_array_equal(decoded(encoded(picture(5), "PNG", exif=exif)), upright)


@pytest.mark.parametrize("exif", [b"Exif\0\0JUNKJUNK", b"Exif\0\0MM", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_spoil_a_good_picture(exif: bytes):
    np.testing.assert_array_equal(decoded(encoded(picture(5), exif=exif)), decoded(encoded(picture(5))))


KINDS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000")


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_format_is_catalogued(write_files, kind: str):
    table, rejected = catalogued(write_files({"ai/x.png": encoded(picture(1), kind)}))
    assert (table.at["ai/x.png", "format"], rejected) == (kind, {})


@few_examples
@example(b"")
@given(st.binary(max_size=200))
@pytest.mark.filterwarnings("ignore")
def test_random_bytes_are_no_picture_and_no_crash(content: bytes):
    with pytest.raises(UndecodableError):
        decoded(content)


@few_examples
@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.integers(1, 20))
@pytest.mark.filterwarnings("ignore")
def test_a_picture_with_damaged_bytes_is_decoded_or_refused_and_no_crash(kind: str, seed: int, damages: int):
    content = np.frombuffer(encoded(picture(1, (24, 16)), kind), dtype=np.uint8).copy()
    generator = np.random.default_rng(seed)
    content[generator.integers(0, len(content), damages)] = generator.integers(0, 256, damages)
    try:
        assert decoded(content.tobytes()).ndim == 3
    except UndecodableError as error:
        assert str(error)


def png_claiming(width: int, height: int) -> bytes:
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"This is text.", "not a picture in a known format"),
        (GOOD[:-100], "cannot be decoded (image file is truncated"),
        (GOOD[:10], "not a picture in a known format"),
        (png_claiming(60000, 60000), "too many pixels"),
        (png_claiming(0, 0), "not a picture in a known format"),
        (encoded(picture(1), "ICO"), "not a picture in a known format"),
        (encoded(picture(1), "EPS"), "not a picture in a known format"),
        (encoded(picture(1), "PDF"), "not a picture in a known format"),
    ],
    # Not the bytes: a PDF says when it was made, and each worker makes its own.
    ids=["empty", "text", "cut", "beginning", "huge", "no-area", "ICO", "EPS", "PDF"],
)
def test_a_file_that_only_claims_to_be_a_picture_is_rejected_with_the_reason(write_files, content: bytes, reason: str):
    table, rejected = catalogued(write_files({"ai/bad.jpg": content, "ai/good.jpg": GOOD}))
    assert list(table.index) == ["ai/good.jpg"]
    assert rejected["ai/bad.jpg"].startswith(reason)


# What a collection may hold.


def test_a_row_says_what_the_file_is(write_files):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(picture(1, (48, 40)), exif=exif)
    table, _ = catalogued(
        write_files({"train/human/x.jpg": content, "ai/grey.png": encoded(picture(2, mode="L"), "PNG")})
    )
    row = table.loc["train/human/x.jpg"]
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert row["image_id"] == row["sha256"][:16]
    assert (row["bytes"], row["format"], row["mode"]) == (len(content), "JPEG", "RGB")
    assert (row["width"], row["height"]) == (40, 48)
    assert (row["published_split"], row["origin"], row["folder"]) == ("train", "human", "human")
    assert len(row["phash"]) == 16
    assert (table.at["ai/grey.png", "format"], table.at["ai/grey.png", "mode"]) == ("PNG", "L")


@pytest.mark.parametrize("path", ["ai/x.jpg", "train/ai/x.jpg"])
def test_columns_have_the_same_types_whether_or_not_they_hold_anything(write_files, path: str):
    table, _ = catalogued(write_files({path: GOOD}))
    sizes = {"bytes": "int64", "width": "int32", "height": "int32"}
    assert table.dtypes.astype(str).to_dict() == {
        column: sizes.get(column, "str") for column in COLUMNS[:1] + COLUMNS[2:]
    }
    assert table["style"].isna().all()


def test_the_same_files_make_the_same_catalogue_in_a_folder_and_in_every_archive(pack, write_files):
    files = {
        f"{level}/{kind}/{seed}.jpg": encoded(picture(seed))
        for seed, (level, kind) in enumerate((level, kind) for level in ("train", "test") for kind in ("human", "ai"))
    }
    for jobs in (1, 3):
        table, rejected = catalogued(pack(files), jobs=jobs)
        pd.testing.assert_frame_equal(table, catalogued(write_files(files))[0])
        assert rejected == {}


def test_names_may_have_spaces_and_any_letters(pack):
    names = [
        "human/Vincent van Gogh – Nuit étoilée.jpg",
        "ai/浮世絵 \U0001f3a8.jpg",
        "human/a'b\"c%20[d].jpg",
        "ai/#;&.JPG",
    ]
    table, rejected = catalogued(pack({name: encoded(picture(seed)) for seed, name in enumerate(names)}))
    assert list(table.index) == sorted(names)
    assert rejected == {}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_names_that_are_no_unicode_are_kept_apart_and_can_be_written(tmp_path: Path, kind: str):
    names = [b"human/\xff.jpg", b"human/\xe9.gif", b"human/\xe9.txt"]
    if kind == "tar":
        contents = {os.fsdecode(name): encoded(picture(seed)) for seed, name in enumerate(names)}
        root = tarred(tmp_path / "x.tar", contents, form=tarfile.GNU_FORMAT)
    else:
        root = tmp_path / "folder"
        (root / "human").mkdir(parents=True)
        for seed, name in enumerate(names):
            Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(encoded(picture(seed)))
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/\ufffd.gif", "human/\ufffd.jpg"]
    assert rejected == {"human/\ufffd.txt": "not a picture by its name"}


def test_pictures_of_an_archive_packed_from_within_its_folder_are_found(tmp_path: Path, write_files):
    root = write_files({"human/x.jpg": GOOD, "root.jpg": encoded(picture(1))})
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        archive.add(root, ".")
    table, rejected = catalogued(tmp_path / "x.tgz", labels=AI_ARTBENCH)
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == {"root.jpg": "no rule of collection.labels matches its folders"}


def test_backslashes_of_old_windows_tools_are_folders(tmp_path: Path):
    table, rejected = catalogued(zipped(tmp_path / "x.zip", {"train\\": b"", "train\\human\\x.jpg": GOOD}))
    assert table.at["train/human/x.jpg", "published_split"] == "train"
    assert rejected == {}


def test_files_that_are_no_pictures_are_listed_with_the_reason(pack):
    files = {
        "human/x.jpg": GOOD,
        "README.txt": b"read me",
        "human/.DS_Store": b"junk",
        "human/Thumbs.db": b"junk",
        "__MACOSX/human/._x.jpg": b"\0\5\x16\7junk",
        "human/noname": GOOD,
    }
    table, rejected = catalogued(pack(files))
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == dict.fromkeys(sorted(files.keys() - {"human/x.jpg"}), "not a picture by its name")


def test_a_picture_without_a_class_folder_is_listed(pack):
    table, rejected = catalogued(pack({"x.jpg": GOOD, "other/y.jpg": GOOD, "human/z.jpg": GOOD}))
    assert list(table.index) == ["human/z.jpg"]
    assert set(rejected.values()) == {"no rule of collection.labels matches its folders"}
    assert set(rejected) == {"x.jpg", "other/y.jpg"}


def test_an_empty_class_folder_is_listed(pack):
    _, rejected = catalogued(pack({"human/x.jpg": GOOD, "ai/": b"", "human/deep/er/": b""}))
    assert rejected.keys() >= {"ai/", "human/deep/er/"}
    assert set(rejected.values()) == {"empty folder"}


# Equal content.


def test_of_a_picture_in_train_and_test_the_test_one_is_kept(pack):
    table, rejected = catalogued(pack({"train/ai/a.jpg": GOOD, "test/ai/b.jpg": GOOD, "ai/a.jpg": GOOD}))
    assert list(table.index) == ["test/ai/b.jpg"]
    assert rejected == dict.fromkeys(["ai/a.jpg", "train/ai/a.jpg"], "same content as test/ai/b.jpg")


def test_a_tree_that_is_there_twice_counts_once(pack):
    tree = {f"{level}/human/{level}.jpg": encoded(picture(seed)) for seed, level in enumerate(["train", "test"])}
    table, rejected = catalogued(pack({f"{root}/{path}": content for root in "ab" for path, content in tree.items()}))
    assert list(table.index) == ["a/test/human/test.jpg", "a/train/human/train.jpg"]
    assert rejected == {path.replace("a/", "b/", 1): f"same content as {path}" for path in table.index}


def test_a_picture_labelled_human_and_ai_is_not_kept_at_all(pack):
    table, rejected = catalogued(pack({"human/x.jpg": GOOD, "ai/y.jpg": GOOD, "ai/z.jpg": encoded(picture(1))}))
    assert list(table.index) == ["ai/z.jpg"]
    assert rejected == dict.fromkeys(["ai/y.jpg", "human/x.jpg"], "the same content is labelled both human and AI")


# Archives and folders that are not to be trusted.


@pytest.mark.parametrize(
    "name",
    [
        "../../human/x.jpg",
        "human/../../x.jpg",
        "/human/x.jpg",
        "C:\\human\\x.jpg",
        "\\human\\x.jpg",
        "..\\human\\x.jpg",
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_path_outside_of_the_archive_is_rejected(tmp_path: Path, kind: str, name: str):
    pack = zipped if kind == "zip" else tarred
    table, rejected = catalogued(pack(tmp_path / f"x.{kind}", {"human/good.jpg": GOOD, name: encoded(picture(1))}))
    assert list(table.index) == ["human/good.jpg"]
    assert list(rejected.values()) == ["path outside the archive"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "link in the archive"),
        (tarfile.LNKTYPE, "link in the archive"),
        (tarfile.CHRTYPE, "not a regular file"),
        (tarfile.BLKTYPE, "not a regular file"),
        (tarfile.FIFOTYPE, "not a regular file"),
    ],
)
def test_links_and_devices_in_a_tar_are_rejected(tmp_path: Path, kind: bytes, reason: str):
    info = tarfile.TarInfo("human/bad.jpg")
    info.type, info.linkname = kind, "human/good.jpg"
    table, rejected = catalogued(tarred(tmp_path / "x.tar", {"human/good.jpg": GOOD, info: b""}))
    assert list(table.index) == ["human/good.jpg"]
    assert rejected == {"human/bad.jpg": reason}


def test_a_link_in_a_zip_is_rejected(tmp_path: Path):
    link = zipfile.ZipInfo("human/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    _, rejected = catalogued(zipped(tmp_path / "x.zip", {"human/good.jpg": GOOD, link: b"/etc/passwd"}))
    assert rejected == {"human/link.jpg": "link in the archive"}


def test_links_out_of_a_folder_loops_and_pipes_are_rejected(write_files, tmp_path: Path):
    root = write_files({"human/good.jpg": GOOD})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(encoded(picture(1)))
    (root / "human" / "out.jpg").symlink_to(outside / "secret.jpg")
    (root / "human" / "loop.jpg").symlink_to("loop.jpg")
    (root / "human" / "gone.jpg").symlink_to("nowhere.jpg")
    (root / "human" / "within.jpg").symlink_to("good.jpg")
    (root / "ai").symlink_to(outside)
    os.mkfifo(root / "human" / "pipe.jpg")
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/good.jpg"]
    assert rejected == {
        "ai": "link to a folder, not followed",
        "human/gone.jpg": "not a regular file",
        "human/loop.jpg": "not a regular file",
        "human/out.jpg": "link out of the folder",
        "human/pipe.jpg": "not a regular file",
        "human/within.jpg": "same content as human/good.jpg",
    }


def test_a_collection_may_itself_be_a_link(write_files, tmp_path: Path):
    (tmp_path / "link").symlink_to(write_files({"human/x.jpg": GOOD}))
    assert list(catalogued(tmp_path / "link")[0].index) == ["human/x.jpg"]


def test_a_second_file_of_a_name_is_rejected(tmp_path: Path):
    target = tmp_path / "x"
    with zipfile.ZipFile(target, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("human/x.jpg", GOOD)
        archive.writestr("human/x.jpg", encoded(picture(1)))
    table, rejected = catalogued(target)
    assert rejected == {"human/x.jpg": "a second file of this name"}
    assert table.at["human/x.jpg", "bytes"] == len(GOOD)
    first, second = tarfile.TarInfo("human/x.jpg"), tarfile.TarInfo("./human/x.jpg")
    table, rejected = catalogued(tarred(target, {first: GOOD, second: encoded(picture(1))}))
    assert rejected == {"human/x.jpg": "a second file of this name"}
    assert table.at["human/x.jpg", "bytes"] == len(GOOD)


def patched(file: Path, old: bytes, new: bytes) -> Path:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))
    return file


def test_a_corrupted_member_of_a_zip_is_rejected_and_the_others_are_read(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/good.jpg": GOOD, "human/bad.jpg": encoded(picture(1))})
    table, rejected = catalogued(patched(root, encoded(picture(1))[-40:-20], b"x" * 20))
    assert list(table.index) == ["human/good.jpg"]
    assert rejected["human/bad.jpg"].startswith("damaged in the archive (Bad CRC-32")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_broken_compression_in_a_zip_is_rejected(tmp_path: Path, method: int):
    root = tmp_path / "x.zip"
    with zipfile.ZipFile(root, "w", method) as archive:
        archive.writestr("human/bad.jpg", GOOD)
        archive.writestr("human/good.jpg", GOOD, zipfile.ZIP_STORED)
        start = archive.getinfo("human/bad.jpg").header_offset + 60
    content = bytearray(root.read_bytes())
    content[start : start + 100] = b"\xff" * 100
    root.write_bytes(content)
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/good.jpg"]
    assert rejected["human/bad.jpg"].startswith("damaged in the archive")


def flagged(root: Path, name: bytes, flags: int) -> Path:
    """Set flags of a zip's member where it lies and in the list at the end."""
    content = bytearray(root.read_bytes())
    for mark, flag_at, name_at in ((b"PK\3\4", 6, 30), (b"PK\1\2", 8, 46)):
        start = next(
            at for at in range(len(content)) if content.startswith(mark, at) and content.startswith(name, at + name_at)
        )
        content[start + flag_at : start + flag_at + 2] = struct.pack("<H", flags)
    root.write_bytes(content)
    return root


def test_an_encrypted_picture_is_rejected(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/secret.jpg": GOOD, "human/good.jpg": GOOD})
    table, rejected = catalogued(flagged(root, b"human/secret.jpg", 1))
    assert list(table.index) == ["human/good.jpg"]
    assert rejected == {"human/secret.jpg": "encrypted"}


def test_an_encrypted_archive_is_told_as_such(tmp_path: Path):
    root = flagged(zipped(tmp_path / "x.zip", {"human/secret.jpg": GOOD}), b"human/secret.jpg", 1)
    assert refusal(root).endswith("the first of 1 files refused is human/secret.jpg: encrypted")


def test_a_member_that_claims_to_be_huge_is_rejected_unread(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/good.jpg": GOOD, "human/huge.jpg": encoded(picture(1))})
    size = struct.pack("<I", len(encoded(picture(1))))
    _, rejected = catalogued(patched(root, size, struct.pack("<I", LARGEST_MEMBER + 1)))
    assert rejected == {"human/huge.jpg": "larger than 128 MiB"}


def test_a_member_of_a_tar_that_claims_to_be_huge_or_negative_stops_the_run(tmp_path: Path):
    for size in (10 * LARGEST_MEMBER, -512):
        info = tarfile.TarInfo("human/bad.jpg")
        info.size = size
        header = info.tobuf(tarfile.GNU_FORMAT)
        (tmp_path / "x.tar").write_bytes(header + bytes(2048))
        assert "is damaged" in refusal(tmp_path / "x.tar")


def test_a_truncated_zip_is_told(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/x.jpg": GOOD})
    content = root.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 30, len(content) - 1):
        root.write_bytes(content[:length])
        assert "neither a folder nor a whole zip or tar archive" in refusal(root)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_cut_anywhere_is_told_or_nothing_is_lost(tmp_path: Path, mode: str):
    root = tarred(tmp_path / "x.tar", {f"human/{seed}.jpg": encoded(picture(seed)) for seed in range(3)}, mode)
    content = root.read_bytes()
    told = 0
    for length in {*np.linspace(0, len(content) - 1, 25, dtype=int).tolist(), *range(512, len(content), 512)}:
        root.write_bytes(content[:length])
        try:
            assert len(catalogued(root)[0]) == 3
        except UserError as error:
            told += "is damaged" in str(error) or "neither a folder nor a whole" in str(error)
    assert told > 2


def test_a_damaged_header_within_a_tar_is_not_taken_for_its_end(tmp_path: Path):
    root = tarred(tmp_path / "x.tar", {"human/first.jpg": GOOD, "human/second.jpg": encoded(picture(1))})
    assert "is damaged (no end mark); fetch it again" in refusal(patched(root, b"human/second", b"human/sEcond"))


@few_examples
@given(st.sampled_from(["zip", "tar", "tar.gz"]), st.integers(0, 2**32), st.integers(1, 30))
@pytest.mark.filterwarnings("ignore")
def test_an_archive_with_damaged_bytes_never_crashes(tmp_path_factory, kind: str, seed: int, damages: int):
    root = tmp_path_factory.mktemp("damaged") / f"x.{kind}"
    files = {f"{origin}/é{seed}.jpg": encoded(picture(seed, (16, 12))) for seed, origin in enumerate(["human", "ai"])}
    zipped(root, files) if kind == "zip" else tarred(root, files, "w:gz" if kind == "tar.gz" else "w")
    content = np.frombuffer(root.read_bytes(), dtype=np.uint8).copy()
    generator = np.random.default_rng(seed)
    content[generator.integers(0, len(content), damages)] = generator.integers(0, 256, damages)
    root.write_bytes(content.tobytes())
    try:
        table, rejected = catalogued(root)
    except UserError as error:
        assert str(error)
    else:
        assert len(table) + len(rejected) >= 2


# What stops a run.


def test_a_collection_that_is_not_there_is_told(tmp_path: Path):
    assert refusal(tmp_path / "none") == (
        f"collection.source: {tmp_path}/none does not exist; give a folder, a zip or a tar"
    )


@pytest.mark.parametrize("content", [b"", b"This is text.", GOOD])
def test_a_file_that_is_no_archive_is_told(tmp_path: Path, content: bytes):
    (tmp_path / "x.zip").write_bytes(content)
    assert "neither a folder nor a whole zip or tar archive" in refusal(tmp_path / "x.zip")


def test_a_pipe_is_no_archive(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert "neither a folder nor a whole zip or tar archive" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize("files", [{"ai/": b""}, {"README.txt": b"read me"}, {"x.jpg": GOOD}, {"ai/x.jpg": b"text"}])
def test_a_collection_with_nothing_usable_is_told_with_an_example(pack, files: dict[str, bytes]):
    said = refusal(pack(files))
    assert said.startswith("collection.source: no usable picture with a label in ")
    assert f"the first of 1 files refused is {next(iter(files))}: " in said


def test_too_many_broken_pictures_stop_the_run_with_an_example(pack):
    files = {f"human/{seed}.jpg": encoded(picture(seed)) for seed in range(3)} | {"human/bad.jpg": b"text"}
    root = pack(files)
    assert refusal(root, max_rejected=0.24).startswith(
        "1 of 4 pictures cannot be read, more than collection.max_rejecte"
    )
    assert refusal(root, max_rejected=0).endswith("the first is human/bad.jpg: not a picture in a known format")
    assert len(catalogued(root, max_rejected=0.25)[0]) == 3


# The budget.


@pytest.fixture
def many(write_files) -> Path:
    sizes = {"train/human": 12, "train/ai": 24, "test/ai": 4}
    return write_files(
        {
            f"{folder}/{number}.jpg": encoded(picture(100 * place + number, (8, 8)))
            for place, (folder, size) in enumerate(sizes.items())
            for number in range(size)
        }
    )


@pytest.mark.parametrize(("images", "each"), [(10, [6, 3, 1]), (20, [12, 6, 2]), (40, [24, 12, 4]), (99, [24, 12, 4])])
def test_the_budget_takes_exactly_so_many_pictures_evenly_from_the_folders(many: Path, images: int, each: list[int]):
    table, rejected = catalogued(many, images=images)
    assert table.index.str.rsplit("/", n=1).str[0].value_counts().tolist() == each
    assert rejected == {}


def test_the_budget_draws_the_same_pictures_for_the_same_seed_only(many: Path, tmp_path: Path):
    first = catalogued(many, images=20)[0]
    pd.testing.assert_frame_equal(first, catalogued(many, images=20, jobs=3)[0])
    archive = Path(shutil.make_archive(str(tmp_path / "x"), "tar", many))
    pd.testing.assert_frame_equal(first, catalogued(archive, images=20)[0])
    assert list(first.index) != list(catalogued(many, images=20, seed=1)[0].index)


def test_examples_show_every_style_of_a_source_before_one_is_shown_twice(write_files) -> None:
    files = {f"AI_LD_style{n % 3}/{n}.jpg": encoded(picture(n)) for n in range(9)}
    files |= {f"human/{n}.jpg": encoded(picture(20 + n)) for n in range(2)}
    table, _ = catalogue(
        write_files(files), [*AI_ARTBENCH[:1], *HUMAN_AND_AI], images=None, max_rejected=0, seed=0, jobs=1
    )
    shown = examples(write_files({}), table, 1, most=5, side=20)
    assert {source: [style for style, _ in pictures] for source, pictures in shown.items()} == {
        "human": ["human", "human"],
        "latent_diffusion": ["style0", "style0", "style1", "style1", "style2"],
    }
    assert {max(image.size) for pictures in shown.values() for _, image in pictures} == {20}
