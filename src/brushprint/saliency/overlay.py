"""A picture under a map of where a network looks, in colours that the eye can tell apart."""

import numpy as np
from matplotlib import colormaps

# A change of a probability that is hardly one is drawn pale, though it be the largest of a picture.
FAINTEST = 0.02


def coloured(heat: np.ndarray) -> np.ndarray:
    """Heat from 0 to 1 as colours, uint8 with an axis more."""
    return colormaps["inferno"](heat.clip(0, 1), bytes=True)[..., :3]


def under_heat(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture, uint8 [height, width, 3], under heat of 0 to 1, [height, width]; bright where it is hot."""
    return (0.4 * picture + 0.6 * coloured(heat)).round().astype(np.uint8)


def under_occlusion(picture: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """A picture, uint8 [height, width, 3], under its occlusion map of -1 to 1, [height, width].

    It is orange where hiding made the network less sure and purple where it made it surer; the deepest colour is the
    largest change of the map, but at least `FAINTEST`.
    """
    limit = max(FAINTEST, np.abs(hidden).max())
    signed = colormaps["PuOr_r"](0.5 + hidden / (2 * limit), bytes=True)[..., :3]
    grey = picture.mean(axis=2, keepdims=True)
    return (0.3 * grey + 0.7 * signed).round().astype(np.uint8)
