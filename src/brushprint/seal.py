"""A seal vouches for the split and the pixels of a variant by their digests."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.atomic import replacing
from brushprint.errors import UserError


def write_seal(split: pd.DataFrame, pixels: str | Path, target: str | Path) -> None:
    """Seal a split and the digest file `pixels` of an array; see `open_pixels`."""
    # The content of the table, not of its file, which changes with the version of its writer.
    content = split.to_csv(index=False).encode()
    digests = {"split": hashlib.sha256(content).hexdigest(), "pixels": Path(pixels).read_text()}
    with replacing(target) as part:
        part.write_text(json.dumps(digests, indent=2))


def open_pixels(array: str | Path, seal: str | Path) -> np.ndarray:
    """Map the pixels [pictures, side, side, 3] of uint8 in a .npy file that has its digest beside it.

    Raises `UserError` when the seal is of other pixels: the scratch folder is not versioned, so an older run's results,
    checked out, may lie beside a newer run's pixels.
    """
    if Path(array).with_suffix(".sha256").read_text() != json.loads(Path(seal).read_text())["pixels"]:
        raise UserError(f"{array} belongs to another run than {seal}: delete the folder scratch/ and run again")
    return np.load(array, mmap_mode="r")
