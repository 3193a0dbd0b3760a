"""The ways in which a picture becomes the square that a network sees; `brushprint.data.pixels.square` makes it."""

from typing import Literal

# A Pillow filter, with which the whole picture is stretched to the square.
Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
# A filter, or one crop from the middle at the picture's own resolution.
Resize = Literal[Filter, "crop"]
# A filter, or crops: one, or four or nine side by side.
View = Literal[Resize, "crops-2x2", "crops-3x3"]


def crops_across(view: str) -> int:
    """The number of crops in each direction that a view makes of a picture; 1 for a filter."""
    return int(view[-1]) if view.startswith("crops") else 1
