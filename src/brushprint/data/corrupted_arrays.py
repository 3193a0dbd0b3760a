"""Perturbed pictures as networks see them: each changed at its own size, and only then brought to a network's."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from brushprint.core.digest import key
from brushprint.core.errors import UserError
from brushprint.data.catalogue import listing, read_catalogued_files, read_pictures
from brushprint.data.corruptions import PERTURBATIONS, perturb, severities, swap
from brushprint.data.decoding import open_picture, to_rgb
from brushprint.data.harmonise import harmonised
from brushprint.data.pixels import new_array
from brushprint.stats.allocation import stratified

# What is made of every picture, by name and severity: itself, each change, and itself as one of the other origin was
# saved.
CONDITIONS = [
    ("none", 0),
    *((name, severity) for name in PERTURBATIONS for severity in severities(name)),
    ("swap", 1),
]
# Each picture makes 64 and has a place of its own in a figure.
MOST_PICKED = 500
# The donor of a picture must not follow from what its perturbations follow from.
_DONOR = "donor"


def write_perturbed(
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
    """Write each picture under each of `CONDITIONS` to an array [pictures, conditions, size, size, 3] of uint8.

    Parameters
    ----------
    root : folder, zip or tar
    pictures : rows of a catalogue, or what `read_picked` gives: `path`, `sha256` and `image_id`
    encodings : of each picture the JSON text of the encoding that it is swapped to, see `donors`; None: it is not
    target : .npy file
    size, resize : what the networks see, as for `brushprint.data.pixels.write_pixels`: the condition `none` is its
        array
    seed : with the `image_id` it decides how a picture is changed, whatever others there are and whatever is seen
    jobs : threads; the bytes are the same for any number
    harmonise : what becomes of each picture before, see `brushprint.data.harmonise.harmonised`; None: it stays as it
        came

    Returns
    -------
    digest : sha256 of the pixels in hexadecimal
    table : a row a picture of the array, `image_id` and `swapped`, bool; one that is not swapped is in its place as it
        came

    Each picture is decoded once. Raises `UserError` when a picture has changed since it was catalogued.
    """
    how = Image.Resampling[resize.upper()]
    rows = {path: row for row, path in enumerate(pictures["path"])}
    encoding_of = {sha256: json.loads(text) for sha256, text in zip(pictures["sha256"], encodings, strict=True) if text}

    def conditions(content: bytes) -> np.ndarray:
        sha256 = hashlib.sha256(content).hexdigest()
        picture, own_seed = to_rgb(open_picture(content)), _seed_of(seed, _image_id(sha256))
        picture = harmonised(picture, **harmonise)[0] if harmonise else picture
        changed = (_under(picture, name, severity, own_seed, encoding_of.get(sha256)) for name, severity in CONDITIONS)
        return np.stack([np.asarray(one.resize((size, size), how)) for one in changed])

    with new_array(target, (len(rows), len(CONDITIONS), size, size, 3)) as array:
        for path, pixels in read_catalogued_files(root, pictures, conditions, jobs, f"perturbed {size} {resize}"):
            array[rows[path]] = pixels
        digest = hashlib.sha256(array).hexdigest()
    swapped = [bool(text) for text in encodings]
    return digest, pd.DataFrame({"image_id": pictures["image_id"].to_numpy(), "swapped": np.array(swapped, bool)})


def choose(catalogue: pd.DataFrame, tests: np.ndarray, *, pictures: int, seed: int) -> np.ndarray:
    """Rows of at most `pictures` of the test pictures, ascending, drawn evenly from the sources and their styles.

    `tests`, bool [rows of the catalogue], says which test. Where there are more styles than `pictures`, only sources
    count.
    """
    rows = np.flatnonzero(tests)
    table = catalogue.iloc[rows]
    kinds = table["source"] + " " + table["style"].fillna("")
    return rows[stratified(kinds if kinds.nunique() <= pictures else table["source"], pictures, seed)]


def donors(catalogue: pd.DataFrame, encodings: Sequence[str], chosen: np.ndarray, *, seed: int) -> list[str | None]:
    """For each chosen row the encoding of a random picture of the other origin; None where there is none.

    `encodings` are JSON texts, one a row of the catalogue, of what `brushprint.data.corruptions.swap` takes. Which one
    it is does not depend on the others that are chosen.
    """
    texts, origin = np.asarray(encodings, dtype=object), catalogue["origin"].to_numpy()
    others = {name: texts[origin != name] for name in np.unique(origin)}
    drawn = []
    for row in chosen:
        pool = others[origin[row]]
        number = _seed_of(seed, f"{_DONOR} {catalogue['image_id'].iloc[row]}")
        drawn.append(pool[number % len(pool)] if len(pool) else None)
    return drawn


def read_picked(root: str | Path, *, jobs: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A person's hand-picked pictures, which need no labels.

    Returns
    -------
    picked : a row a picture, sorted by `path`: `path`, `image_id`, `sha256`, `width` and `height` in pixels
    rejected : a row a file that is none, `path` and `reason`, sorted by path

    Raises `UserError` when there is none or there are more than `MOST_PICKED`.
    """
    files = _files(root)
    wanted = {path for path, reason in files if reason is None}
    if len(wanted) > MOST_PICKED:
        raise UserError(
            f"robustness.picked: {len(wanted):,} pictures in {root} are too many to look at one by one; "
            f"pick at most {MOST_PICKED}"
        )
    refused, rows = [(path, reason) for path, reason in files if reason is not None], []
    for path, facts in read_pictures(root, wanted, _facts, jobs, "picked"):
        if isinstance(facts, str):
            refused.append((path, facts))
        else:
            rows.append({"path": path, **facts})
    if not rows:
        first = f"; the first of {len(refused)} files refused is {': '.join(min(refused))}" if refused else ""
        raise UserError(f"robustness.picked: no usable picture in {root}{first}; put some into it")
    rejected = pd.DataFrame(sorted(refused), columns=["path", "reason"], dtype=str)
    return pd.DataFrame(rows).sort_values("path", ignore_index=True), rejected


def _files(root: str | Path) -> list[tuple[str, str | None]]:
    try:
        return list(listing(root))
    except UserError as error:  # which knows of one setting only that pictures come from
        raise UserError(str(error).replace("collection.source", "robustness.picked")) from error


def _facts(content: bytes) -> dict[str, Any]:
    picture = to_rgb(open_picture(content))
    sha256 = hashlib.sha256(content).hexdigest()
    return {"image_id": _image_id(sha256), "sha256": sha256, "width": picture.width, "height": picture.height}


def _image_id(sha256: str) -> str:
    return sha256[:16]


def _seed_of(seed: int, image_id: str) -> int:
    return int(key([seed, image_id])[:16], 16)


def _under(
    picture: Image.Image, name: str, severity: int, seed: int, encoding: Mapping[str, Any] | None
) -> Image.Image:
    if name == "swap":
        return swap(picture, encoding) if encoding else picture
    return perturb(picture, name, severity, seed)
