"""Arrays of corrupted pictures. Each picture is corrupted at its own size, and then resized for a network."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from brushprint.core.digest import key
from brushprint.data.catalogue import image_id, read_catalogued_files
from brushprint.data.corruptions import CONDITIONS, corrupt, swap_encoding
from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import new_array, square
from brushprint.data.split import in_test
from brushprint.stats.allocation import stratified

# The seed that draws a picture's donor includes this word, so that the donor is independent of the corruptions.
_DONOR = "donor"


def write_corrupted(
    root: str | Path,
    pictures: pd.DataFrame,
    encodings: Sequence[str | None],
    target: str | Path,
    *,
    size: int,
    resize: str,
    seed: int,
    jobs: int,
    harmonise: Mapping[str, Any] | None = None,
) -> tuple[str, pd.DataFrame]:
    """Write each picture under all `CONDITIONS` to an array [pictures, conditions, size, size, 3] of uint8.

    Parameters
    ----------
    root : folder, zip or tar
    pictures : rows of a catalogue with the columns `path`, `sha256` and `image_id`
    encodings : for each picture, the encoding of its donor as JSON text, see `donor_encodings`; None for no donor
    target : .npy file
    size, resize : as in `brushprint.data.pixels.write_pixels`, whose array has the same pixels as the condition `none`
    seed : this seed and the `image_id` alone determine how a picture is corrupted
    jobs : number of threads; the bytes are the same for any number
    harmonise : as in `brushprint.data.catalogue.read_catalogued`

    Returns
    -------
    digest : sha256 of the pixels in hexadecimal
    table : one row per picture of the array, with the columns `image_id` and `swapped` (bool: the picture has a donor).
        Without a donor, the condition `swap` contains the unchanged picture

    Each picture is decoded once. Raises `UserError` if a picture has changed since it was catalogued.
    """
    rows = {path: row for row, path in enumerate(pictures["path"])}
    encoding_of = {sha256: json.loads(text) for sha256, text in zip(pictures["sha256"], encodings, strict=True) if text}

    def conditions(content: bytes) -> np.ndarray:
        sha256 = hashlib.sha256(content).hexdigest()
        picture, own_seed = load_rgb(content, harmonise), _seed_of(seed, image_id(sha256))
        corrupted = (
            _under(picture, name, severity, own_seed, encoding_of.get(sha256)) for name, severity in CONDITIONS
        )
        return np.stack([square(one, size, resize) for one in corrupted])

    with new_array(target, (len(rows), len(CONDITIONS), size, size, 3)) as array:
        for path, pixels in read_catalogued_files(root, pictures, conditions, jobs, f"corrupted {size} {resize}"):
            array[rows[path]] = pixels
        digest = hashlib.sha256(array.data).hexdigest()
    swapped = np.array([bool(text) for text in encodings], bool)
    return digest, pd.DataFrame({"image_id": pictures["image_id"].to_numpy(), "swapped": swapped})


def draw_test_pictures(
    catalogue: pd.DataFrame,
    groups: np.ndarray,
    encodings: Sequence[str],
    *,
    published: bool,
    test: float,
    test_seed: int,
    pictures: int,
    seed: int,
) -> tuple[pd.DataFrame, list[str | None]]:
    """Draw the test pictures that will be corrupted, and a donor for each.

    Parameters
    ----------
    catalogue, groups, published, test, test_seed : as in `brushprint.data.split.in_test`
    encodings : for each row of the catalogue, the JSON text of its encoding, see `donor_encodings`
    pictures, seed : as in `choose_pictures`

    Returns the chosen rows of the catalogue, and for each row the encoding of its donor, or None if it has no donor.
    """
    tests = in_test(catalogue, groups, published=published, test=test, test_seed=test_seed)
    chosen = choose_pictures(catalogue, tests, pictures=pictures, seed=seed)
    return catalogue.iloc[chosen], donor_encodings(catalogue, encodings, chosen, seed=seed)


def choose_pictures(catalogue: pd.DataFrame, tests: np.ndarray, *, pictures: int, seed: int) -> np.ndarray:
    """Draw at most `pictures` test pictures, stratified by source and style.

    `tests`, bool [rows of the catalogue], marks the test pictures. If there are more combinations of source and style
    than `pictures`, the draw is stratified by source only. Returns row numbers of the catalogue, int64 and ascending.
    """
    rows = np.flatnonzero(tests)
    table = catalogue.iloc[rows]
    kinds = table["source"] + " " + table["style"].fillna("")
    return rows[stratified(kinds if kinds.nunique() <= pictures else table["source"], pictures, seed)]


def donor_encodings(
    catalogue: pd.DataFrame, encodings: Sequence[str], chosen: np.ndarray, *, seed: int
) -> list[str | None]:
    """Draw a random donor of the other origin for each chosen row and return its encoding; None if there is no donor.

    `encodings` holds, for each row of the catalogue, the JSON text of the argument `encoding` of
    `brushprint.data.corruptions.swap_encoding`. The donor of a picture does not depend on which other pictures are
    chosen.
    """
    texts, origin = np.asarray(encodings, dtype=object), catalogue["origin"].to_numpy()
    others = {name: texts[origin != name] for name in np.unique(origin)}
    drawn = []
    for row in chosen:
        pool = others[origin[row]]
        number = _seed_of(seed, f"{_DONOR} {catalogue['image_id'].iloc[row]}")
        drawn.append(pool[number % len(pool)] if len(pool) else None)
    return drawn


def _seed_of(seed: int, name: str) -> int:
    return int(key([seed, name])[:16], 16)


def _under(
    picture: Image.Image, name: str, severity: int, seed: int, encoding: Mapping[str, Any] | None
) -> Image.Image:
    """Return the picture under the condition `name` and `severity`."""
    if name == "swap":
        return swap_encoding(picture, encoding) if encoding else picture
    return corrupt(picture, name, severity, seed)
