"""Evaluates retrained variants: how much measures vary with the seed, and how well unseen generators are detected."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd

from brushprint.evaluation import detection
from brushprint.evaluation.metrics import evaluate
from brushprint.evaluation.predictions import class_names
from brushprint.stats import bootstrap
from brushprint.stats.intervals import FEWEST, LOSS, SHARE
from brushprint.stats.roc import RecallAt
from brushprint.stats.significance import spread

# Recall is also compared at this rate of false alarms, if there are at least so many human works: with fewer, a single
# false alarm already exceeds it.
STRICT, ENOUGH = 0.01, 100


class Arm(TypedDict):
    """A variant that repeats the variant `parent` with another seed, or without some generators.

    `without` lists the generators that are excluded from training. `unseen` is the one among them whose pictures test
    the variant; it is None for another seed.
    """

    parent: str
    unseen: str | None
    without: Sequence[str]


class Answers(NamedTuple):
    """A network's probabilities of AI for some pictures, float [pictures], and whether it calls them AI, bool."""

    score: np.ndarray
    called_ai: np.ndarray


def evaluate_arms(
    predictions: Mapping[str, pd.DataFrame], arms: Mapping[str, Arm], *, rate: float, seed: int
) -> dict[str, list[dict[str, Any]]]:
    """Compare retrained variants (arms) with the variants that they repeat.

    Parameters
    ----------
    predictions : the predictions for test pictures by name, of each variant and then of each arm; see
        `brushprint.evaluation.predictions.predictions_table`
    arms : the arms by name
    rate : the share of human works that may be called AI
    seed : seed of the bootstrap

    Returns
    -------
    `seeds`: one row for each variant with further seeds: `variant`, `networks` (their number) and the result of
    `over_seeds`; `unseen`: one row for each arm without a generator: `variant` and the result of `unseen`
    """
    rows: dict[str, list[dict[str, Any]]] = {"seeds": [], "unseen": []}
    for variant in (name for name in predictions if name not in arms):
        tested = predictions[variant]
        own = {name: arm for name, arm in arms.items() if arm["parent"] == variant}
        networks = [variant, *(name for name, arm in own.items() if arm["unseen"] is None)]
        if len(networks) > 1:
            measured = [_evaluated(predictions[name], seed) for name in networks]
            rows["seeds"].append({"variant": variant, "networks": len(networks), **over_seeds(measured)})
        seen = answers(tested, tested["image_id"])
        for name, arm in own.items():
            if arm["unseen"] is not None:
                left_out = answers(predictions[name], tested["image_id"])
                rows["unseen"].append(
                    {
                        "variant": variant,
                        **unseen(seen, left_out, tested, arm["unseen"], arm["without"], rate=rate, seed=seed),
                    }
                )
    return rows


def _evaluated(test: pd.DataFrame, seed: int) -> dict[str, Any]:
    return evaluate(test, pd.DataFrame(index=class_names(test)), test["group"].to_numpy(), seed)


def answers(predictions: pd.DataFrame, image_ids: pd.Series) -> Answers:
    """The answers of a network for the pictures `image_ids`, in this order."""
    asked = predictions.set_index("image_id").loc[image_ids]
    return Answers(asked["ai_probability"].to_numpy(), asked["called_ai"].to_numpy())


def unseen(
    seen: Answers,
    left_out: Answers,
    pictures: pd.DataFrame,
    source: str,
    without: Sequence[str],
    *,
    rate: float,
    seed: int,
) -> dict[str, Any]:
    """Measure how the answers for a generator's pictures change if the generator is excluded from training.

    Parameters
    ----------
    seen, left_out : the answers for `pictures` by the variant, and by its arm that was trained without the generator
    pictures : test pictures, columns `origin`, `source` and `group` (of near duplicates)
    source : the generator
    without : all generators that the arm was trained without, `source` among them
    rate : the share of human works that may be called AI
    seed : seed of the bootstrap

    Returns
    -------
    `source`; `trained_on`, the AI sources that the arm was trained on; `pictures`, the number of pictures by the
    generator; `human`, the number of human works; and `why`, the reason why there are too few for a conclusion, or
    None. If there are enough, also:

    - `seen`, `unseen`: `brushprint.evaluation.detection.evaluate` of the variant and of the arm, on human works and
      pictures by the generator
    - `difference`: `balanced_accuracy` and `misses`, unseen minus seen, paired, each with its interval
    - `recall`: a row for each rate of false alarms: `rate`, and the recall `seen`, `unseen` and their paired
      `difference` at thresholds at which this share of the human works is called AI by both, each with its interval;
      `STRICT` has a row only with at least `ENOUGH` human works
    - `elsewhere`: the arm on human works and pictures by the generators on which it was trained; None if there
      are too few pictures by these generators
    """
    is_ai = (pictures["origin"] == "ai").to_numpy()
    from_source = (pictures["source"] == source).to_numpy()
    asked = ~is_ai | from_source
    works, human = int(from_source.sum()), int((~is_ai).sum())
    known = ~is_ai | ~pictures["source"].isin(without).to_numpy()
    trained_on = sorted(pictures.loc[is_ai & known, "source"].unique())
    counts = {"source": source, "trained_on": trained_on, "pictures": works, "human": human}
    if min(works, human) < FEWEST:
        return {**counts, "why": f"fewer than {FEWEST} test pictures of the generator or of human works"}
    group = pictures["group"].to_numpy()

    def judged(network: Answers, rows: np.ndarray) -> dict[str, Any]:
        return detection.evaluate(
            is_ai[rows], network.score[rows], called_ai=network.called_ai[rows], groups=group[rows], seed=seed
        )

    right = np.stack([network.called_ai == is_ai for network in (seen, left_out)])
    return {
        **counts,
        "why": None,
        "seen": judged(seen, asked),
        "unseen": judged(left_out, asked),
        "difference": _difference(right[:, asked].astype(float), is_ai[asked], group[asked], seed),
        "recall": _recalls(
            [network.score[asked] for network in (seen, left_out)], is_ai[asked], group[asked], rate=rate, seed=seed
        ),
        "elsewhere": judged(left_out, known) if (is_ai & known).sum() >= FEWEST else None,
    }


def _recalls(
    scores: Sequence[np.ndarray], is_ai: np.ndarray, group: np.ndarray, *, rate: float, seed: int
) -> list[dict[str, Any]]:
    """The recall of two networks at equal rates of false alarms, and the second's minus the first's.

    `scores` holds the probabilities of AI that each network gives, float [pictures].
    """
    works = len(np.unique(group[is_ai]))
    rows = []
    for at in sorted({rate, STRICT} if (~is_ai).sum() >= ENOUGH else {rate}, reverse=True):
        networks = [RecallAt(is_ai, score, at) for score in scores]
        value = np.concatenate([recall(np.ones((len(is_ai), 1), np.float32)) for recall in networks])
        resampled = np.concatenate(
            [np.stack([recall(drawn) for recall in networks]) for drawn in bootstrap.weights(group, seed)], axis=1
        )
        rows.append(
            {
                "rate": at,
                "seen": bootstrap.interval_of_share(value[0], resampled[0], works),
                "unseen": bootstrap.interval_of_share(value[1], resampled[1], works),
                "difference": bootstrap.interval_of_change(value[1] - value[0], resampled[1] - resampled[0], works),
            }
        )
    return rows


def _difference(right: np.ndarray, is_ai: np.ndarray, group: np.ndarray, seed: int) -> dict[str, Any]:
    """The second network's measures minus the first's; `right`, float [2, pictures], is 1 for a correct answer."""
    sides = (~is_ai, is_ai)
    human, ai = (len(np.unique(group[side])) for side in sides)
    counts: dict[str, tuple[int, ...]] = {"balanced_accuracy": (human, ai), "misses": (ai,)}

    def shares(drawn: np.ndarray) -> np.ndarray:
        """The accuracy of each network on human and on AI works, [2, 2, resamples]; nan where none is drawn."""
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
    """The mean and spread of measures over networks that differ only in their seed.

    `metrics` holds the result of `brushprint.evaluation.metrics.evaluate` for each network.
    """
    measures = {"accuracy": SHARE, "balanced_accuracy": SHARE, "roc_auc": SHARE, "loss": LOSS}
    return {
        name: spread([measured[name]["value"] for measured in metrics], within) for name, within in measures.items()
    }
