"""The ways in which a picture becomes the square that a network sees; `brushprint.data.pixels.square` makes it."""

from typing import Literal

# Pillow filters that stretch the picture.
Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
# A filter, or one crop from the middle at the picture's own resolution.
Resize = Literal["nearest", "bilinear", "bicubic", "lanczos", "crop"]
# A filter, or crops: one, or four or nine side by side.
View = Literal["nearest", "bilinear", "bicubic", "lanczos", "crop", "crops-2x2", "crops-3x3"]


def crops_across(view: str) -> int:
    """The number of crops in each direction that a view makes of a picture; 1 for a filter."""
    return int(view[-1]) if view.startswith("crops") else 1
