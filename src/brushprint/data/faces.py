"""Faces in pictures, located by a cascade of local binary patterns that was trained on photographs.

The detector is OpenCV's `lbpcascade_frontalface`, as scikit-image ships and runs it (Liao et al., "Learning Multi-scale
Block Local Binary Patterns for Face Recognition", ICB 2007). It detects upright frontal faces, painted ones too, from
`SMALLEST` pixels on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

from brushprint.data.catalogue import read_catalogued

# Pictures are searched at this size: a face has at least 15 % of the longer side.
SIDE, SMALLEST = 160, 24
BOX = ["left", "top", "width", "height"]


def find_faces(
    root: str | Path, catalogue: pd.DataFrame, *, jobs: int, harmonise: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Locate the faces of catalogued pictures.

    `root` and `catalogue` are described in `brushprint.data.catalogue`; `jobs` threads decode. Pictures are harmonised
    first, as `brushprint.data.catalogue.read_catalogued` says.

    Returns a row per face, in the order of the catalogue: `image_id`, and its box `left`, `top`, `width`, `height` as
    shares of the picture's width and height, float64. A picture without faces has no row. Raises `UserError` when the
    collection has changed since it was catalogued.
    """
    detector = Cascade(lbp_frontal_face_cascade_filename())
    identity = dict(zip(catalogue["path"], catalogue["image_id"], strict=True))

    def search(picture: Image.Image) -> list[tuple[float, ...]]:
        grey = picture.convert("L")
        grey.thumbnail((SIDE, SIDE))
        detected = detector.detect_multi_scale(
            img=np.asarray(grey), scale_factor=1.2, step_ratio=1, min_size=(SMALLEST, SMALLEST), max_size=(SIDE, SIDE)
        )
        pixels = ((box["c"], box["r"], box["width"], box["height"]) for box in detected)
        width, height = grey.size
        return sorted((x / width, y / height, across / width, down / height) for x, y, across, down in pixels)

    boxes = dict(read_catalogued(root, catalogue, search, jobs, "faces", harmonise=harmonise))
    rows = [(identity[path], *box) for path in catalogue["path"] for box in boxes[path]]
    return pd.DataFrame(rows, columns=["image_id", *BOX]).astype(dict.fromkeys(BOX, float))


def searched(catalogue: pd.DataFrame, *, published: bool) -> pd.DataFrame:
    """The rows of a catalogue whose faces are located: published test pictures where every split tests on those.

    Heat is measured on test pictures alone. `published` says whether all splits honour the published partitions; if
    not, or if none is published, any picture may become a test picture when a split is drawn anew.
    """
    tested = catalogue[catalogue["published_split"] == "test"]
    return tested if published and len(tested) else catalogue
