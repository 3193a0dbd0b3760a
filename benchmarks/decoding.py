"""Cataloguing and decoding, compared with Pillow alone in one process per core, on the members of the same zip."""

import io
import multiprocessing
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from measuring import CORES, labels, number, sample, table, turns
from PIL import Image

from brushprint.data.catalogue import build_catalogue
from brushprint.data.pixels import write_pixels
from brushprint.data.taxonomy import FolderRules

Resize = tuple[str, int, str]
# The catalogue computes perceptual hashes from pixels of this mode and size, made with this filter.
HASHED = ("L", 32, "lanczos")


def _decode(root: Path, ways: list[Resize], names: list[str]) -> None:
    with zipfile.ZipFile(root) as archive:
        for mode, size, resize in ways:
            for name in names:
                picture = Image.open(io.BytesIO(archive.read(name))).convert(mode)
                np.asarray(picture.resize((size, size), Image.Resampling[resize.upper()]))


def bare(pool: ProcessPoolExecutor, root: Path, *ways: Resize) -> None:
    """Decode and resize every member once for each of `ways`: colour mode, size in pixels, filter."""
    with zipfile.ZipFile(root) as archive:
        names = archive.namelist()
    parts = 4 * CORES
    list(pool.map(partial(_decode, root, list(ways)), [names[part::parts] for part in range(parts)]))


def tables(quick: bool) -> dict[str, str]:
    """The table `decoding`."""
    pictures = 24 if quick else 480
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool,
    ):
        root = Path(folder, "sample.zip")
        sample(root, train=pictures, test=0)
        listing = partial(build_catalogue, root, FolderRules(labels()), images=None, max_rejected=0, seed=0, jobs=CORES)
        listed, *_ = listing()
        for size, resize in [(32, "nearest"), (128, "bilinear")]:
            decoding = partial(
                write_pixels, root, listed, Path(folder, "pixels.npy"), size=size, resize=resize, jobs=CORES
            )

            def both(listing: partial = listing, decoding: partial = decoding) -> None:
                listing()
                decoding()

            seen = ("RGB", size, resize)
            pairs = {
                "catalogue": (partial(bare, pool, root, HASHED), listing),
                "pixels": (partial(bare, pool, root, seen), decoding),
                "catalogue and pixels": (partial(bare, pool, root, HASHED, seen), both),
            }
            for name, (peer, ours) in pairs.items():
                seconds = turns({"Pillow": peer, "ours": ours}, 1 if quick else 7)
                rates = [number(pictures / taken) for taken in seconds.values()]
                rows.append([name, f"{size}, {resize}", *rates, f"{seconds['Pillow'] / seconds['ours']:.2f}"])
    heads = ["what", "pixels, filter", "Pillow, images/s", "brushprint, images/s", "ratio"]
    return {"decoding": table(heads, rows)}
