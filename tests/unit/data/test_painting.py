"""Every style paints its own pictures; the same random numbers give the same picture on every machine."""

import hashlib

import numpy as np
import pytest

from brushprint.data.brushes import SIDE
from brushprint.data.painting import STYLES, paint

# The sha256 of ten pictures together, one of each style. The seed of a picture is the position of its style.
DIGEST = "2ec3e417bfbaea9fd6a676516e1696391a5460a8d80038c90bf40ad6e6b815d6"


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_depends_only_on_its_random_numbers(style: str) -> None:
    one, same, other = (paint(style, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.mode, one.size) == ("RGB", (SIDE, SIDE))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_the_bytes_are_the_same_on_every_machine() -> None:
    digest = hashlib.sha256()
    for seed, style in enumerate(STYLES):
        digest.update(paint(style, np.random.default_rng(seed)).tobytes())
    assert digest.hexdigest() == DIGEST


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(KeyError, match="cubism"):
        paint("cubism", np.random.default_rng(0))
