"""The colours, legends, canvases and file formats that all figures share.

Importing this module does not import matplotlib, because rules read the registry of figures whenever Snakemake starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from brushprint.core.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# The colours of Okabe and Ito, which colour-blind readers can distinguish, with some more added. Figures with more
# names than colours use a rainbow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#000000", "#F0E442", "#8B4513")
KNOWN = {"human": "#0072B2", "ai": "#D55E00", "correct": "#BBBBBB", "misclassified": "#CC0033"}
LEGEND_LIMIT = 12


@cache
def _set_defaults() -> None:
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
        }
    )


def new_figure(size: tuple[float, float], **options: Any) -> Figure:
    """An empty figure of `size` inches; `options` are those of `matplotlib.figure.Figure`.

    The figure is not registered with pyplot, so no window opens and nothing is left in memory.
    """
    from matplotlib.figure import Figure

    _set_defaults()
    return Figure(figsize=size, **options)


def save_figure(figure: Figure, target: Path, dpi: int = 120, trim: bool = True, colours: int = 256) -> None:
    """Draw a figure once and write it as PNG or JPEG, depending on the suffix of `target`.

    A PNG is reduced to the number `colours` of colours that come nearest to all colours of the figure. With `trim`, the
    white margin is cut off.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, ImageOps

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if trim:
        picture = ImageOps.expand(picture.crop(ImageOps.invert(picture).getbbox()), border=8, fill="white")
    with replacing(target) as part:
        if target.suffix == ".png":
            reduced = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            reduced.save(part, "PNG", optimize=True)
        else:
            picture.save(part, "JPEG", quality=45, optimize=True, progressive=True)


def say_instead(words: str, target: Path) -> None:
    """Write a figure that consists of a line of text, for cases in which there is nothing to draw."""
    figure = new_figure((8, 0.8))
    figure.text(0.02, 0.5, words, va="center", fontsize=12)
    save_figure(figure, target)


def tile_canvas(width: int, height: int) -> tuple[np.ndarray, Figure, Callable[..., None]]:
    """A canvas of white pixels for pictures, the figure that shows it, and a function that writes text on the figure.

    The canvas is uint8 [height, width, 4]; the caller fills it and puts it on the figure with `figure.figimage`. The
    function takes the distance from the left and from the top in pixels, a line of text, and options of
    `matplotlib.text.Text`.
    """
    canvas = np.full((height, width, 4), 255, dtype=np.uint8)
    figure = new_figure((width / 96, height / 96), dpi=96, layout="none")

    def write(left: float, top: float, line: str, **options: Any) -> None:
        style: dict[str, Any] = {"fontsize": 8, "va": "bottom"} | options
        figure.text(left, height - top, line, transform=None, **style)

    return canvas, figure, write


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """A picture, uint8 [height, width, 3], scaled to uint8 [side, side, 3]."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def percentages(*axes: Axis, decimals: int | None = None) -> None:
    """Label the ticks of axes as percentages, where 1 is 100 %."""
    from matplotlib.ticker import PercentFormatter

    for axis in axes:
        axis.set_major_formatter(PercentFormatter(1, decimals=decimals))


def whole_numbers(axis: Axis, **options: Any) -> None:
    """Put the ticks of an axis on whole numbers; `options` are those of `matplotlib.ticker.MaxNLocator`."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, **options))


def legend_beside(axis: Axes, fontsize: int) -> None:
    """Put a legend to the right of a chart, with at most the first `LEGEND_LIMIT` names."""
    handles, labels = axis.get_legend_handles_labels()
    axis.legend(
        handles[:LEGEND_LIMIT],
        labels[:LEGEND_LIMIT],
        title=f"the first {LEGEND_LIMIT} of {len(labels)}" if len(labels) > LEGEND_LIMIT else None,
        title_fontsize=fontsize,
        fontsize=fontsize,
        loc="upper left",
        bbox_to_anchor=(1, 1),
    )


def colours_of(names: Sequence[Any]) -> list[Any]:
    """A different colour for each name, taken from `KNOWN` if all names are in it."""
    if all(name in KNOWN for name in names):
        return [KNOWN[name] for name in names]
    if len(names) <= len(COLOURS):
        return list(COLOURS[: len(names)])
    from matplotlib import colormaps

    return list(colormaps["turbo"](np.linspace(0, 1, len(names))))


def spaced(name: str) -> str:
    """A name with spaces in place of underscores."""
    return name.replace("_", " ")


def folded(words: str) -> str:
    """A title with spaces in place of underscores, broken into lines of at most 56 characters."""
    return fill(spaced(words), 56)
