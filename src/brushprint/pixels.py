"""Pictures decoded once, as one uint8 array for each size and filter."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from brushprint.atomic import replacing
from brushprint.catalogue import read_pictures
from brushprint.decoding import UndecodableError, open_picture, to_rgb
from brushprint.errors import UserError


def write_pixels(
    root: str | Path, catalogue: pd.DataFrame, target: str | Path, *, size: int, resize: str, jobs: int
) -> str:
    """Decode every picture of the catalogue into an array [pictures, size, size, 3] of uint8 in a .npy file.

    Pictures are stretched to the square, as the source documents do, with the Pillow filter `resize`. Row i is row i
    of the catalogue. Returns the sha256 of the pixels in hexadecimal. Raises `UserError` when the collection has
    changed since it was catalogued.
    """
    rows = {path: row for row, path in enumerate(catalogue["path"])}
    identity = dict(zip(catalogue["path"], catalogue["sha256"], strict=True))
    how = Image.Resampling[resize.upper()]

    def decode(content: bytes) -> tuple[str, np.ndarray] | str:
        try:
            picture = to_rgb(open_picture(content)).resize((size, size), how)
        except UndecodableError as error:
            return str(error)
        return hashlib.sha256(content).hexdigest(), np.asarray(picture)

    with replacing(target) as part:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(len(rows), size, size, 3))
        for path, decoded in read_pictures(root, rows.keys(), decode, jobs, f"pixels {size} {resize}"):
            if isinstance(decoded, str) or decoded[0] != identity[path]:
                raise UserError(f"collection.source: {path} in {root} has changed since it was catalogued; run again")
            array[rows.pop(path)] = decoded[1]
        if rows:
            raise UserError(f"collection.source: {min(rows)} is gone from {root} since it was catalogued; run again")
        array.flush()
        return hashlib.sha256(array).hexdigest()
