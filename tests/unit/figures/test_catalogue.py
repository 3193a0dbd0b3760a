"""The figure with example pictures of each source."""

from PIL import Image

from brushprint.figures import catalogue


def thumbnails(*sizes: int) -> dict[str, list[tuple[str, Image.Image]]]:
    return {
        f"source_{row}": [(f"style_{number}", Image.new("RGB", (16, 10 + number))) for number in range(size)]
        for row, size in enumerate(sizes)
    }


# `test_whole.py` draws each of these.
DRAWINGS = {
    "examples": lambda target: catalogue.grid(thumbnails(3, 10), target),
    "one example": lambda target: catalogue.grid(thumbnails(1), target),
}
