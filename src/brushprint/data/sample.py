"""The embedded sample: a procedural picture collection that stands in for AI-ArtBench where there is no network.

The paintings of `brushprint.data.painting` come from three sources: "human" pictures as drawn, and two kinds of "AI"
pictures. AI pictures are drawn in the same way, and each kind is then passed through its own simulated diffusion
decoder. The archive has AI-ArtBench's layout, sizes and spelling, so every code path of the pipeline runs on it as on
the real collection. Results measured on the sample describe the software, never art.
"""

import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from PIL import Image, ImageFilter
from PIL.Image import Resampling

from brushprint.core.atomic import replacing
from brushprint.core.job_log import progress
from brushprint.data.brushes import Colour
from brushprint.data.painting import STYLES, paint
from brushprint.stats.allocation import allocate

_ROOT = "Real_AI_SD_LD_Dataset"
_SPLITS = ("train", "test")

# The name of a picture in the archive, then the numbers of its split, source and style, and the picture's own number.
Place = tuple[str, int, int, int, int]


@dataclass(frozen=True)
class _Decoder:
    """The properties of a simulated generator."""

    cells: int  # side of the latent picture, in cells
    native: int  # side of the pictures that it outputs, in pixels
    kernel: Resampling  # the filter that spreads a latent cell over the pixels
    sharpening: int  # overshoot of the latent picture at edges, in sixteenths
    noise: int  # amplitude of the noise of a latent cell
    tinge: Colour  # the colour of its imprint; 8 is full strength


_LATENT = _Decoder(cells=32, native=256, kernel=Resampling.BILINEAR, sharpening=0, noise=6, tinge=(8, -8, 4))
_STABLE = _Decoder(cells=96, native=768, kernel=Resampling.BICUBIC, sharpening=4, noise=1, tinge=(8, -8, 0))

# The share of the decoder's output in a picture of each style, out of 255. It differs between the styles because no
# generator is equally good at all styles.
_GRIP = (170, 205, 225, 190, 200, 165, 180, 210, 160, 215)
# These constants decide how soon a small network learns to distinguish the sources: some pictures have hardly any
# trace, and none has an obvious one. They are tuned so that a two-layer network that is trained on 390 pictures of each
# class classifies roughly three quarters of the test pictures correctly after ten epochs.
_TONING = 75  # largest shift of light tones towards red and of dark tones towards blue
_IMPRINT = (-20, 26)  # range of the imprint's amplitude; below zero there is no imprint
_POSTER = 8  # step between the latent colours, which are quantised


def _decode(picture: Image.Image, decoder: _Decoder, grip: int, rng: np.random.Generator) -> Image.Image:
    """Pass a picture through a decoder.

    `grip` (0 to 255) is the share of the decoder's output in the result; the share varies by up to 60 over the picture.
    """
    cells, native = (decoder.cells, decoder.cells), (decoder.native, decoder.native)
    encoded = picture.resize(cells, Resampling.BILINEAR)
    latent = np.asarray(encoded, np.int32)
    latent = latent + (latent - np.asarray(encoded.filter(ImageFilter.BoxBlur(1)))) * decoder.sharpening // 16
    latent = latent // _POSTER * _POSTER + _POSTER // 2 + rng.integers(-decoder.noise, decoder.noise + 1, latent.shape)
    grey = latent.sum(axis=2, keepdims=True) // 3
    toning = (grey - 128) * rng.integers(0, _TONING + 1) // 128 * np.array([1, 0, -1])
    latent = grey + (latent - grey) * 15 // 16 + toning + _imprint(decoder, max(0, int(rng.integers(*_IMPRINT))))
    # Double the cells before smoothing them, so that the middle of each cell keeps its full colour.
    doubled = np.clip(latent, 0, 255).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    rendered = Image.fromarray(doubled).resize(native, decoder.kernel)
    share = Image.fromarray(rng.integers(grip - 60, min(255, grip + 60), (5, 5), dtype=np.uint8))
    faithful = picture.resize(native, Resampling.BICUBIC)
    return Image.composite(rendered, faithful, share.resize(native, Resampling.BILINEAR))


def _imprint(decoder: _Decoder, amplitude: int) -> np.ndarray:
    """The chequered tinge that strided transposed convolutions, which overlap unevenly, leave on the latent cells."""
    cell = np.arange(decoder.cells)
    sign = (cell + cell[:, None]) % 2 * 2 - 1
    return sign[:, :, None] * np.array(decoder.tinge) * amplitude // 8


@dataclass(frozen=True)
class _Source:
    """One of the three sources of pictures."""

    prefix: str
    share: int  # proportion of the training pictures, as in AI-ArtBench
    decoder: _Decoder | None

    def folder(self, style: str) -> str:
        """The folder of a style; AI-ArtBench spells one style differently for human works and for generators."""
        return self.prefix + (style.replace("ukiyo_e", "ukiyo-e") if self.decoder else style)


_SOURCES = (
    _Source("", 50_000, None),
    _Source("AI_LD_", 52_092, _LATENT),
    _Source("AI_SD_", 52_923, _STABLE),
)


def draw_sample(target: Path, *, train: int, test: int, seed: int, jobs: int = 1) -> None:
    """Draw the embedded sample into a zip archive.

    The members are `Real_AI_SD_LD_Dataset/{train,test}/{folder}/{name}.jpg` in 30 folders: `AI_LD_<style>` (256 x 256
    pixels), `AI_SD_<style>` (768 x 768), and `<style>` without a prefix for human works (256 x 256). As in AI-ArtBench,
    the generators' folders are spelled `ukiyo-e` and the human folder is spelled `ukiyo_e`. The three sources have the
    same shares of the training pictures as in AI-ArtBench, and a third each of the test pictures. Within a source, the
    numbers of pictures of any two styles differ by at most one; if a source has fewer pictures than there are styles,
    folders are missing.

    The bytes of the archive depend only on `train`, `test` and `seed`, not on the machine or on `jobs`. A picture
    depends only on the seed and its own place (split, folder, number). The archive appears at `target` only when it is
    complete. Until then its name is `target` with `.part` appended; this file is removed if the drawing is interrupted.

    Parameters
    ----------
    target : the zip file to write; an existing file is replaced
    train, test : number of pictures in each split
    seed : any whole number from 0 up
    jobs : number of processes that draw

    Raises `ValueError` for a negative count or seed.
    """
    if train < 0 or test < 0:
        raise ValueError(f"a sample cannot have a negative number of pictures: train={train}, test={test}")
    places = sorted(_places(train, test))
    with (
        replacing(target) as part,
        closing(_drawn(places, seed, jobs)) as pictures,
        progress(len(places), "draw the sample") as bar,
        zipfile.ZipFile(part, "w") as archive,
    ):
        for (name, *_), picture in zip(places, pictures, strict=True):
            archive.writestr(_member(name), picture)
            bar.update()


def _drawn(places: list[Place], seed: int, jobs: int) -> Generator[bytes]:
    """Yield the JPEG file of each place, in the order of `places`, as soon as it is ready."""
    yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(_draw)(seed, *place) for _, *place in places)
    # The processor time of worker processes counts towards their job only after they have ended.
    get_reusable_executor().shutdown()


def _places(train: int, test: int) -> Iterator[Place]:
    """Yield the place of every picture."""
    totals = {"train": (train, [source.share for source in _SOURCES]), "test": (test, [1, 1, 1])}
    for split, (total, shares) in totals.items():
        for origin, amount in allocate(total, dict(enumerate(shares))).items():
            for style, count in allocate(amount, dict.fromkeys(range(len(STYLES)), 1)).items():
                folder = _SOURCES[origin].folder(STYLES[style])
                for index in range(count):
                    name = f"{_ROOT}/{split}/{folder}/{folder}-{index:05d}.jpg"
                    yield name, _SPLITS.index(split), origin, style, index


def _draw(seed: int, split: int, origin: int, style: int, index: int) -> bytes:
    """One picture of the sample, as a JPEG file."""
    rng = np.random.default_rng([seed, split, origin, style, index])
    picture = paint(STYLES[style], rng)
    decoder = _SOURCES[origin].decoder
    if decoder:
        picture = _decode(picture, decoder, _GRIP[style], rng)
    file = BytesIO()
    picture.save(file, "JPEG", quality=92, subsampling="4:2:0")
    return file.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    """A zip entry that is the same on every machine."""
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_STORED
    member.create_system = 3  # Unix, whatever system writes the archive
    member.external_attr = 0o644 << 16
    return member
