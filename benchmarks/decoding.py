"""Cataloguing and decoding beside Pillow alone: a process a core that opens, decodes and resizes the zip's members."""

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

from brushprint.catalogue import catalogue
from brushprint.pixels import write_pixels


def _decode(root: Path, size: int, resize: str, names: list[str]) -> None:
    with zipfile.ZipFile(root) as archive:
        for name in names:
            picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            np.asarray(picture.resize((size, size), Image.Resampling[resize.upper()]))


def bare(pool: ProcessPoolExecutor, root: Path, size: int, resize: str, passes: int) -> None:
    """Decode and resize every member so many times."""
    with zipfile.ZipFile(root) as archive:
        names = archive.namelist()
    parts = 4 * CORES
    for _ in range(passes):
        list(pool.map(partial(_decode, root, size, resize), [names[part::parts] for part in range(parts)]))


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
        listing = partial(catalogue, root, labels(), images=None, max_rejected=0, seed=0, jobs=CORES)
        listed, _ = listing()
        for size, resize in [(32, "nearest"), (128, "bilinear")]:
            once = partial(bare, pool, root, size, resize)
            decoding = partial(
                write_pixels, root, listed, Path(folder, "pixels.npy"), size=size, resize=resize, jobs=CORES
            )

            def both(listing: partial = listing, decoding: partial = decoding) -> None:
                listing()
                decoding()

            ways = {"Pillow": partial(once, 1), "catalogue": listing, "pixels": decoding}
            ways |= {"Pillow twice": partial(once, 2), "both": both}
            seconds = turns(ways, 1 if quick else 7)
            for name, way, peer in (
                ("catalogue", "catalogue", "Pillow"),
                ("pixels", "pixels", "Pillow"),
                ("catalogue and pixels", "both", "Pillow twice"),
            ):
                rates = [number(pictures / seconds[of]) for of in (peer, way)]
                rows.append(
                    [name, f"{size}, {resize}", 1 + (way == "both"), *rates, f"{seconds[peer] / seconds[way]:.2f}"]
                )
    heads = ["what", "pixels, filter", "decodes", "Pillow, images/s", "brushprint, images/s", "ratio"]
    return {"decoding": table(heads, rows)}
