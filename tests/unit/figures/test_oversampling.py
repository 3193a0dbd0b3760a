"""The figure of pictures beside their augmented copies."""

import numpy as np

from brushprint.figures import oversampling

AUGMENTED = {"rotation": 20, "horizontal_flip": 0.5, "zoom": 0.2}


def copies(*sizes: int) -> list[list[tuple[np.ndarray, str]]]:
    words = ["original", "+20°, ×0.83, mirrored", "−3°, ×1.00", "+1°, ×1.20"]
    return [[(np.zeros((12, 12, 3), np.uint8), words[number]) for number in range(size)] for size in sizes]


# `test_whole.py` draws each of these.
DRAWINGS = {
    "copies": lambda target: oversampling.rows(copies(4, 4, 2), AUGMENTED, target),
    "no copies": lambda target: oversampling.rows([], AUGMENTED, target),
}
