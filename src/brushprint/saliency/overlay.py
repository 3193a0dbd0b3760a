"""A picture under a map of where a network looks, in colours that people can tell apart."""

import numpy as np
from matplotlib import colormaps

# A change of the probability below this is drawn pale, even if it is the largest of a picture.
FAINTEST = 0.02


def coloured(heat: np.ndarray) -> np.ndarray:
    """Heat from 0 to 1 as colours: uint8 with a last axis of RGB."""
    return colormaps["inferno"](heat.clip(0, 1), bytes=True)[..., :3]


def under_heat(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture, uint8 [height, width, 3], under heat from 0 to 1, [height, width]; hot parts are bright."""
    return (0.4 * picture + 0.6 * coloured(heat)).round().astype(np.uint8)


def under_occlusion(picture: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """A picture, uint8 [height, width, 3], under its occlusion map from -1 to 1, [height, width].

    Orange parts made the network less confident when hidden, purple parts more confident. The deepest colour is the
    largest change of the map, or `FAINTEST` if that is larger.
    """
    limit = max(FAINTEST, np.abs(hidden).max())
    signed = colormaps["PuOr_r"](0.5 + hidden / (2 * limit), bytes=True)[..., :3]
    grey = picture.mean(axis=2, keepdims=True)
    return (0.3 * grey + 0.7 * signed).round().astype(np.uint8)
