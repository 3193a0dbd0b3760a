"""One answer for each picture: that of the recommended variant, and whether it survives the deliveries of the web."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from brushprint.core.job_log import reading
from brushprint.data.decoding import UndecodableError
from brushprint.data.deliveries import CHOOSING, deliver
from brushprint.data.evidence import Evidence, examine
from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import square
from brushprint.predict.answer import FACTS, Network, Prediction, answer
from brushprint.predict.results import damaged

# At most this many pictures are decoded ahead of the network.
_AHEAD = 4


class OnnxNetwork:
    """A network in an ONNX file that `brushprint.predict.onnx_models` wrote."""

    def __init__(self, file: Path) -> None:
        """Load the file. Raises `UserError` if it is damaged."""
        try:
            self._session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has many kinds of exceptions, of no public base
            raise damaged(file) from error
        self.facts: Mapping[str, Any] = json.loads(self._session.get_modelmeta().custom_metadata_map[FACTS])

    def probabilities(self, squares: np.ndarray) -> np.ndarray:
        """See `Network`."""
        return self._session.run(["probabilities"], {"pictures": squares.astype(np.float32)})[0]


class _Opened(NamedTuple):
    path: Path
    sha256: str
    squares: np.ndarray
    evidence: Evidence


def judge(
    network: Network,
    partitions: Mapping[str, str],
    pictures: Sequence[Path],
    *,
    refuse: Callable[[str], None],
) -> Iterator[Prediction]:
    """Yield a prediction for each picture that can be decoded, in the order of `pictures`.

    If the verdict would be human or AI, depending on the delivery, it is `unsure`, and `changes` is true.

    Parameters
    ----------
    network : the recommended variant
    partitions : see `brushprint.predict.results.Results.partitions`
    pictures : files
    refuse : called with one line for each file that is not a picture or cannot be read
    """
    for opened in _opened(pictures, network.facts, refuse):
        rows = network.probabilities(opened.squares)
        answers = [answer(row, network.facts) for row in rows]
        first = answers[0]
        changes = {"human", "ai"} <= {given.origin for given in answers}
        yield Prediction(
            opened.path,
            opened.sha256,
            network.facts["variant"],
            first._replace(origin="unsure") if changes else first,
            network.facts["band"],
            dict(zip(network.facts["classes"], map(float, rows[0]), strict=True)),
            partitions.get(opened.sha256),
            opened.evidence,
            deliveries={name: given.ai for name, given in zip(CHOOSING, answers[1:], strict=True)},
            changes=changes,
        )


def _opened(pictures: Iterable[Path], facts: Mapping[str, Any], refuse: Callable[[str], None]) -> Iterator[_Opened]:
    """Decode and deliver the next pictures while the network computes."""
    waiting: deque[tuple[Path, Future[_Opened]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for path in pictures:
            waiting.append((path, pool.submit(_open, path, facts)))
            if len(waiting) > _AHEAD:
                yield from _result(*waiting.popleft(), refuse)
        while waiting:
            yield from _result(*waiting.popleft(), refuse)


def _result(path: Path, future: "Future[_Opened]", refuse: Callable[[str], None]) -> Iterator[_Opened]:
    try:
        yield future.result()
    except UndecodableError as error:
        refuse(f"{path}: {error}")
    except OSError as error:
        refuse(f"{path}: {error.strerror or 'cannot be read'}")


def _open(path: Path, facts: Mapping[str, Any]) -> _Opened:
    with reading(str(path)):
        content = path.read_bytes()
        picture = load_rgb(content, facts["harmonise"])
        versions = [picture, *(deliver(picture, name) for name in CHOOSING)]
        squares = np.stack([square(version, facts["image_size"], facts["resize"]) for version in versions])
        return _Opened(path, hashlib.sha256(content).hexdigest(), squares, examine(content))
