"""Examples of the pictures of each source."""

from pathlib import Path

import pytest
from PIL import Image

from brushprint.figures import catalogue
from tests.support.drawing import check_whole_and_the_same_twice


def thumbnails(*sizes: int) -> dict[str, list[tuple[str, Image.Image]]]:
    return {
        f"source_{row}": [(f"style_{number}", Image.new("RGB", (16, 10 + number))) for number in range(size)]
        for row, size in enumerate(sizes)
    }


DRAWINGS = {
    "examples": lambda target: catalogue.grid(thumbnails(3, 10), target),
    "one example": lambda target: catalogue.grid(thumbnails(1), target),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning_and_twice_with_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_whole_and_the_same_twice(DRAWINGS[name], tmp_path, monkeypatch)
