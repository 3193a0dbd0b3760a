"""Harmonised pictures: all have the same size and encoding, and every stage uses them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin
from skimage.data import astronaut

from brushprint.data.catalogue import build_catalogue, examples
from brushprint.data.decoding import open_picture, to_rgb
from brushprint.data.faces import find_faces
from brushprint.data.harmonise import harmonised
from brushprint.data.pixels import write_pixels
from tests.conftest import encoded, picture
from tests.support.collections import LABELS

JPEG = {"side": 32, "resize": "lanczos", "format": "jpeg", "quality": 90}
PNG = {"side": 32, "resize": "lanczos", "format": "png", "quality": None}


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(8, 70),
    st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
    st.sampled_from([("jpeg", 1), ("jpeg", 75), ("jpeg", 95), ("png", None)]),
)
@settings(max_examples=40, deadline=None)
def test_pictures_of_any_size_get_the_same_size_and_encoding(width, height, side, resize, encoding) -> None:
    given, (format, quality) = picture(0, (width, height)), encoding
    found, content = harmonised(given, side=side, resize=resize, format=format, quality=quality)
    assert (found.mode, found.size) == ("RGB", (side, side))
    opened = open_picture(content)
    assert (opened.format, opened.mode, opened.size) == (format.upper(), "RGB", (side, side))
    np.testing.assert_array_equal(found, to_rgb(opened))


def test_the_jpeg_has_the_quality_of_the_settings_and_chroma_at_half_the_resolution() -> None:
    opened = open_picture(harmonised(picture(0), **JPEG | {"quality": 37})[1])
    assert opened.quantization == open_picture(encoded(picture(1), quality=37)).quantization
    assert JpegImagePlugin.get_sampling(opened) == 2


def test_the_square_is_cut_from_the_middle() -> None:
    given = Image.new("RGB", (60, 20), "red")
    given.paste("blue", (20, 0, 40, 20))
    found, _ = harmonised(given, **PNG | {"side": 20, "resize": "nearest"})
    assert found.getcolors() == [(400, (0, 0, 255))]


def test_a_square_picture_of_the_target_size_is_unchanged_as_png() -> None:
    np.testing.assert_array_equal(harmonised(picture(0, (32, 32)), **PNG)[0], picture(0, (32, 32)))


def test_metadata_of_the_original_file_is_not_copied() -> None:
    exif = Image.Exif()
    exif[0x010E] = "by hand"
    plain = encoded(picture(0), "PNG")
    dressed = encoded(picture(0), "PNG", exif=exif, icc_profile=b"profile", dpi=(300, 300))
    assert len(dressed) > len(plain)
    for how in (JPEG, PNG):
        contents = {harmonised(to_rgb(open_picture(content)), **how)[1] for content in (plain, dressed)}
        assert len(contents) == 1


@pytest.fixture
def root(write_files) -> Path:
    sizes = [(48, 40), (40, 64), (33, 32), (128, 32)]
    kinds = ["JPEG", "PNG", "WEBP", "GIF"]
    return write_files(
        {
            f"{origin}/{seed}.{kind.lower()}": encoded(picture(seed, size), kind)
            for seed, (origin, size, kind) in enumerate(zip(["human", "ai"] * 2, sizes, kinds, strict=True))
        }
    )


def test_pixels_and_examples_are_made_from_the_harmonised_pictures(root, write_files, tmp_path: Path) -> None:
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    write_pixels(root, table, tmp_path / "seen.npy", size=16, resize="bilinear", jobs=2, harmonise=JPEG)
    shown = examples(root, table, 2, harmonise=JPEG)
    assert {image.size for pictures in shown.values() for _, image in pictures} == {(32, 32)}

    files = {path: harmonised(to_rgb(open_picture((root / path).read_bytes())), **JPEG)[1] for path in table["path"]}
    for path, content in files.items():
        (root / path).write_bytes(content)
    before, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    write_pixels(root, before, tmp_path / "expected.npy", size=16, resize="bilinear", jobs=1)
    np.testing.assert_array_equal(np.load(tmp_path / "seen.npy"), np.load(tmp_path / "expected.npy"))


def test_faces_are_detected_in_the_harmonised_square(write_files) -> None:
    wide = Image.new("RGB", (900, 512))
    wide.paste(Image.fromarray(astronaut()), (194, 0))
    root = write_files({"human/face.png": encoded(wide, "PNG")})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    # In the whole picture, reduced for the search, the face is too small.
    assert find_faces(root, table, jobs=1).empty
    assert len(find_faces(root, table, jobs=1, harmonise=PNG | {"side": 256})) == 1
