"""Shortcut features: traces of how a picture was made and saved, which may reveal its origin without the art."""

import io
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pandas as pd
from PIL import Image, ImageOps, JpegImagePlugin
from scipy.fft import rfft2

from brushprint.data.catalogue import read_catalogued_files
from brushprint.data.decoding import FORMATS, open_picture, to_rgb
from brushprint.data.harmonise import harmonised

# Spectra and blocks are measured on the middle of a picture, at most `SIDE` pixels a side. Colours are measured on a
# grid of at most `GRID` of its pixels a side. Pictures of any size are therefore measured alike, at the same cost. No
# pixels are interpolated, because the spectrum would then show the filter, and colours would be mixed.
SIDE, GRID = 256, 128
BANDS = 16
# Added to a share of power before its logarithm is taken, because the share may be zero.
_LEAST = 1e-10
# A pixel counts as black if all channels are at most `_BLACK`, and as white if all are at least `_WHITE`.
_BLACK, _WHITE = 8, 247
_MODES = {"RGB": "rgb", "L": "grey", "1": "grey", "P": "palette", "RGBA": "alpha", "LA": "alpha", "CMYK": "cmyk"}
_FORMATS = (*FORMATS, "MPO")
# Positions in a quantisation table, counted row by row: the constant component, the next frequency in both directions,
# and the highest frequency.
_ENTRIES = (0, 9, 63)
_TABLES = ("luma", "chroma")
_CHANNELS = ("red", "green", "blue")

GROUPS: dict[str, tuple[str, ...]] = {
    "file size": ("bytes", "bytes_per_pixel"),
    "format": (
        *(f"format_{name.lower()}" for name in _FORMATS),
        *(f"mode_{name}" for name in dict.fromkeys(_MODES.values())),
        *("progressive", "has_exif", "has_icc"),
    ),
    "dimensions": ("width", "height", "aspect_ratio", "divisible_by_8", "divisible_by_64"),
    "JPEG quality": (
        "jpeg_quality",
        *(f"{table}_{entry}" for table in _TABLES for entry in ("mean", *_ENTRIES)),
        "subsampling",
    ),
    "colour statistics": (
        *(f"{channel}_{moment}" for moment in ("mean", "deviation", "skewness") for channel in _CHANNELS),
        *("saturation", "colourfulness", "black", "white"),
    ),
    "frequency bands": (*(f"band_{band}" for band in range(1, BANDS + 1)), "blocking"),
}
COLUMNS = tuple(column for columns in GROUPS.values() for column in columns)


def measure(
    root: str | Path, catalogue: pd.DataFrame, *, jobs: int, harmonise: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Measure the shortcut features of every picture of a catalogue.

    `root` and `catalogue` are described in `brushprint.data.catalogue`; `jobs` is the number of threads that decode.
    If `harmonise` holds the arguments of `brushprint.data.harmonise.harmonised`, the harmonised picture and its file
    are measured.

    Returns one row per picture, in the order of the catalogue, with `image_id` and `COLUMNS` as float32. The groups of
    columns are:

    - file size: `bytes`, and bytes per pixel
    - format: 1 in the columns of the file's format and mode, 1 if the file is progressive or interlaced, 1 if it has an
      EXIF block, and 1 if it has a colour profile; else 0
    - dimensions: width and height in pixels after the EXIF orientation has been applied, and their ratio; 1 if both are
      divisible by 8, and 1 if both are divisible by 64; else 0
    - JPEG quality: the quality (1 to 100) at which the reference encoder's luma table is nearest to the file's; the
      mean and the entries at `_ENTRIES` of the luma and the chroma table; Pillow's number for the chroma subsampling
      (0: 4:4:4, 1: 4:2:2, 2: 4:2:0). A feature that the file lacks is -1
    - colour statistics: mean, standard deviation (0 to 255) and skewness of each channel; mean saturation (0 to 1);
      colourfulness (Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003); the share of pixels that
      are nearly black and nearly white
    - frequency bands: common logarithm of the share of luminance power in `BANDS` rings of equal width from 0 to the
      Nyquist frequency of the picture's own pixels, where the last ring includes the higher frequencies in the corners;
      and the mean step between the 8×8 blocks of JPEG divided by the mean step inside them (after Wang, Sheikh and
      Bovik, "No-reference perceptual quality assessment of JPEG compressed images", ICIP 2002), which is 1 if there are
      no blocks

    Two more columns hold text and always describe the original file. `phash_mirrored` is the perceptual hash of the
    mirror image, in the same form as the catalogue's `phash`. `encoding` is JSON with everything that is needed to
    encode another picture in the same way: `format`, `width`, `height`, `quantisation` (tables of 64 numbers, row by
    row) and Pillow's `subsampling`; the last two are null if the file has none. Raises `UserError` if the collection
    has changed since it was catalogued.
    """
    rows = {path: row for row, path in enumerate(catalogue["path"])}
    values = np.empty((len(rows), len(COLUMNS)), dtype=np.float32)
    mirrored, encoding = [""] * len(rows), [""] * len(rows)

    def measured(content: bytes) -> tuple[list[float], str, str]:
        opened = open_picture(content)
        picture = to_rgb(opened)
        original = _mirrored_hash(picture), _encoding(opened, picture)
        if harmonise:
            picture, content = harmonised(picture, **harmonise)
            opened = open_picture(content)
        return _features(content, opened, picture), *original

    for path, result in read_catalogued_files(root, catalogue, measured, jobs, "shortcut features"):
        row = rows[path]
        values[row], mirrored[row], encoding[row] = result
    table = pd.DataFrame(values, columns=list(COLUMNS))
    table.insert(0, "image_id", catalogue["image_id"].to_numpy())
    return table.assign(phash_mirrored=pd.Series(mirrored, dtype=str), encoding=pd.Series(encoding, dtype=str))


def _features(content: bytes, opened: Image.Image, picture: Image.Image) -> list[float]:
    """The features, in the order of `COLUMNS`, of a file with its opened header and its decoded picture."""
    width, height = picture.size
    luminance = np.asarray(_middle(picture).convert("L"), dtype=np.float32)
    return [
        *(len(content), len(content) / (width * height)),
        *_format(opened),
        *(width, height, width / height, *(width % side == height % side == 0 for side in (8, 64))),
        *_jpeg(opened),
        *_colours(picture),
        *_bands(luminance),
        _blocking(luminance),
    ]


def _middle(picture: Image.Image) -> Image.Image:
    """The middle of a picture, at most `SIDE` pixels a side; its top left corner is the corner of a JPEG block."""
    width, height = (min(length, SIDE) for length in picture.size)
    left, top = (picture.width - width) // 16 * 8, (picture.height - height) // 16 * 8
    return picture.crop((left, top, left + width, top + height))


def _mirrored_hash(picture: Image.Image) -> str:
    # The hash uses luminance only, and luminance is mirrored in a third of the time that RGB takes.
    return str(imagehash.phash(ImageOps.mirror(picture.convert("L"))))


def _encoding(opened: Image.Image, picture: Image.Image) -> str:
    tables, subsampling = _quantisation(opened), JpegImagePlugin.get_sampling(opened)
    encoding = {
        # MPO is Pillow's name for a JPEG file that contains further pictures; only the first picture is used.
        "format": "JPEG" if opened.format == "MPO" else opened.format,
        "width": picture.width,
        "height": picture.height,
        "quantisation": tables or None,
        "subsampling": None if subsampling < 0 else subsampling,
    }
    return json.dumps(encoding, separators=(",", ":"))


def _quantisation(opened: Image.Image) -> list[list[int]]:
    """The quantisation tables in Pillow's order, luma first; an empty list if the file is not a JPEG."""
    return [list(table) for _, table in sorted(getattr(opened, "quantization", {}).items())]


def _format(opened: Image.Image) -> list[bool]:
    mode = _MODES.get(opened.mode)
    info = opened.info
    return [
        *(opened.format == name for name in _FORMATS),
        *(mode == name for name in dict.fromkeys(_MODES.values())),
        bool(info.get("progressive") or info.get("interlace")),
        bool(info.get("exif")),
        bool(info.get("icc_profile")),
    ]


def _jpeg(opened: Image.Image) -> list[float]:
    tables = _quantisation(opened)
    if not tables:
        return [-1.0] * len(GROUPS["JPEG quality"])
    quality = np.abs(_luma_tables() - np.array(tables[0])).sum(1).argmin() + 1
    described = [value for table in tables[:2] for value in (np.mean(table), *(table[entry] for entry in _ENTRIES))]
    missing = [-1] * (len(_TABLES) * (1 + len(_ENTRIES)) - len(described))
    return [quality, *described, *missing, JpegImagePlugin.get_sampling(opened)]


@cache
def _luma_tables() -> np.ndarray:
    """The luma table of the reference encoder for each quality from 1 to 100, int [100, 64]."""
    tables = []
    for quality in range(1, 101):
        stream = io.BytesIO()
        Image.new("L", (8, 8)).save(stream, "JPEG", quality=quality)
        tables.append(_quantisation(Image.open(stream))[0])
    return np.array(tables)


def _colours(picture: Image.Image) -> list[float]:
    grid = picture.resize((min(picture.width, GRID), min(picture.height, GRID)), Image.Resampling.NEAREST)
    channels = np.asarray(grid, dtype=np.float64).reshape(-1, 3).T.copy()
    red, green, blue = channels
    deviation = channels.std(1)
    most, least = channels.max(0), channels.min(0)
    saturation = ((most - least) / np.maximum(most, 1)).mean()
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    colourfulness = spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean())
    centred = channels - channels.mean(1, keepdims=True)
    skewness = (centred**2 * centred).mean(1) / np.maximum(deviation, 1e-3) ** 3
    return [
        *channels.mean(1),
        *deviation,
        *skewness,
        saturation,
        colourfulness,
        (most <= _BLACK).mean(),
        (least >= _WHITE).mean(),
    ]


def _bands(luminance: np.ndarray) -> np.ndarray:
    """The share of power in each ring, as a common logarithm, [BANDS]; `luminance` is float32 [height, width].

    Pictures smaller than `SIDE` are padded with zeros, so that the rings are the same for all pictures.
    """
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in luminance.shape)).astype(np.float32)
    spectrum = rfft2((luminance - luminance.mean()) * window, s=(SIDE, SIDE))
    ring, weight = _rings()
    power = np.bincount(ring, (weight * (spectrum.real**2 + spectrum.imag**2)).ravel(), BANDS)
    return np.log10(power / max(power.sum(), _LEAST) + _LEAST)


@cache
def _rings() -> tuple[np.ndarray, np.ndarray]:
    """The ring of each frequency of a real spectrum, and how often the full spectrum has this frequency.

    The rings are int [SIDE * (SIDE // 2 + 1)], flattened row by row. The counts are float32 [SIDE // 2 + 1], one for
    each column.
    """
    down, across = np.fft.fftfreq(SIDE) * 2, np.fft.rfftfreq(SIDE) * 2
    ring = np.minimum(np.hypot(down[:, None], across) * BANDS, BANDS - 1).astype(int)
    weight = np.where((across > 0) & (across < 1), 2, 1).astype(np.float32)
    return ring.ravel(), weight


def _blocking(luminance: np.ndarray) -> float:
    """Divide the mean step at the borders of 8×8 blocks by the mean step inside; `luminance` is [height, width]."""
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(luminance, axis=axis)).mean(1 - axis)
        between = np.arange(1, len(steps) + 1) % 8 == 0
        if between.any():
            # Add a hundredth of a grey level, so that the ratio of a uniform picture is 1.
            ratios.append((steps[between].mean() + 0.01) / (steps[~between].mean() + 0.01))
    return float(np.mean(ratios)) if ratios else 1.0
