"""Overlays that show where a network looks in a picture, in colours that people can tell apart."""

import numpy as np
from matplotlib import colormaps

# Changes of the probability that are smaller than this are drawn pale, even the largest change of a picture.
FAINTEST = 0.02


def coloured(heat: np.ndarray) -> np.ndarray:
    """Convert heat from 0 to 1 into colours: uint8 with a last axis of RGB."""
    return colormaps["inferno"](heat.clip(0, 1), bytes=True)[..., :3]


def under_heat(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Blend a picture, uint8 [height, width, 3], with heat from 0 to 1, [height, width]; hot parts are bright."""
    return (0.4 * picture + 0.6 * coloured(heat)).round().astype(np.uint8)


def under_occlusion(picture: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Blend a picture, uint8 [height, width, 3], with its occlusion map from -1 to 1, [height, width].

    Hiding an orange part made the network less confident, hiding a purple part more confident. The deepest colour
    marks the largest change in the map, or a change of `FAINTEST` if that is larger.
    """
    limit = max(FAINTEST, np.abs(hidden).max())
    signed = colormaps["PuOr_r"](0.5 + hidden / (2 * limit), bytes=True)[..., :3]
    grey = picture.mean(axis=2, keepdims=True)
    return (0.3 * grey + 0.7 * signed).round().astype(np.uint8)
