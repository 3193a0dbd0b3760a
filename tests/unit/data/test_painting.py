"""Every style paints pictures of its own, and the same picture for the same random numbers, on any machine."""

import hashlib

import numpy as np
import pytest

from brushprint.data.brushes import SIDE
from brushprint.data.painting import STYLES, paint

# Of the ten styles, each with the seed of its place.
DIGEST = "2ec3e417bfbaea9fd6a676516e1696391a5460a8d80038c90bf40ad6e6b815d6"


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_follows_from_its_random_numbers_alone(style: str) -> None:
    one, same, other = (paint(style, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.mode, one.size) == ("RGB", (SIDE, SIDE))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_the_bytes_are_those_of_every_machine() -> None:
    digest = hashlib.sha256()
    for seed, style in enumerate(STYLES):
        digest.update(paint(style, np.random.default_rng(seed)).tobytes())
    assert digest.hexdigest() == DIGEST


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(KeyError, match="cubism"):
        paint("cubism", np.random.default_rng(0))
