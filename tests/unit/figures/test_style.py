"""The style that all figures share."""

import pytest
from matplotlib.colors import to_hex

from brushprint.figures.style import colours_of
from tests.support.labels import MANY


@pytest.mark.parametrize(
    "names", [["ai", "human"], ["dalle", "human", "midjourney"], ["correct", "misclassified"], MANY]
)
def test_no_two_names_of_a_figure_share_a_colour(names: list[str]) -> None:
    assert len({to_hex(colour) for colour in colours_of(names)}) == len(names)
