"""Random augmentation of training pictures, with a strength for each named change."""

import pytest
import torch
from torchvision.transforms import v2

from brushprint.models.recipe import Augmentation
from brushprint.training.augmentation import augmenter

SIDE = 32


def pictures(count: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randint(0, 256, (count, 3, 4, 4), dtype=torch.uint8, generator=generator)
    return v2.functional.resize(coarse, [SIDE, SIDE], antialias=True).permute(0, 2, 3, 1)


def changed(seed: int = 0, **strengths: float) -> torch.Tensor:
    torch.manual_seed(seed)
    return augmenter(Augmentation(**strengths), SIDE)(pictures())


def same(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (one == other).flatten(1).all(1)


ALL = {
    **{"horizontal_flip": 0.5, "vertical_flip": 0.5, "rotation": 30, "resized_crop": 0.5},
    **{"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.2},
}


def test_without_any_strength_there_is_no_augmentation():
    assert augmenter(Augmentation(), SIDE) is None


@pytest.mark.parametrize("strengths", [{name: value} for name, value in ALL.items()] + [ALL], ids="+".join)
def test_augmented_pictures_keep_shape_and_dtype_and_depend_on_the_seed(strengths: dict[str, float]):
    augmented = changed(**strengths)
    assert augmented.shape == pictures().shape
    assert augmented.dtype == torch.uint8
    assert torch.equal(augmented, changed(**strengths))
    assert not torch.equal(augmented, changed(seed=1, **strengths))
    assert not torch.equal(augmented, pictures())


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
def test_flips_are_drawn_for_each_picture_with_their_probability(name: str, axis: int):
    augmented, whole = changed(**{name: 0.5}), pictures()
    flipped = same(augmented, whole.flip(axis))
    assert (flipped | same(augmented, whole)).all()
    assert 20 <= flipped.sum() <= 44
    assert same(changed(**{name: 1.0}), whole.flip(axis)).all()


def test_rotations_stay_within_the_given_degrees():
    bar = torch.zeros(64, SIDE, SIDE, 3, dtype=torch.uint8)
    bar[:, SIDE // 2 - 1 : SIDE // 2 + 1] = 255
    torch.manual_seed(0)
    turned = augmenter(Augmentation(rotation=10), SIDE)(bar)[..., 0].float()
    rows = torch.arange(SIDE).float()[None, :, None]
    left, right = (
        (turned[:, :, part] * rows).sum((1, 2)) / turned[:, :, part].sum((1, 2))
        for part in (slice(0, 8), slice(24, 32))
    )
    degrees = torch.atan2(right - left, torch.tensor(24.0)).rad2deg()
    assert degrees.abs().max() < 12
    assert degrees.min() < -3 and degrees.max() > 3


def test_a_crop_keeps_at_least_the_given_share_of_the_area():
    ramp = torch.linspace(0, 255, SIDE).round().to(torch.uint8).expand(200, 3, SIDE, SIDE).permute(0, 2, 3, 1)
    torch.manual_seed(0)
    augmented = augmenter(Augmentation(resized_crop=0.5), SIDE)(ramp.contiguous()).float()
    widths = (augmented[:, SIDE // 2, -1, 0] - augmented[:, SIDE // 2, 0, 0]) / 255
    # Aspect ratios are between 3:4 and 4:3, so the narrowest crop has half of the area and the ratio 3:4.
    assert widths.min() > (0.5 * 3 / 4) ** 0.5 - 0.1
    assert widths.min() < 0.85


def test_brightness_stays_within_its_factor():
    grey = torch.full((200, SIDE, SIDE, 3), 100, dtype=torch.uint8)
    torch.manual_seed(0)
    augmented = augmenter(Augmentation(brightness=0.2), SIDE)(grey)[:, 0, 0, 0]
    assert augmented.min() >= 80 and augmented.max() <= 120
    assert augmented.min() < 85 and augmented.max() > 115
