import json

import numpy as np
import pytest
from PIL import Image

from brushprint.data.catalogue import build_catalogue
from brushprint.data.decoding import UndecodableError
from brushprint.data.pixels import write_pixels
from brushprint.predict.answer import answer, facts, prepare
from tests.conftest import encoded, picture
from tests.support.collections import LABELS

CLASSES = ["ai baroque", "ai realism", "human baroque", "human realism"]
ABOUT = {
    **{"variant": "conv3-style", "task": "origin_style", "architecture": "conv3", "classes": CLASSES},
    **{"image_size": 24, "resize": "bilinear", "scaling": "unit", "dropout": 0.5, "epochs": 3},
}
SAYS = {"origin": ["ai", "ai", "human", "human"], "style": ["baroque", "realism"] * 2}
METRICS = {
    "says": SAYS,
    "calibration": {"temperature": 1.3},
    "verdict": {"level": 0.1, "low": 0.3, "high": 0.7, "human": 40, "ai": 40, "why": None, "test": {}},
}
HARMONISE = {"side": 32, "resize": "lanczos", "format": "jpeg", "quality": 80}


def known(**given: object) -> dict:
    return facts(ABOUT, METRICS, None) | given


def test_the_facts_hold_everything_needed_besides_the_weights_and_can_be_written_as_json() -> None:
    found = facts(ABOUT, METRICS, HARMONISE)
    assert found == {
        **{"variant": "conv3-style", "task": "origin_style", "architecture": "conv3", "classes": CLASSES},
        "parts": {"class": CLASSES, **SAYS},
        **{"image_size": 24, "resize": "bilinear", "scaling": "unit", "harmonise": HARMONISE},
        **{"temperature": 1.3, "band": {"low": 0.3, "high": 0.7}},
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_an_answer_sums_the_probabilities_of_the_classes_of_an_origin_and_of_a_style() -> None:
    found = answer(np.array([0.05, 0.4, 0.25, 0.3]), known())
    assert (found.origin, found.ai, found.label) == ("unsure", pytest.approx(0.45), "ai realism")
    assert list(found.styles.items()) == [("realism", pytest.approx(0.7)), ("baroque", pytest.approx(0.3))]
    assert found.sources is None


@pytest.mark.parametrize(
    ("ai", "low", "high", "origin"),
    [
        (0.2, 0.3, 0.7, "human"),
        (0.3, 0.3, 0.7, "unsure"),
        (0.8, 0.3, 0.7, "ai"),
        (0.8, 0.3, None, "unsure"),
        (0.2, None, 0.7, "unsure"),
    ],
)
def test_the_verdict_follows_from_the_band(ai: float, low: float | None, high: float | None, origin: str) -> None:
    two = {"classes": ["ai", "human"], "parts": {"class": ["ai", "human"], "origin": ["ai", "human"]}}
    assert answer(np.array([ai, 1 - ai]), known(**two, band={"low": low, "high": high})).origin == origin


def test_an_answer_includes_sources_if_every_class_has_one() -> None:
    classes = ["dalle", "human", "imagen"]
    three = {"classes": classes, "parts": {"class": classes, "origin": ["ai", "human", "ai"], "source": classes}}
    found = answer(np.array([0.3, 0.1, 0.6]), known(**three))
    assert list(found.sources) == ["imagen", "dalle", "human"]
    assert found.styles is None
    assert found.ai == pytest.approx(0.9)


@pytest.mark.parametrize("harmonise", [None, HARMONISE])
@pytest.mark.parametrize("resize", ["nearest", "bilinear"])
def test_a_picture_is_prepared_exactly_like_the_pictures_of_the_collection(write_files, harmonise, resize, tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    files = {
        "ai/turned.jpg": encoded(picture(1, (60, 40)), exif=turned),
        "ai/see-through.png": encoded(picture(2, (50, 70), "RGBA"), "PNG"),
        "human/grey.png": encoded(picture(3, (33, 33), "L"), "PNG"),
        "human/print.jpg": encoded(picture(4, (40, 64), "CMYK")),
    }
    root = write_files(files)
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    write_pixels(root, table, tmp_path / "pixels.npy", size=24, resize=resize, jobs=1, harmonise=harmonise)
    for path, pixels in zip(table["path"], np.load(tmp_path / "pixels.npy"), strict=True):
        found = prepare(files[path], known(harmonise=harmonise, resize=resize))
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("content", [b"", b"no picture", encoded(picture(1))[:200]])
def test_content_that_cannot_be_decoded_raises_an_error(content: bytes) -> None:
    with pytest.raises(UndecodableError):
        prepare(content, known())
