"""The recommended network answers a picture and its deliveries; a verdict that flips is unsure."""

import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from brushprint.data.deliveries import CHOOSING, deliver
from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import square
from brushprint.predict.judge import judge
from tests.conftest import encoded, picture
from tests.support import evidence


class Dealt:
    """A network whose probability of AI is that of a table, by the number of the version of a picture."""

    facts: ClassVar[dict] = {
        **{"variant": "best", "classes": ["ai", "human"], "image_size": 16, "resize": "crop", "harmonise": None},
        "parts": {"class": ["ai", "human"], "origin": ["ai", "human"]},
        "band": {"low": 0.2, "high": 0.8},
    }

    def __init__(self, *scores: float) -> None:
        self.scores, self.seen = np.array(scores), []

    def probabilities(self, squares: np.ndarray) -> np.ndarray:
        self.seen.append(squares)
        return np.stack([self.scores, 1 - self.scores], axis=1)


def answered(network: Dealt, *files: Path, **partitions: str) -> tuple[list, list[str]]:
    refused: list[str] = []
    return list(judge(network, partitions, files, refuse=refused.append)), refused


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(encoded(picture(1, (60, 40)), "PNG"))
    return tmp_path / "a.png"


def test_the_network_sees_the_picture_and_its_deliveries(file: Path) -> None:
    network = Dealt(0.9, 0.85, 0.9, 0.9, 0.5, 0.9, 0.9)
    [[prediction], refused] = answered(network, file)
    image = load_rgb(file.read_bytes(), None)
    for seen, version in zip(network.seen[0], [image, *(deliver(image, name) for name in CHOOSING)], strict=True):
        np.testing.assert_array_equal(seen, square(version, 16, "crop"))
    assert refused == []
    assert (prediction.variant, prediction.answer.origin, prediction.answer.ai) == ("best", "ai", 0.9)
    assert prediction.deliveries == dict(zip(CHOOSING, [0.85, 0.9, 0.9, 0.5, 0.9, 0.9], strict=True))
    assert (prediction.changes, prediction.limits) == (False, {"low": 0.2, "high": 0.8})
    assert prediction.probabilities == {"ai": 0.9, "human": pytest.approx(0.1)}


@pytest.mark.parametrize(
    ("scores", "origin", "changes"),
    [
        ((0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9), "unsure", True),
        ((0.5, 0.1, 0.9, 0.5, 0.5, 0.5, 0.5), "unsure", True),
        ((0.1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1), "human", False),
        ((0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9), "unsure", False),
    ],
)
def test_a_verdict_that_is_human_or_ai_depending_on_the_delivery_is_unsure(file, scores, origin, changes) -> None:
    [[prediction], _] = answered(Dealt(*scores), file)
    assert (prediction.answer.origin, prediction.changes) == (origin, changes)
    assert prediction.answer.ai == scores[0]


def test_files_keep_their_order_and_those_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(12)]
    for number, path in enumerate(files):
        path.write_bytes(encoded(picture(number), "PNG") if number % 3 else b"no picture")
    files.insert(5, tmp_path / "missing.png")
    answers, refused = answered(Dealt(*[0.5] * 7), *files)
    assert [found.picture.name for found in answers] == [f"{number}.png" for number in range(12) if number % 3]
    reasons = [f"{tmp_path}/{number}.png: a text file" for number in (0, 3, 6, 9)]
    assert refused == [*reasons[:2], f"{tmp_path}/missing.png: No such file or directory", *reasons[2:]]


def test_known_pictures_and_declarations_are_marked(tmp_path: Path) -> None:
    content = evidence.cases()["comfyui.png"].content
    (tmp_path / "a.png").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    [[prediction], _] = answered(Dealt(*[0.1] * 7), tmp_path / "a.png", **{digest: "train"})
    assert (prediction.partition, prediction.sha256) == ("train", digest)
    assert prediction.evidence.declaration == "ai"
    # What the file declares is never part of the answer.
    assert (prediction.answer.origin, prediction.answer.ai) == ("human", 0.1)
