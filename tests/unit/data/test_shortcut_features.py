"""Shortcut features are measured from the file and the pixels of a picture alone, without the art."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from scipy.stats import skew

from brushprint.core.errors import UserError
from brushprint.data import shortcut_features
from brushprint.data.catalogue import build_catalogue
from brushprint.data.harmonise import harmonised
from brushprint.data.shortcut_features import BANDS, COLUMNS, GROUPS
from tests.conftest import encoded, picture
from tests.support.collections import LABELS

HARMONISE = {"side": 32, "resize": "bicubic", "format": "jpeg", "quality": 80}

Measure = Callable[..., pd.DataFrame]


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    """Measure the features of files; returns one row per file, in the given order."""

    def run(*contents: bytes, **options: object) -> pd.DataFrame:
        root = tmp_path / "measured"
        shutil.rmtree(root, ignore_errors=True)
        (root / "ai").mkdir(parents=True)
        for number, content in enumerate(contents):
            (root / "ai" / f"{number:03}.png").write_bytes(content)
        table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
        assert len(table) == len(contents)
        return shortcut_features.measure(root, table, jobs=2, **options)

    return run


def noise(side: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def test_the_table_has_each_feature_of_each_group_once_as_float32(measure: Measure) -> None:
    table = measure(encoded(picture(0)), encoded(picture(1), "PNG"))
    assert list(table) == ["image_id", *COLUMNS, "phash_mirrored", "encoding"]
    assert [column for columns in GROUPS.values() for column in columns] == list(COLUMNS)
    assert set(table[list(COLUMNS)].dtypes) == {np.dtype(np.float32)}


def test_rows_follow_the_catalogue_for_any_number_of_jobs_and_any_archive_order(write_files, tmp_path) -> None:
    root = write_files({f"{('ai', 'human')[seed % 2]}/{seed}.jpg": encoded(picture(seed)) for seed in range(20)})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    found = shortcut_features.measure(root, table, jobs=1)
    assert found["image_id"].tolist() == table["image_id"].tolist()
    assert found["bytes"].tolist() == table["bytes"].tolist()
    archive = shutil.make_archive(str(tmp_path / "pictures"), "zip", root)
    pd.testing.assert_frame_equal(shortcut_features.measure(archive, table, jobs=3), found)


def test_a_picture_that_changed_since_it_was_catalogued_stops_the_run(write_files) -> None:
    root = write_files({"ai/0.jpg": encoded(picture(0)), "ai/1.jpg": encoded(picture(1))})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    (root / "ai/1.jpg").write_bytes(encoded(picture(2)))
    with pytest.raises(UserError, match=r"ai/1.jpg .* was changed"):
        shortcut_features.measure(root, table, jobs=1)


def test_the_sizes_of_the_file_and_of_the_picture_are_measured(measure: Measure) -> None:
    content = encoded(picture(0, (128, 64)), "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    table = measure(content, encoded(picture(1, (30, 40)), exif=exif))
    columns = ["bytes", "bytes_per_pixel", *GROUPS["dimensions"]]
    whole = [len(content), len(content) / 8192, 128, 64, 2, 1, 1]
    assert table.loc[0, columns].tolist() == pytest.approx(whole)
    turned = table.loc[1]
    assert (turned["width"], turned["height"], turned["divisible_by_8"], turned["has_exif"]) == (40, 30, 0, 1)


def test_each_format_and_each_mode_is_a_feature_that_is_0_or_1(measure: Measure) -> None:
    given = {
        ("JPEG", "RGB"): encoded(picture(0)),
        ("JPEG", "grey"): encoded(picture(1, mode="L"), progressive=True),
        ("PNG", "alpha"): encoded(picture(2, mode="RGBA"), "PNG", icc_profile=b"profile"),
        ("GIF", "palette"): encoded(picture(3, mode="P"), "GIF", interlace=0),
        ("WEBP", "rgb"): encoded(picture(4), "WEBP"),
        ("TIFF", "CMYK"): encoded(picture(5, mode="CMYK"), "TIFF"),
    }
    table = measure(*given.values())[list(GROUPS["format"])]
    for (name, mode), (_, row) in zip(given, table.iterrows(), strict=True):
        yes = {f"format_{name}".lower(), f"mode_{mode}".lower()}
        yes |= {"progressive"} if mode == "grey" else {"has_icc"} if mode == "alpha" else set()
        assert set(row.index[row == 1]) == yes
        assert set(row) == {0, 1}


def test_the_quality_of_a_jpeg_is_read_from_its_tables(measure: Measure) -> None:
    qualities = [1, 10, 50, 75, 90, 95, 100]
    table = measure(*(encoded(picture(0), quality=quality) for quality in qualities))
    assert table["jpeg_quality"].tolist() == qualities
    assert table["luma_mean"].is_monotonic_decreasing
    assert table["chroma_63"].is_monotonic_decreasing


def test_the_subsampling_of_a_jpeg_is_read_and_other_formats_have_none(measure: Measure) -> None:
    given = [encoded(picture(0), subsampling=number) for number in (0, 1, 2)]
    table = measure(*given, encoded(picture(1, mode="L")), encoded(picture(0), "PNG"))
    assert table["subsampling"].tolist() == [0, 1, 2, -1, -1]
    assert table.loc[3, "jpeg_quality"] == 75
    assert table.loc[3, "chroma_mean"] == -1
    assert (table.loc[4, list(GROUPS["JPEG quality"])] == -1).all()


def test_colour_features_are_computed_from_the_pixels(measure: Measure) -> None:
    given = picture(3, (60, 50))
    row = measure(encoded(given, "PNG")).loc[0]
    pixels = np.asarray(given, dtype=float).reshape(-1, 3)
    for channel, name in zip(pixels.T, ("red", "green", "blue"), strict=True):
        found = row[[f"{name}_mean", f"{name}_deviation", f"{name}_skewness"]]
        assert found.tolist() == pytest.approx([channel.mean(), channel.std(), skew(channel)], rel=1e-4)
    saturation = np.asarray(given.convert("HSV"), dtype=float)[..., 1].mean() / 255
    assert row["saturation"] == pytest.approx(saturation, abs=0.003)
    red, green, blue = pixels.T
    opponent = [red - green, (red + green) / 2 - blue]
    hasler = np.hypot(*np.std(opponent, axis=1)) + 0.3 * np.hypot(*np.mean(opponent, axis=1))
    assert row["colourfulness"] == pytest.approx(hasler, rel=1e-4)


def test_the_shares_of_black_and_white_pixels_are_measured(measure: Measure) -> None:
    given = Image.new("RGB", (40, 40), (128, 0, 0))
    given.paste("black", (0, 0, 10, 40))
    given.paste("white", (10, 0, 20, 20))
    row = measure(encoded(given, "PNG")).loc[0]
    assert (row["black"], row["white"]) == (0.25, 0.125)


def test_colour_features_of_a_large_picture_describe_the_whole_picture(measure: Measure) -> None:
    given = picture(3, (768, 700))
    row = measure(encoded(given, "PNG")).loc[0]
    pixels = np.asarray(given, dtype=float)
    assert row[["red_mean", "green_mean", "blue_mean"]].tolist() == pytest.approx(pixels.mean((0, 1)), abs=0.5)
    assert row["red_deviation"] == pytest.approx(pixels[..., 0].std(), rel=0.01)


@pytest.mark.parametrize("side", [32, 256, 700])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("frequency", [0.1, 0.4, 0.9])
def test_a_wave_is_in_the_band_of_its_frequency_at_any_picture_size(measure, side, turned, frequency) -> None:
    wave = 127 + 100 * np.cos(np.pi * frequency * np.arange(side))
    grey = np.broadcast_to(wave, (side, side)).astype(np.uint8)
    row = measure(encoded(Image.fromarray(grey.T.copy() if turned else grey), "PNG")).loc[0]
    bands = row[[f"band_{band}" for band in range(1, BANDS + 1)]].to_numpy(dtype=float)
    assert (10**bands).sum() == pytest.approx(1, abs=1e-3)
    assert abs(bands.argmax() - int(frequency * BANDS)) <= (1 if side == 32 else 0)


def test_an_enlarged_picture_has_less_fine_detail(measure: Measure) -> None:
    sharp, enlarged = noise(200), noise(50, 1).resize((200, 200), Image.Resampling.BICUBIC)
    table = measure(encoded(sharp, "PNG"), encoded(enlarged, "PNG"))
    assert table["band_12"].diff()[1] < -2


def test_blocks_of_a_strongly_compressed_jpeg_are_detected_after_conversion_to_png(measure: Measure) -> None:
    smooth = picture(0, (160, 160))
    blocky = Image.open(io.BytesIO(encoded(smooth, quality=5)))
    table = measure(encoded(smooth, "PNG"), encoded(blocky, "PNG"), encoded(blocky.crop((4, 4, 160, 160)), "PNG"))
    assert table["blocking"][0] == pytest.approx(1, abs=0.1)
    assert table["blocking"][1] > 3
    assert table["blocking"][2] < 1


@given(
    st.tuples(st.integers(1, 600), st.integers(1, 600)),
    st.sampled_from(["RGB", "L", "RGBA", "P", "1", "CMYK"]),
    st.sampled_from(["PNG", "JPEG", "TIFF"]),
    st.sampled_from(["even", "drawn"]),
)
@settings(max_examples=40, deadline=None)
def test_every_feature_of_any_picture_is_finite(tmp_path_factory, size, mode, kind, content) -> None:
    given = picture(0, size) if content == "drawn" else Image.new("RGB", size, "white")
    given = given.convert("RGB" if kind == "JPEG" and mode not in ("L", "CMYK") else mode)
    given = given.convert("RGB") if kind == "PNG" and mode == "CMYK" else given
    root = tmp_path_factory.mktemp("any")
    (root / "ai").mkdir()
    (root / "ai/0.png").write_bytes(encoded(given, kind))
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    for harmonise in (None, HARMONISE):
        assert np.isfinite(
            shortcut_features.measure(root, table, jobs=1, harmonise=harmonise)[list(COLUMNS)].to_numpy()
        ).all()


def test_features_with_harmonising_are_those_of_the_harmonised_file(measure: Measure) -> None:
    given = [picture(seed, (64, 40)) for seed in range(4)]
    contents = [encoded(image, kind) for image, kind in zip(given, ("JPEG", "PNG", "WEBP", "GIF"), strict=True)]
    found = measure(*contents, harmonise=HARMONISE)
    made = [harmonised(Image.open(io.BytesIO(content)).convert("RGB"), **HARMONISE)[1] for content in contents]
    pd.testing.assert_frame_equal(found[list(COLUMNS)], measure(*made)[list(COLUMNS)])
    for group in ("format", "dimensions", "JPEG quality"):
        assert (found[list(GROUPS[group])].nunique() == 1).all()
    # These columns always describe the original files.
    asis = ["image_id", "phash_mirrored", "encoding"]
    pd.testing.assert_frame_equal(found[asis], measure(*contents)[asis])


def test_phash_mirrored_is_the_hash_of_the_mirrored_picture(measure: Measure) -> None:
    given = picture(0, (300, 200))
    found = measure(encoded(given, "PNG"), encoded(ImageOps.mirror(given), "PNG"))["phash_mirrored"]
    assert found.tolist() == [str(imagehash.phash(ImageOps.mirror(given))), str(imagehash.phash(given))]


def test_the_encoding_suffices_to_encode_another_picture_in_the_same_way(measure: Measure) -> None:
    contents = [
        encoded(picture(0), quality=63, subsampling=1),
        encoded(picture(1, mode="L")),
        encoded(picture(0), "PNG"),
    ]
    colour, grey, lossless = map(json.loads, measure(*contents)["encoding"])
    assert (colour["format"], colour["width"], colour["height"], colour["subsampling"]) == ("JPEG", 48, 40, 1)
    again = encoded(picture(5), colour["format"], qtables=colour["quantisation"], subsampling=colour["subsampling"])
    assert Image.open(io.BytesIO(again)).quantization == Image.open(io.BytesIO(contents[0])).quantization
    assert (len(grey["quantisation"]), grey["subsampling"]) == (1, None)
    assert lossless == {"format": "PNG", "width": 48, "height": 40, "quantisation": None, "subsampling": None}
