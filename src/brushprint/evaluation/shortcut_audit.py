"""The shortcut audit: how well AI and human pictures are told apart by features that are not the art."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from brushprint.data.shortcut_features import COLUMNS, GROUPS
from brushprint.stats import bootstrap
from brushprint.stats.allocation import stratified
from brushprint.stats.bootstrap import Estimate
from brushprint.stats.intervals import FEWEST, LEVEL
from brushprint.stats.roc import RocAuc

ALL = "all cues together"
# At most so many single cues are listed for a group of cues that was detected.
TELLING = 3
FOLDS = 5
# A pattern that arises by chance is learned from the other folds and confirmed in each. At chance, a cross-validated
# share therefore varies more than that of as many independent pictures (Noirhomme et al., "Biased binomial
# assessment of cross-validated estimation of classification accuracies", 2014): where five folds learn the direction of
# one normal cue, the variance is 1 + 4 (2/π) / √7 = 1.96 times as large. A picture counts half in bounds and intervals.
WORTH = 0.5
_MODEL = {
    "max_iter": 20,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 5,
    "learning_rate": 0.3,
    "max_bins": 63,
    "early_stopping": False,
}


def audit(
    cues: pd.DataFrame, catalogue: pd.DataFrame, groups: np.ndarray, *, margin: float, pictures: int, seed: int
) -> list[dict[str, Any]]:
    """Judge how well each group of cues tells AI from human pictures, and each AI source from human pictures.

    Parameters
    ----------
    cues : a row a picture, see `brushprint.data.shortcut_features.cues`
    catalogue : the same pictures in the same order; columns `origin` and `source`
    groups : int [pictures], the same number for near duplicates, which are never in both training and test of a model
    margin : balanced accuracy beyond chance, 0.5, from which on a group of cues counts as detected
    pictures : at most so many are audited, drawn so that each source keeps its share
    seed : of that draw, of the folds, the models and the bootstrap

    Returns
    -------
    A row a question and group of `brushprint.data.shortcut_features.GROUPS`, and of `ALL`:

    - `question`: "ai or human"; where there are several AI sources, for each also "<source> or human"
    - `cues`: the group
    - `pictures`: how many were judged
    - `balanced_accuracy` and `roc_auc` of gradient-boosted trees on pictures that they were not fitted to, in `FOLDS`
      folds: `value`, `low`, `high`, a 95 % percentile bootstrap interval over the groups of near duplicates
    - `bound`: a lower bound of the balanced accuracy; with a probability of 95 % all bounds of the audit hold at once,
      by Bonferroni's correction for the number of questions and groups of cues that are judged
    - `found`: whether `bound` exceeds 0.5 + `margin`
    - `telling`: for a group that was found, the at most `TELLING` cues that alone separate best: `cue`, its `roc_auc`
      (above 0.5: larger in AI pictures), its typical value in `ai` and in `human` pictures, and whether that `is` a
      median or, for a cue that is yes or no, a share
    - `why`: None, or why the question is not judged, with all values None: either side has fewer than `FEWEST` groups
      of near duplicates
    """
    chosen = stratified(catalogue["source"], pictures, seed)
    origin, source = (catalogue[column].to_numpy()[chosen] for column in ("origin", "source"))
    values, groups = cues[list(COLUMNS)].to_numpy()[chosen], np.asarray(groups)[chosen]
    questions = _questions(origin, source)
    why = {name: _too_few(origin[asked] == "ai", groups[asked]) for name, asked in questions.items()}
    judged = sum(reason is None for reason in why.values()) * (len(GROUPS) + 1)
    rows: list[dict[str, Any]] = []
    for name, asked in questions.items():
        about = {"question": name, "pictures": int(asked.sum()), "why": why[name]}
        if why[name]:
            rows += [about | {"cues": group} | _NOT_JUDGED for group in (*GROUPS, ALL)]
            continue
        level = {"error": (1 - LEVEL) / judged, "margin": margin}
        # Threads do not speed up such small models, and may add up in another order.
        with threadpool_limits(1):
            answers = _judge(values[asked], origin[asked] == "ai", groups[asked], seed, **level)
            rows += [about | answer for answer in answers]
    return rows


_UNKNOWN: Estimate = {"value": None, "low": None, "high": None}
_NOT_JUDGED: dict[str, Any] = {
    "balanced_accuracy": _UNKNOWN,
    "roc_auc": _UNKNOWN,
    "bound": None,
    "found": None,
    "telling": [],
}


def _questions(origin: np.ndarray, source: np.ndarray) -> dict[str, np.ndarray]:
    """Which pictures each question is about, bool [pictures]."""
    generators = sorted(set(source[origin == "ai"]))
    human = origin == "human"
    single = {f"{name} or human": human | ((origin == "ai") & (source == name)) for name in generators}
    return {"ai or human": np.ones(len(origin), dtype=bool)} | (single if len(generators) > 1 else {})


def _too_few(is_ai: np.ndarray, groups: np.ndarray) -> str | None:
    for side, inside in (("AI", is_ai), ("human", ~is_ai)):
        if not inside.any():
            return f"there is no {side} picture"
        if (few := len(np.unique(groups[inside]))) < FEWEST:
            return f"only {few} {side} pictures differ, and at least {FEWEST} are needed"
    return None


def _judge(
    values: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, seed: int, *, error: float, margin: float
) -> Iterator[dict[str, Any]]:
    """The answer for each group of cues; `error` is the probability with which a bound may be too high."""
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(values, is_ai, groups))
    # A share of the groups divides the variance by it (Bickel, Götze and van Zwet, "Resampling fewer than n
    # observations", 1997).
    resamples = list(bootstrap.weights(groups, seed, share=WORTH))
    for group in (*GROUPS, ALL):
        columns = np.isin(COLUMNS, GROUPS.get(group, COLUMNS))
        score = _scores(values[:, columns], is_ai, folds, seed)
        bound = _bound((score > 0.5) == is_ai, is_ai, groups, error)
        detected = bound > 0.5 + margin
        yield {
            "cues": group,
            "balanced_accuracy": _interval(partial(_balanced_accuracy, score, is_ai), resamples),
            "roc_auc": _interval(RocAuc(is_ai, score), resamples),
            "bound": bound,
            "found": detected,
            "telling": _telling(values[:, columns], np.array(COLUMNS)[columns], is_ai) if detected else [],
        }


def _scores(values: np.ndarray, is_ai: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], seed: int) -> np.ndarray:
    """The probability that a picture is AI, float [pictures], by the model that was not fitted to it.

    It is the probability for a collection of which half is AI, by Bayes' theorem (Elkan, "The foundations of
    cost-sensitive learning", 2001): fitting with weights takes four times as long.
    """
    score = np.full(len(is_ai), 0.5)
    values = values[:, (values != values[0]).any(0)]
    if values.shape[1]:
        for fitted, held_out in folds:
            model = HistGradientBoostingClassifier(**_MODEL, random_state=seed).fit(values[fitted], is_ai[fitted])
            score[held_out] = expit(logit(model.predict_proba(values[held_out])[:, 1]) - logit(is_ai[fitted].mean()))
    return score


def _bound(right: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, error: float) -> float:
    """The lower bound of the balanced accuracy, which is too high with a probability of `error`.

    It combines Wilson's lower bounds of both sides' shares as Zou and Donner do ("Construction of confidence limits
    about effect measures", 2008), which holds for few pictures too, where a bootstrap is overconfident. Near duplicates
    are taken to be all alike, and count as the number of independent pictures that give a mean of the same variance
    (Kish's effective sample size, 1965).
    """
    quantile = norm.isf(error)
    shares, below = [], []
    for side in (is_ai, ~is_ai):
        sizes = np.unique(groups[side], return_counts=True)[1]
        count, share = WORTH * sizes.sum() ** 2 / (sizes**2).sum(), right[side].mean()
        middle = share + quantile**2 / (2 * count)
        half = quantile * np.sqrt(share * (1 - share) / count + (quantile / (2 * count)) ** 2)
        shares.append(share)
        below.append(share - (middle - half) / (1 + quantile**2 / count))
    return float(np.mean(shares) - np.hypot(*below) / 2)


def _interval(statistic: Callable[[np.ndarray], np.ndarray], resamples: list[np.ndarray]) -> Estimate:
    """The interval of a statistic [resamples] of how often each picture is drawn, [pictures, resamples]."""
    value = statistic(np.ones((len(resamples[0]), 1), dtype=np.float32))
    resampled = np.concatenate([statistic(drawn) for drawn in resamples])
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value[0]), "low": float(low), "high": float(high)}


def _balanced_accuracy(score: np.ndarray, is_ai: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Balanced accuracy [resamples]; nan where a side was not drawn."""
    right = ((score > 0.5) == is_ai)[:, None]
    with np.errstate(invalid="ignore"):
        return sum((drawn * right)[side].sum(0) / drawn[side].sum(0) for side in (is_ai, ~is_ai)) / 2


def _telling(values: np.ndarray, columns: np.ndarray, is_ai: np.ndarray) -> list[dict[str, Any]]:
    """The cues whose ROC AUC, each taken alone, is farthest from chance."""
    ranks = rankdata(values, axis=0)[is_ai].sum(0)
    ai, human = is_ai.sum(), (~is_ai).sum()
    areas = (ranks - ai * (ai + 1) / 2) / (ai * human)
    telling = []
    for index in np.argsort(-np.abs(areas - 0.5), kind="stable")[:TELLING]:
        cue = values[:, index].astype(float)
        share = np.isin(cue, (0, 1)).all()
        centre = np.mean if share else np.median
        telling.append(
            {
                "cue": str(columns[index]),
                "roc_auc": float(areas[index]),
                "is": "share" if share else "median",
                "ai": float(centre(cue[is_ai])),
                "human": float(centre(cue[~is_ai])),
            }
        )
    return telling
