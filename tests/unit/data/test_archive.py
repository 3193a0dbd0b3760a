"""Archives and folders are never trusted: each member is read, or refused with a reason."""

import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.data.archive import LARGEST_MEMBER
from tests.conftest import encoded, picture
from tests.support.collections import AI_ARTBENCH, GOOD, catalogued, refusal, rule, tarred, zipped

few_examples = settings(deadline=None, max_examples=60)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_names_that_are_not_valid_unicode_stay_distinct_and_can_be_written(tmp_path: Path, kind: str):
    names = [b"human/\xff.jpg", b"human/\xe9.gif"]
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
    assert rejected == {}


def test_pictures_in_an_archive_packed_from_within_its_folder_are_catalogued(tmp_path: Path, write_files):
    root = write_files({"human/x.jpg": GOOD, "root.jpg": encoded(picture(1))})
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        archive.add(root, ".")
    table, rejected = catalogued(tmp_path / "x.tgz", labels=AI_ARTBENCH)
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == {
        "root.jpg": "it lies in no folder; give the folder above those of the classes as collection.source"
    }


def test_backslashes_written_by_old_windows_tools_separate_folders(tmp_path: Path):
    table, rejected = catalogued(zipped(tmp_path / "x.zip", {"train\\": b"", "train\\human\\x.jpg": GOOD}))
    assert table.at["train/human/x.jpg", "published_split"] == "train"
    assert rejected == {}


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
def test_a_path_outside_the_archive_is_rejected(tmp_path: Path, kind: str, name: str):
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


def test_links_in_a_folder_are_followed_wherever_they_lead(write_files, tmp_path: Path):
    root = write_files({"human/good.jpg": GOOD})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(encoded(picture(1)))
    (outside / "b.jpg").write_bytes(encoded(picture(2)))
    (root / "human" / "b.jpg").symlink_to(outside / "b.jpg")
    (root / "human" / "within.jpg").symlink_to("good.jpg")
    (root / "ai").symlink_to(outside)
    (outside / "b.jpg").rename(tmp_path / "b.jpg")
    (outside / "b.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").write_bytes(encoded(picture(3)))
    table, rejected = catalogued(root, labels=[rule("human", "human", "human"), rule("ai", "human", "museum")])
    assert list(table.index) == ["ai/a.jpg", "ai/b.jpg", "human/good.jpg"]
    assert rejected == {
        "human/b.jpg": "same content as ai/b.jpg, which has another label",
        "human/within.jpg": "same content as human/good.jpg",
    }


def test_a_link_to_nothing_or_to_itself_and_a_pipe_are_rejected(write_files):
    root = write_files({"human/good.jpg": GOOD})
    (root / "human" / "loop.jpg").symlink_to("loop.jpg")
    (root / "human" / "gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(root / "human" / "pipe.jpg")
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/good.jpg"]
    assert rejected == {
        "human/gone.jpg": "link that leads to no file",
        "human/loop.jpg": "link that leads to no file",
        "human/pipe.jpg": "not a regular file",
    }


def test_links_between_folders_never_lead_in_a_circle(write_files, tmp_path: Path):
    root = write_files({"human/good.jpg": GOOD})
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "x.jpg").write_bytes(encoded(picture(1)))
    (outside / "deep" / "up").symlink_to(outside)
    (outside / "deep" / "home").symlink_to(root)
    for name in ("first", "second"):
        (root / "human" / name).symlink_to(outside)
    (root / "human" / "itself").symlink_to(root / "human")
    (root / "human" / "around").symlink_to(tmp_path)
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/first/deep/x.jpg", "human/good.jpg"]
    circle = "link to a folder of the collection or around it, not followed"
    assert rejected == {
        "human/around/": circle,
        "human/itself/": circle,
        "human/first/deep/home/": circle,
        "human/first/deep/up/": "link to the same folder as human/first/, not followed",
        "human/second/": "link to the same folder as human/first/, not followed",
    }


def test_a_collection_may_itself_be_a_link(write_files, tmp_path: Path):
    (tmp_path / "link").symlink_to(write_files({"human/x.jpg": GOOD}))
    assert list(catalogued(tmp_path / "link")[0].index) == ["human/x.jpg"]


def test_a_second_file_of_the_same_name_is_rejected(tmp_path: Path):
    target = tmp_path / "x"
    with zipfile.ZipFile(target, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("human/x.jpg", GOOD)
        archive.writestr("human/x.jpg", encoded(picture(1)))
    table, rejected = catalogued(target)
    assert rejected == {"human/x.jpg~2": "a second file of this name"}
    assert table.at["human/x.jpg", "bytes"] == len(GOOD)
    first, second = tarfile.TarInfo("human/x.jpg"), tarfile.TarInfo("./human/x.jpg")
    table, rejected = catalogued(tarred(target, {first: GOOD, second: encoded(picture(1))}))
    assert rejected == {"human/x.jpg~2": "a second file of this name"}
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
    """Set the flags of a zip's member, in its own header and in the directory at the end of the archive."""
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


def test_an_archive_with_only_encrypted_pictures_is_refused_with_that_reason(tmp_path: Path):
    root = flagged(zipped(tmp_path / "x.zip", {"human/secret.jpg": GOOD}), b"human/secret.jpg", 1)
    assert refusal(root).endswith("the first of 1 rejected files is human/secret.jpg: encrypted")


def test_a_member_that_claims_to_be_huge_is_rejected_without_being_read(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/good.jpg": GOOD, "human/huge.jpg": encoded(picture(1))})
    size = struct.pack("<I", len(encoded(picture(1))))
    _, rejected = catalogued(patched(root, size, struct.pack("<I", LARGEST_MEMBER + 1)))
    assert rejected == {"human/huge.jpg": "larger than 512 MiB"}


def test_a_member_of_a_tar_that_claims_to_be_huge_or_negative_stops_the_run(tmp_path: Path):
    for size in (10 * LARGEST_MEMBER, -512):
        info = tarfile.TarInfo("human/bad.jpg")
        info.size = size
        header = info.tobuf(tarfile.GNU_FORMAT)
        (tmp_path / "x.tar").write_bytes(header + bytes(2048))
        assert "is damaged" in refusal(tmp_path / "x.tar")


def test_a_truncated_zip_is_refused(tmp_path: Path):
    root = zipped(tmp_path / "x.zip", {"human/x.jpg": GOOD})
    content = root.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 30, len(content) - 1):
        root.write_bytes(content[:length])
        assert "is no folder and no zip, tar or Parquet file, or it is cut off" in refusal(root)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_truncated_anywhere_is_refused_or_read_completely(tmp_path: Path, mode: str):
    root = tarred(tmp_path / "x.tar", {f"human/{seed}.jpg": encoded(picture(seed)) for seed in range(3)}, mode)
    content = root.read_bytes()
    told = 0
    for length in {*np.linspace(0, len(content) - 1, 25, dtype=int).tolist(), *range(512, len(content), 512)}:
        root.write_bytes(content[:length])
        try:
            assert len(catalogued(root)[0]) == 3
        except UserError as error:
            told += "is damaged" in str(error) or "or it is cut off" in str(error)
    assert told > 2


def test_a_damaged_header_within_a_tar_is_not_mistaken_for_its_end(tmp_path: Path):
    root = tarred(tmp_path / "x.tar", {"human/first.jpg": GOOD, "human/second.jpg": encoded(picture(1))})
    assert "is damaged (the end is missing); fetch it again" in refusal(patched(root, b"human/second", b"human/sEcond"))


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


def test_a_collection_that_does_not_exist_is_refused(tmp_path: Path):
    assert refusal(tmp_path / "none") == (
        f"collection.source: {tmp_path}/none does not exist; give a folder, a zip or a tar"
    )


@pytest.mark.parametrize("content", [b"", b"This is text.", GOOD])
def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x.zip").write_bytes(content)
    assert "is no folder and no zip, tar or Parquet file, or it is cut off" in refusal(tmp_path / "x.zip")


def test_a_pipe_is_refused_as_a_collection(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert "is no folder and no zip, tar or Parquet file, or it is cut off" in refusal(tmp_path / "pipe")


def test_names_that_become_equal_stay_distinct_and_no_file_is_lost(tmp_path: Path):
    names = [os.fsdecode(b"ai/" + bytes([byte])) for byte in (0xFF, 0xFE, 0xFD)]
    contents = {name: encoded(picture(seed)) for seed, name in enumerate(names)}
    table, rejected = catalogued(tarred(tmp_path / "x.tar", contents, form=tarfile.GNU_FORMAT))
    assert list(table.index) == ["ai/\ufffd", "ai/\ufffd~2", "ai/\ufffd~3"]
    assert rejected == {}


def test_a_folder_that_an_archive_lists_twice_is_no_file(tmp_path: Path):
    folders = [tarfile.TarInfo("human/") for _ in range(2)]
    for info in folders:
        info.type = tarfile.DIRTYPE
    _, rejected = catalogued(tarred(tmp_path / "x.tar", {folders[0]: b"", folders[1]: b"", "human/x.jpg": GOOD}))
    assert rejected == {}


def test_a_tar_that_ends_with_a_zip_is_read_as_the_tar(tmp_path: Path):
    (tmp_path / "human").mkdir()
    (tmp_path / "human/x.jpg").write_bytes(GOOD)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as inner:
        inner.writestr("human/y.jpg", encoded(picture(1)))
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(tmp_path / "human", "human")
        archive.add(tmp_path / "z.zip", "z.zip")
    table, rejected = catalogued(tmp_path / "all.tar")
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == {"z.zip": "an archive inside the collection; unpack it first"}


def test_a_path_that_looks_like_a_numbered_one_stays_distinct(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive, warnings.catch_warnings(action="ignore"):
        for name, seed in (("ai/x.jpg", 1), ("ai/x.jpg", 2), ("ai/x.jpg~2", 3)):
            archive.writestr(name, encoded(picture(seed)))
    table, rejected = catalogued(tmp_path / "x.zip")
    assert list(table.index) == ["ai/x.jpg", "ai/x.jpg~2~2"]
    assert rejected == {"ai/x.jpg~2": "a second file of this name"}


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read everything")
def test_files_of_a_folder_that_may_be_listed_but_not_entered_are_rejected(write_files, tmp_path: Path):
    root = write_files({"human/x.jpg": GOOD, "ai/closed/y.jpg": encoded(picture(1))})
    (root / "ai/closed").chmod(0o444)
    program = (
        "import sys; from brushprint.data.archive import content_digest, members; from pathlib import Path;"
        "print(*[(member.path, member.refused) for member in members(sys.argv[1])], sep='\\n');"
        "content_digest(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    powers = "-dac_override,-dac_read_search"
    without = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.geteuid() == 0 else []
    command = [*without, sys.executable, "-c", program, str(root), str(tmp_path / "memory.json")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "('ai/closed/y.jpg', 'cannot be read (Permission denied)')" in out
    assert "('human/x.jpg', None)" in out
