"""The answer of a variant for one picture: the steps before and after the network, which any runtime can compute."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import square
from brushprint.evaluation.thresholds import ai_probability, decide

# An ONNX file stores the result of `facts` in its metadata under this key.
FACTS = "brushprint"


class Answer(NamedTuple):
    """The answer of a variant for one picture.

    `origin` is the verdict `human`, `ai` or `unsure`, see `brushprint.evaluation.thresholds`. `ai` is the calibrated
    probability of AI, 0 to 1, and `label` the most probable class. `sources` and `styles` hold the probability of each
    source and of each style, the most probable first; they are None if the classes do not imply them.
    """

    origin: str
    ai: float
    label: str
    sources: dict[str, float] | None
    styles: dict[str, float] | None


def facts(about: Mapping[str, Any], metrics: Mapping[str, Any], harmonise: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything besides the weights that is needed to answer for a picture, as plain values for JSON.

    Parameters
    ----------
    about : the metadata of the model's file, see `brushprint.models.model.Model`
    metrics : see `brushprint.evaluation.variant.evaluate_variant`
    harmonise : the setting `harmonise` of the collection

    Returns
    -------
    `variant`, `task`, `architecture` and `classes`; `parts`, lists parallel to `classes`: `class`, `origin`, and
    `source` and `style` if every class has one; `image_size` in pixels, `resize` (Pillow filter), `scaling` (`unit` or
    `imagenet`) and `harmonise`, which determine how a picture becomes an input; `temperature` of the calibration;
    `band` with `low` and `high`, see `brushprint.evaluation.thresholds.Ends`
    """
    same = ("variant", "task", "classes", "image_size", "resize")
    return {
        **{name: about[name] for name in same},
        "architecture": about.get("architecture") or about["encoder"],
        "scaling": about.get("scaling", "unit"),
        "parts": {"class": about["classes"], **metrics["says"]},
        "harmonise": dict(harmonise) if harmonise else None,
        "temperature": metrics["calibration"]["temperature"],
        "band": {end: metrics["verdict"][end] for end in ("low", "high")},
    }


def prepare(content: bytes, facts: Mapping[str, Any]) -> np.ndarray:
    """Decode the content of a picture file to the input of the network: uint8 [side, side, 3], RGB.

    Raises `brushprint.data.decoding.UndecodableError`.
    """
    return square(load_rgb(content, facts["harmonise"]), facts["image_size"], facts["resize"])


def answer(probabilities: np.ndarray, facts: Mapping[str, Any]) -> Answer:
    """The answer for calibrated `probabilities`, float [classes]; `facts` is the result of the function `facts`."""
    parts = facts["parts"]
    origins = dict(zip(facts["classes"], parts["origin"], strict=True))
    table = pd.DataFrame([probabilities], columns=[f"p_{name}" for name in facts["classes"]])
    ai = float(ai_probability(table, origins)[0])
    sources, styles = (_added(probabilities, parts[name]) if name in parts else None for name in ("source", "style"))
    label = facts["classes"][int(np.argmax(probabilities))]
    return Answer(decide(ai, facts["band"]), ai, label, sources, styles)


def _added(probabilities: np.ndarray, values: list[str]) -> dict[str, float]:
    """For each of the `values`, the sum of the probabilities of its classes, the largest first."""
    sums = pd.Series(probabilities, dtype=float).groupby(np.array(values)).sum()
    return sums.sort_values(ascending=False, kind="stable").to_dict()
