"""Detect faces in pictures with a cascade of local binary patterns that was trained on photographs.

The detector is OpenCV's `lbpcascade_frontalface`, as scikit-image ships and runs it (Liao et al., "Learning Multi-scale
Block Local Binary Patterns for Face Recognition", ICB 2007). It detects upright frontal faces, including painted ones,
of at least `SMALLEST` pixels.
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

# In pixels. Pictures are searched at this size, so a detected face has at least 15 % of the longer side.
SIDE, SMALLEST = 160, 24
BOX = ["left", "top", "width", "height"]


def find_faces(
    root: str | Path, catalogue: pd.DataFrame, *, jobs: int, harmonise: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Detect the faces in catalogued pictures.

    `brushprint.data.catalogue` describes `root` and `catalogue`. `jobs` threads decode. Pictures are harmonised first,
    as in `brushprint.data.catalogue.read_catalogued`.

    Returns one row per face, in the order of the catalogue: `image_id`, and the box `left`, `top`, `width`, `height` as
    shares of the picture's width and height, float64. A picture without faces has no row. Raises `UserError` if the
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
    """Return the rows of the catalogue in whose pictures faces are detected.

    Faces are needed only for test pictures, because heatmaps are measured only there. `published` is true if all splits
    use the published partitions; the published test pictures are then enough. Otherwise, or if the collection has no
    published test pictures, all rows are returned: any picture may become a test picture when a split is drawn anew.
    """
    tested = catalogue[catalogue["published_split"] == "test"]
    return tested if published and len(tested) else catalogue
