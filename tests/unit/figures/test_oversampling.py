"""Pictures beside their augmented copies."""

from pathlib import Path

import numpy as np
import pytest

from brushprint.figures import oversampling
from tests.support.drawing import check_whole_and_the_same_twice

AUGMENTED = {"rotation": 20, "horizontal_flip": 0.5, "zoom": 0.2}


def copies(*sizes: int) -> list[list[tuple[np.ndarray, str]]]:
    words = ["original", "+20°, ×0.83, mirrored", "−3°, ×1.00", "+1°, ×1.20"]
    return [[(np.zeros((12, 12, 3), np.uint8), words[number]) for number in range(size)] for size in sizes]


DRAWINGS = {
    "copies": lambda target: oversampling.rows(copies(4, 4, 2), AUGMENTED, target),
    "no copies": lambda target: oversampling.rows([], AUGMENTED, target),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning_and_twice_with_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_whole_and_the_same_twice(DRAWINGS[name], tmp_path, monkeypatch)
