"""Corruptions: what each one does, how strong it is, and that it is reproducible."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin

from brushprint.data.archive import members
from brushprint.data.catalogue import read_pictures
from brushprint.data.corruptions import COMBINED, CONDITIONS, CORRUPTIONS, corrupt, severities, swap_encoding
from brushprint.data.decoding import open_picture, to_rgb
from brushprint.data.sample import draw_sample
from tests.conftest import encoded, picture

GRADED = [name for name in CORRUPTIONS if len(severities(name)) == 5]
EVERY = [(name, severity) for name in CORRUPTIONS for severity in severities(name)]


def painted(seed: int, side: int = 160) -> Image.Image:
    """A picture with smooth colours and fine grain, like a painting."""
    grain = np.random.default_rng(seed).integers(-12, 13, (side, side, 3))
    return Image.fromarray((np.asarray(picture(seed, (side, side))) + grain).clip(0, 255).astype(np.uint8))


def distance(one: Image.Image, other: Image.Image, side: int = 64) -> float:
    """The root mean square difference of two pictures at a network's input size, `side`."""
    seen = (np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), float) for image in (one, other))
    return float(np.sqrt(np.square(np.subtract(*seen)).mean()))


def pictures_of(root: Path, number: int) -> list[Image.Image]:
    names = sorted(member.path for member in members(root) if member.path.endswith(".jpg"))
    wanted = set(names[:: max(1, len(names) // number)])
    return [image for _, image in read_pictures(root, wanted, lambda content: to_rgb(open_picture(content)), 2, "")]


def test_the_conditions_are_none_every_corruption_at_every_severity_and_swap():
    assert CONDITIONS[0] == ("none", 0)
    assert CONDITIONS[-1] == ("swap", 1)
    assert CONDITIONS[1:-1] == EVERY


def test_mirror_and_flip_have_one_severity_and_the_twelve_other_corruptions_have_five():
    assert set(CORRUPTIONS) - set(GRADED) == {"mirror", "flip"}
    assert severities("mirror") == severities("flip") == (1,)
    assert all(severities(name) == (1, 2, 3, 4, 5) for name in GRADED)
    assert len(CORRUPTIONS) == 14


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_severity_of_zero_does_not_change_a_single_bit(name: str):
    image = painted(0)
    before = image.tobytes()
    assert corrupt(image, name, 0, 3).tobytes() == before


@pytest.mark.parametrize(("name", "severity"), EVERY)
def test_the_same_picture_and_seed_give_the_same_bytes_and_leave_the_original_unchanged(name: str, severity: int):
    image = painted(1)
    before = image.tobytes()
    np.random.seed(1)
    one = corrupt(image, name, severity, 5)
    np.random.seed(2)
    assert corrupt(image.copy(), name, severity, 5).tobytes() == one.tobytes()
    assert image.tobytes() == before
    assert one.tobytes() != before


@pytest.mark.parametrize(
    "name", ["noise", "rotation", "brightness", "contrast", "saturation", "hue", "watermark", "combined"]
)
def test_another_seed_gives_another_picture(name: str):
    assert len({corrupt(painted(1), name, 3, seed).tobytes() for seed in range(8)}) > 1


@pytest.mark.parametrize("severity", [-1, 6, 2])
def test_an_unknown_severity_is_refused(severity: int):
    with pytest.raises(ValueError, match=f"mirror has no severity {severity}"):
        corrupt(painted(0), "mirror", severity, 0)


@pytest.mark.parametrize("name", GRADED)
def test_each_severity_changes_pictures_more_than_the_one_before_on_average(name: str):
    images = [painted(seed) for seed in range(12)]
    means = [
        np.mean([distance(image, corrupt(image, name, severity, seed)) for seed, image in enumerate(images)])
        for severity in range(6)
    ]
    assert means[0] == 0
    assert (np.diff(means) > 0).all()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    target = tmp_path_factory.mktemp("sample") / "sample.zip"
    draw_sample(target, train=0, test=12, seed=0)
    return pictures_of(target, 12)


def mean_distances(images: list[Image.Image], name: str) -> list[float]:
    """The mean distance between pictures and their corrupted versions, for each severity from 0 to 5."""
    return [
        np.mean([distance(image, corrupt(image, name, severity, seed), 128) for seed, image in enumerate(images)])
        for severity in range(6)
    ]


@pytest.mark.parametrize("name", GRADED)
def test_each_severity_changes_pictures_of_the_sample_more_than_the_one_before(name: str, sample: list[Image.Image]):
    assert (np.diff(mean_distances(sample, name)) > 0).all()


@pytest.mark.parametrize("name", ["rescale", "blur", "noise", "rotation", "watermark"])
@pytest.mark.parametrize("severity", [2, 4])
def test_a_picture_loses_as_much_at_768_pixels_as_at_256(name: str, severity: int):
    small = painted(3, 256)
    large = small.resize((768, 768), Image.Resampling.NEAREST)
    losses = [
        np.mean([distance(image, corrupt(image, name, severity, seed)) for seed in range(4)])
        for image in (small, large)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.15)


def test_flips_are_mirror_images():
    pixels = np.asarray(painted(4))
    np.testing.assert_array_equal(corrupt(painted(4), "mirror", 1, 0), pixels[:, ::-1])
    np.testing.assert_array_equal(corrupt(painted(4), "flip", 1, 0), pixels[::-1])


def test_a_crop_is_the_unchanged_middle_of_the_picture():
    image = painted(5, 100)
    assert corrupt(image, "crop", 5, 0).tobytes() == image.crop((25, 25, 75, 75)).tobytes()


def test_rotation_matches_pillow_in_the_middle_and_fills_the_corners_from_the_picture():
    image = painted(6)
    turned = corrupt(image, "rotation", 4, 0)
    middle = (60, 60, 100, 100)
    near = [
        np.abs(np.subtract(turned.crop(middle), image.rotate(angle, Image.Resampling.BILINEAR).crop(middle), dtype=int))
        for angle in (-25, 25)
    ]
    assert min(difference.max() for difference in near) <= 1
    white = Image.new("RGB", (40, 30), "white")
    assert corrupt(white, "rotation", 5, 0).tobytes() == white.tobytes()


def test_brightness_contrast_saturation_and_hue_change_in_either_direction():
    grey = Image.new("RGB", (8, 8), (128, 100, 90))
    levels = {corrupt(grey, "brightness", 3, seed).getpixel((0, 0)) for seed in range(20)}
    assert levels == {(128 - 51, 100 - 51, 90 - 51), (128 + 51, 100 + 51, 90 + 51)}
    for name in ("contrast", "saturation"):
        spreads = [np.ptp(corrupt(painted(7), name, 3, seed)) for seed in range(20)]
        assert len(set(spreads)) == 2
    assert len({corrupt(grey, "hue", 3, seed).getpixel((0, 0)) for seed in range(20)}) == 2


def test_hue_rotation_keeps_grey_and_turns_red_towards_green_or_blue():
    grey = Image.new("RGB", (4, 4), (90, 90, 90))
    assert np.ptp(np.asarray(corrupt(grey, "hue", 5, 0), int) - 90) <= 1
    red, green, blue = corrupt(Image.new("RGB", (4, 4), (200, 40, 40)), "hue", 5, 0).getpixel((0, 0))
    assert red < max(green, blue)


def test_noise_has_the_stated_standard_deviation_and_a_mean_of_zero_in_each_channel():
    grey = Image.new("RGB", (256, 256), (128, 128, 128))
    noise = np.asarray(corrupt(grey, "noise", 3, 0), float) - 128
    assert noise.std() == pytest.approx(25.5, rel=0.03)
    assert np.abs(noise.mean(axis=(0, 1))).max() < 0.5


@pytest.mark.parametrize("colour", ["black", "grey", "white"])
def test_a_watermark_is_visible_on_any_background_and_covers_part_of_the_picture(colour: str):
    ground = Image.new("RGB", (200, 150), colour)
    changed = (np.asarray(corrupt(ground, "watermark", 3, 0)) != np.asarray(ground)).any(axis=2)
    assert 0.05 < changed.mean() < 0.6


def test_the_combined_corruption_changes_more_than_blur_noise_or_watermark_alone():
    assert COMBINED == ("blur", "hue", "noise", "watermark")
    image = painted(8)
    together = distance(image, corrupt(image, "combined", 2, 0))
    assert together > max(distance(image, corrupt(image, name, 2, 0)) for name in ("blur", "noise", "watermark"))


@given(
    size=st.sampled_from([(1, 1), (1, 400), (400, 1), (5000, 20), (2, 3)])
    | st.tuples(st.integers(1, 70), st.integers(1, 70)),
    condition=st.sampled_from(EVERY),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=150, deadline=None)
def test_only_a_crop_changes_the_size_and_rgb_stays_rgb(size: tuple[int, int], condition: tuple[str, int], seed: int):
    name, severity = condition
    image = picture(seed % 100, size)
    changed = corrupt(image, name, severity, seed)
    assert changed.mode == "RGB"
    if name == "crop":
        assert 1 <= changed.width <= size[0] and 1 <= changed.height <= size[1]
    else:
        assert changed.size == size


def encoding_of(content: bytes) -> dict:
    """The encoding of a file, in the form that the shortcut features record."""
    opened = open_picture(content)
    is_jpeg = opened.format == "JPEG"
    return {
        "format": opened.format,
        "width": opened.width,
        "height": opened.height,
        "quantisation": [list(table) for table in opened.quantization.values()] if is_jpeg else None,
        "subsampling": JpegImagePlugin.get_sampling(opened) if is_jpeg else None,
    }


@pytest.mark.parametrize("quality", [15, 60, 95])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_swapped_picture_equals_the_picture_saved_with_the_donors_encoder_settings(quality: int, subsampling: int):
    image = painted(9)
    options = {"quality": quality, "subsampling": subsampling}
    donor = encoding_of(encoded(painted(10), "JPEG", **options))
    expected = to_rgb(open_picture(encoded(image, "JPEG", **options)))
    assert swap_encoding(image, donor).tobytes() == expected.tobytes()


def test_a_swapped_picture_has_the_donors_area_and_its_own_proportions():
    donor = encoding_of(encoded(picture(0, (60, 60)), "PNG"))
    assert swap_encoding(picture(1, (400, 100)), donor).size == (120, 30)
    assert swap_encoding(picture(1, (60, 60)), donor).tobytes() == picture(1, (60, 60)).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_donor_may_have_any_format_that_is_read(kind: str, mode: str):
    donor = encoding_of(encoded(picture(0, (50, 40), mode), kind))
    swapped = swap_encoding(picture(1, (100, 80)), donor)
    assert (swapped.mode, swapped.size) == ("RGB", (50, 40))


@given(
    size=st.sampled_from([(1, 1), (1, 400), (5000, 20)]),
    donor=st.sampled_from([(1, 1), (400, 1), (768, 768), (3000, 2000)]),
    kind=st.sampled_from(["JPEG", "WEBP"]),
)
@settings(max_examples=20, deadline=None)
def test_pictures_and_donors_may_have_extreme_proportions(size: tuple[int, int], donor: tuple[int, int], kind: str):
    tables = [[9] * 64, [9] * 64] if kind == "JPEG" else None
    about = {"format": kind, "width": donor[0], "height": donor[1], "quantisation": tables, "subsampling": None}
    assert swap_encoding(picture(0, size), about).mode == "RGB"
