"""Arrays of pixels: each row is a picture of the catalogue, and no array is left half-written."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.data.catalogue import build_catalogue
from brushprint.data.pixels import square, write_pixels
from tests.conftest import encoded, picture
from tests.support.collections import LABELS


@pytest.fixture
def root(write_files) -> Path:
    files = {f"{origin}/{seed}.jpg": encoded(picture(seed)) for seed, origin in enumerate(["human", "ai"] * 4)}
    return write_files(files | {"human/wide.png": encoded(picture(99, (200, 20)), "PNG")})


@pytest.fixture
def table(root: Path) -> pd.DataFrame:
    return build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)[0]


@pytest.mark.parametrize("resize", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_each_row_is_its_picture_stretched_to_a_square_with_the_filter(root, table, tmp_path, resize: str):
    write_pixels(root, table, tmp_path / "pixels.npy", size=16, resize=resize, jobs=2)
    pixels = np.load(tmp_path / "pixels.npy")
    assert (pixels.dtype, pixels.shape) == (np.uint8, (len(table), 16, 16, 3))
    for path, row in zip(table["path"], pixels, strict=True):
        expected = Image.open(root / path).convert("RGB").resize((16, 16), Image.Resampling[resize.upper()])
        np.testing.assert_array_equal(row, expected)


def test_a_crop_is_the_middle_of_the_picture_with_its_own_pixels() -> None:
    pixels = np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)
    np.testing.assert_array_equal(square(Image.fromarray(pixels), 4, "crop"), pixels[1:5, 2:6])


@pytest.mark.parametrize("size", [(3, 8), (8, 3), (2, 2), (1, 1)])
def test_a_picture_that_is_smaller_than_the_crop_is_continued_by_its_mirror_image(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    whole = np.pad(pixels, [(60, 60), (60, 60), (0, 0)], mode="symmetric")
    top, left = (60 + (side - 6) // 2 for side in size)
    np.testing.assert_array_equal(square(Image.fromarray(pixels), 6, "crop"), whole[top : top + 6, left : left + 6])


@pytest.mark.parametrize(("view", "across"), [("crops-2x2", 2), ("crops-3x3", 3)])
def test_several_crops_are_spread_evenly_and_lie_side_by_side(view: str, across: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 31, 3), np.uint8)
    crops = square(Image.fromarray(pixels), 4 * across, view)
    np.testing.assert_array_equal(crops[:4, :4], pixels[:4, :4])
    np.testing.assert_array_equal(crops[-4:, -4:], pixels[-4:, -4:])
    if across == 3:
        np.testing.assert_array_equal(crops[4:8, 4:8], pixels[8:12, 13:17])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.sampled_from(["crop", "crops-2x2", "crops-3x3"]))
def test_a_crop_of_any_picture_has_the_asked_size_and_only_its_pixels(
    width: int, height: int, side: int, view: str
) -> None:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    crops = square(Image.fromarray(pixels), 6 * side, view)
    assert crops.shape == (6 * side, 6 * side, 3)
    assert set(map(tuple, crops.reshape(-1, 3))) <= set(map(tuple, pixels.reshape(-1, 3)))


def test_the_digest_is_of_the_pixels_and_the_same_for_any_number_of_jobs(root, table, tmp_path):
    target = tmp_path / "pixels.npy"
    digests = {write_pixels(root, table, target, size=16, resize="bilinear", jobs=jobs) for jobs in (1, 2, 7)}
    assert digests == {hashlib.sha256(np.load(target).tobytes()).hexdigest()}
    assert digests != {write_pixels(root, table, target, size=16, resize="nearest", jobs=1)}


def test_rows_follow_the_catalogue_and_not_the_order_of_the_archive(root, table, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "pictures"), "zip", root)
    backwards = table.iloc[::-1].reset_index(drop=True)
    write_pixels(root, table, tmp_path / "folder.npy", size=16, resize="bilinear", jobs=1)
    write_pixels(archive, backwards, tmp_path / "zip.npy", size=16, resize="bilinear", jobs=2)
    np.testing.assert_array_equal(np.load(tmp_path / "zip.npy")[::-1], np.load(tmp_path / "folder.npy"))


def test_transparency_and_exif_rotation_are_applied_to_the_pixels(write_files, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    turned = Image.new("RGB", (40, 40))
    turned.paste("white", (0, 0, 20, 40))
    root = write_files({"ai/clear.png": encoded(clear, "PNG"), "ai/turned.png": encoded(turned, "PNG", exif=exif)})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    write_pixels(root, table, tmp_path / "pixels.npy", size=8, resize="nearest", jobs=1)
    clear_pixels, turned_pixels = np.load(tmp_path / "pixels.npy")
    assert (clear_pixels == 255).all()
    assert (turned_pixels[:4] == 255).all()
    assert (turned_pixels[4:] == 0).all()


def other_picture(file: Path) -> None:
    file.write_bytes(encoded(picture(1000)))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


def no_picture(file: Path) -> None:
    file.write_bytes(b"text")


@pytest.mark.parametrize("change", [other_picture, cut, no_picture, Path.unlink])
def test_a_file_that_changed_since_it_was_catalogued_stops_the_run_and_leaves_the_old_array(
    root, table, tmp_path, change
):
    target = tmp_path / "arrays" / "pixels.npy"
    write_pixels(root, table, target, size=8, resize="nearest", jobs=2)
    before = target.read_bytes()
    change(root / table["path"][3])
    with pytest.raises(UserError, match=f"{table['path'][3]}.* after it was catalogued; delete {root} if"):
        write_pixels(root, table, target, size=8, resize="nearest", jobs=2)
    assert list(target.parent.iterdir()) == [target]
    assert target.read_bytes() == before


def test_a_file_added_after_cataloguing_is_ignored(root, table, tmp_path):
    asked = {"size": 8, "resize": "nearest", "jobs": 2}
    before = write_pixels(root, table, tmp_path / "pixels.npy", **asked)
    other_picture(root / "ai" / "added.jpg")
    assert write_pixels(root, table, tmp_path / "pixels.npy", **asked) == before


# The pictures decode to 189 MB. The script may allocate 100 MB more than before; memory-mapped files do not count.
SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
from brushprint.data.catalogue import build_catalogue
from brushprint.data.pixels import write_pixels
from brushprint.data.taxonomy import FolderRules
from brushprint.training.data import Data

root, target = sys.argv[1:]
labels = FolderRules([{"folder": "ai", "origin": "ai", "source": "ai", "style": None}])
table, *_ = build_catalogue(root, labels, images=None, max_rejected=0, seed=0, jobs=1)
lines = Path("/proc/self/status").read_text().splitlines()
taken = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (taken + 100_000_000,) * 2)
write_pixels(root, table, target, size=1024, resize="nearest", jobs=1)
pixels = np.load(target, mmap_mode="r")
assert pixels.nbytes > 180_000_000
rows = np.arange(len(pixels))
print(sum(len(pictures) for pictures, _ in Data(pixels, rows, rows).batches(4, rows[::-1])))
try:
    np.array(pixels)
except MemoryError:
    print("too large")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
def test_an_array_that_is_larger_than_memory_is_written_and_read_in_batches(write_files, tmp_path: Path):
    root = write_files({f"ai/{seed}.jpg": encoded(picture(seed)) for seed in range(60)})
    command = [sys.executable, "-c", SCRIPT, str(root), str(tmp_path / "pixels.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["60", "too large"], done.stderr
