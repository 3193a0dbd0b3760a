"""What holds of every figure."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from brushprint.figures import style


def check_whole_and_the_same_twice(draw: Callable[[Path], None], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off or left open, something is drawn, and a second time with the same bytes."""
    rendered = []
    as_image = style.Image.fromarray
    monkeypatch.setattr(style.Image, "fromarray", lambda pixels: rendered.append(pixels) or as_image(pixels))
    for target in (folder / "one.png", folder / "other.png"):
        draw(target)
    pixels = rendered[-1]
    assert all((edge == 255).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
    assert (folder / "one.png").read_bytes() == (folder / "other.png").read_bytes()
    with Image.open(folder / "one.png") as image:
        assert max(image.size) < 8000
        assert len(image.convert("L").getcolors()) > 1
    assert not style.plt.get_fignums()
