"""Checks that apply to every figure, and access to drawn figures."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import PIL.Image
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.text import Text


def check_whole(draw: Callable[[Path], None], target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that a drawing has a white edge on all sides, is not blank, and leaves no figure open in pyplot."""
    rendered = []
    as_image = PIL.Image.fromarray
    monkeypatch.setattr(PIL.Image, "fromarray", lambda pixels: rendered.append(pixels) or as_image(pixels))
    draw(target)
    pixels = rendered[-1]
    assert all((edge == 255).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
    with PIL.Image.open(target) as image:
        image.load()
        assert image.format == "PNG"
        assert max(image.size) < 8000
        assert len(image.convert("L").getcolors()) > 1
    assert not pyplot.get_fignums()


def keep_figures(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> list[Figure]:
    """Make modules append the figures that they draw to the returned list instead of saving them."""
    figures: list[Figure] = []
    for module in modules:
        monkeypatch.setattr(module, "save_figure", lambda figure, *_, **__: figures.append(figure))
    return figures


def words(figure: Figure) -> list[str]:
    """All texts in a figure."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pixels_of(target: Path) -> np.ndarray:
    """The colours of a drawn file, int64 [height, width, 3]."""
    with PIL.Image.open(target) as image:
        return np.asarray(image.convert("RGB"), dtype=int)
