"""What training again tells: how much of a figure is chance, and what networks make of a generator they never saw."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from brushprint.evaluation import detection
from brushprint.stats import bootstrap
from brushprint.stats.intervals import FEWEST
from brushprint.stats.significance import spread


class Answers(NamedTuple):
    """What a network says of pictures: the probability that each was made by AI, and from which on it says so."""

    score: np.ndarray
    cuts: dict[str, Any]


def answers(predictions: pd.DataFrame, origins: Mapping[str, str], image_ids: pd.Series) -> Answers:
    """The answers of a network to pictures by their ids, at the threshold that validation pictures fix.

    `predictions` of validation and of test pictures are those of `brushprint.training.inference.infer`; `origins` maps
    each class to `human` or `ai`.
    """
    score = pd.Series(detection.ai_probability(predictions, origins), index=predictions["image_id"].to_numpy())
    return Answers(score.loc[image_ids].to_numpy(), detection.cuts(predictions, origins))


def unseen(seen: Answers, left_out: Answers, pictures: pd.DataFrame, source: str, seed: int) -> dict[str, Any]:
    """What leaving a generator out of training does to the answers on its works.

    Parameters
    ----------
    seen, left_out : answers of the variant, and of its arm that never saw the source, to `pictures`
    pictures : test pictures, columns `origin`, `source` and `group` (of near duplicates)
    source : the generator

    Returns
    -------
    `source`, `pictures` (its works), `human` (human works beside them), `why` there is nothing to say or None, and

    - `seen`, `unseen`: what `brushprint.evaluation.detection.evaluate` gives on human works and those of the source
    - `difference`: `balanced_accuracy` and `misses`, unseen less seen, paired, each with its interval
    - `elsewhere`: the arm on human works and those of the generators that it did see, its in-distribution figure;
      None where there is no other
    """
    is_ai = (pictures["origin"] == "ai").to_numpy()
    of_source = (pictures["source"] == source).to_numpy()
    asked = ~is_ai | of_source
    counts = {"source": source, "pictures": int(of_source.sum()), "human": int((~is_ai).sum())}
    if min(counts["pictures"], counts["human"]) < FEWEST:
        return {**counts, "why": f"fewer than {FEWEST} test pictures of the generator, or human ones"}
    group = pictures["group"].to_numpy()

    def judged(given: Answers, rows: np.ndarray) -> dict[str, Any]:
        return detection.evaluate(is_ai[rows], given.score[rows], **given.cuts, groups=group[rows], seed=seed)

    others = ~of_source
    right = np.stack([(given.score >= given.cuts["threshold"]) == is_ai for given in (seen, left_out)])
    return {
        **counts,
        "why": None,
        "seen": judged(seen, asked),
        "unseen": judged(left_out, asked),
        "difference": _difference(right[:, asked].astype(float), is_ai[asked], group[asked], seed),
        "elsewhere": judged(left_out, others) if (is_ai & others).sum() >= FEWEST else None,
    }


def _difference(right: np.ndarray, is_ai: np.ndarray, group: np.ndarray, seed: int) -> dict[str, Any]:
    """How much the second network does better than the first; `right` is float [2, pictures]."""
    sides = (~is_ai, is_ai)
    human, ai = (len(np.unique(group[side])) for side in sides)
    counts = {"balanced_accuracy": (human, ai), "misses": (ai,)}

    def shares(drawn: np.ndarray) -> np.ndarray:
        """How often each network is right on human and on AI works, [2, 2, resamples]; nan where none is drawn."""
        with np.errstate(invalid="ignore"):
            return np.stack([(right[:, side] @ drawn[side]) / drawn[side].sum(0) for side in sides], axis=1)

    def differences(drawn: np.ndarray) -> dict[str, np.ndarray]:
        human, ai = np.diff(shares(drawn), axis=0)[0]
        return {"balanced_accuracy": (human + ai) / 2, "misses": 0 - ai}

    value = differences(np.ones((len(is_ai), 1)))
    resampled = [differences(drawn) for drawn in bootstrap.weights(group, seed)]
    return {
        name: bootstrap.interval_of_change(
            value[name][0], np.concatenate([part[name] for part in resampled]), *counts[name]
        )
        for name in value
    }


def over_seeds(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and spread over networks that differ in their seed alone; see `brushprint.evaluation.metrics`."""
    names = ("accuracy", "balanced_accuracy", "roc_auc", "loss")
    return {name: spread([found[name]["value"] for found in metrics]) for name in names}
