"""Pictures that are embedded in the report's page."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushprint.report.images import EmbeddedImage, embed, embed_file


def content(image: EmbeddedImage) -> bytes:
    return base64.b64decode(image.source.partition(",")[2])


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_png_is_embedded_as_webp_without_loss(tmp_path: Path, mode: str) -> None:
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).convert(mode)
    drawn.save(tmp_path / "figure.png")
    image = embed_file(tmp_path / "figure.png")
    assert image.source.startswith("data:image/webp;base64,")
    assert (image.width, image.height) == (7, 9)
    with Image.open(io.BytesIO(content(image))) as shown:
        assert (np.array(shown) == np.array(drawn.convert("RGB"))).all()


def test_a_jpeg_is_embedded_as_it_is(tmp_path: Path) -> None:
    Image.new("RGB", (5, 3), "red").save(tmp_path / "figure.jpg")
    image = embed_file(str(tmp_path / "figure.jpg"))
    assert image == embed((tmp_path / "figure.jpg").read_bytes())
    assert image.source.startswith("data:image/jpeg;base64,")
    assert content(image) == (tmp_path / "figure.jpg").read_bytes()
    assert (image.width, image.height) == (5, 3)
