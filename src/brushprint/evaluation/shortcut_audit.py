"""The shortcut audit: whether AI and human pictures can be told apart without looking at the art."""

from collections.abc import Callable, Iterator
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
from brushprint.stats.intervals import FEWEST, LEVEL

ALL = "all cues together"
# How many single cues are named of those that were found.
TELLING = 3
FOLDS = 5
# A pattern that is there by chance is learned from the other folds and confirmed in each, so that at chance a
# cross-validated share varies more than that of as many independent pictures (Noirhomme et al., "Biased binomial
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
    """Judge how well each group of cues tells AI from human pictures, and each AI source from human ones.

    Parameters
    ----------
    cues : a row a picture, see `brushprint.data.shortcut_features.cues`
    catalogue : the same pictures in the same order; columns `origin` and `source`
    groups : int [pictures], the same number for near duplicates, which are never in a model's training and test both
    margin : balanced accuracy beyond chance, 0.5, from which on a group of cues counts as found
    pictures : at most so many are taken, drawn so that each source keeps its share
    seed : of that draw, of the folds, the models and the bootstrap

    Returns
    -------
    A row a question and group of `brushprint.data.shortcut_features.GROUPS`, and of `ALL`:

    - `question`: "ai or human"; where there are several AI sources, for each also "<source> or human"
    - `cues`: the group
    - `pictures`: how many were judged
    - `balanced_accuracy` and `roc_auc` of what gradient-boosted trees say of pictures that they were not fitted to, in
      `FOLDS` folds: `value`, `low`, `high`, a 95 % percentile bootstrap interval over the groups of near duplicates
    - `bound`: what the balanced accuracy surely exceeds: with a probability of 95 % all bounds of the audit hold at
      once, by Bonferroni's correction for the number of questions and groups of cues that are judged
    - `found`: whether `bound` exceeds 0.5 + `margin`
    - `telling`: of a group that was found the at most `TELLING` cues that alone tell most, each `cue`, its `roc_auc`
      (above 0.5: larger in AI pictures), what it is in `ai` and in `human` pictures, and whether that `is` a median or,
      of a cue that is yes or no, a share
    - `why`: None, or why the question is not judged, and all values are None: with fewer than `FEWEST` groups of near
      duplicates of either side nothing is found
    """
    rows = stratified(catalogue["source"], pictures, seed)
    origin, source = (catalogue[column].to_numpy()[rows] for column in ("origin", "source"))
    values, groups = cues[list(COLUMNS)].to_numpy()[rows], np.asarray(groups)[rows]
    questions = _questions(origin, source)
    why = {name: _too_few(origin[asked] == "ai", groups[asked]) for name, asked in questions.items()}
    judged = sum(reason is None for reason in why.values()) * (len(GROUPS) + 1)
    found = []
    for name, asked in questions.items():
        about = {"question": name, "pictures": int(asked.sum()), "why": why[name]}
        if why[name]:
            found += [about | {"cues": group} | _NOT_JUDGED for group in (*GROUPS, ALL)]
            continue
        level = {"error": (1 - LEVEL) / judged, "margin": margin}
        # Threads bring nothing to so small models but waiting for one another, and may add up in another order.
        with threadpool_limits(1):
            answers = _judge(values[asked], origin[asked] == "ai", groups[asked], seed, **level)
            found += [about | answer for answer in answers]
    return found


_UNKNOWN = {"value": None, "low": None, "high": None}
_NOT_JUDGED = {"balanced_accuracy": _UNKNOWN, "roc_auc": _UNKNOWN, "bound": None, "found": None, "telling": []}


def _questions(origin: np.ndarray, source: np.ndarray) -> dict[str, np.ndarray]:
    """Which pictures each question is about, bool [pictures]."""
    made = sorted(set(source[origin == "ai"]))
    human = origin == "human"
    alone = {f"{name} or human": human | ((origin == "ai") & (source == name)) for name in made}
    return {"ai or human": np.ones(len(origin), dtype=bool)} | (alone if len(made) > 1 else {})


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
    """What is said of each group of cues; `error` is the probability with which a bound may be too high."""
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(values, is_ai, groups))
    # A share of the groups divides the variance by it (Bickel, Götze and van Zwet, "Resampling fewer than n
    # observations", 1997).
    resamples = list(bootstrap.weights(groups, seed, share=WORTH))
    for group in (*GROUPS, ALL):
        columns = np.isin(COLUMNS, GROUPS.get(group, COLUMNS))
        score = _scores(values[:, columns], is_ai, folds, seed)
        bound = _bound((score > 0.5) == is_ai, is_ai, groups, error)
        found = bound > 0.5 + margin
        yield {
            "cues": group,
            "balanced_accuracy": _interval(_balanced_accuracy, score, is_ai, resamples),
            "roc_auc": _interval(_roc_auc, score, is_ai, resamples),
            "bound": bound,
            "found": found,
            "telling": _telling(values[:, columns], np.array(COLUMNS)[columns], is_ai) if found else [],
        }


def _scores(values: np.ndarray, is_ai: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], seed: int) -> np.ndarray:
    """The probability that a picture is AI, by the model that was not fitted to it, were half of all AI: [pictures].

    Balanced by Bayes' theorem (Elkan, "The foundations of cost-sensitive learning", 2001): fitting with weights takes
    four times as long.
    """
    score = np.full(len(is_ai), 0.5)
    values = values[:, (values != values[0]).any(0)]
    if values.shape[1]:
        for fitted, held_out in folds:
            model = HistGradientBoostingClassifier(**_MODEL, random_state=seed).fit(values[fitted], is_ai[fitted])
            score[held_out] = expit(logit(model.predict_proba(values[held_out])[:, 1]) - logit(is_ai[fitted].mean()))
    return score


def _bound(right: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, error: float) -> float:
    """What the balanced accuracy exceeds but for a probability of `error`.

    Wilson's lower bounds of both sides' shares, put together as Zou and Donner ("Construction of confidence limits
    about effect measures", 2008) do, which holds for few pictures too, where a bootstrap is too sure. Near duplicates
    count as the number of independent pictures that give a mean as sure (Kish's effective sample size, 1965), taken to
    be all alike.
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


def _interval(
    statistic: Callable, score: np.ndarray, is_ai: np.ndarray, resamples: list[np.ndarray]
) -> dict[str, float]:
    value = statistic(score, is_ai, np.ones((len(score), 1), dtype=np.float32))
    resampled = np.concatenate([statistic(score, is_ai, drawn) for drawn in resamples])
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value[0]), "low": float(low), "high": float(high)}


def _balanced_accuracy(score: np.ndarray, is_ai: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Of each resample, [resamples]; nan where a side was not drawn."""
    right = ((score > 0.5) == is_ai)[:, None]
    with np.errstate(invalid="ignore"):
        return sum((drawn * right)[side].sum(0) / drawn[side].sum(0) for side in (is_ai, ~is_ai)) / 2


def _roc_auc(score: np.ndarray, is_ai: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Of each resample, [resamples], as the normalised Mann-Whitney U statistic (Hanley and McNeil, 1982)."""
    human = np.sort(score[~is_ai])
    order = np.argsort(score[~is_ai], kind="stable")
    lower = np.concatenate([np.zeros((1, drawn.shape[1])), np.cumsum(drawn[~is_ai][order], axis=0, dtype=float)])
    places = [np.searchsorted(human, score[is_ai], side) for side in ("left", "right")]
    below = (lower[places[0]] + lower[places[1]]) / 2
    weight = drawn[is_ai].astype(float)
    with np.errstate(invalid="ignore"):
        return (weight * below).sum(0) / (weight.sum(0) * lower[-1])


def _telling(values: np.ndarray, columns: np.ndarray, is_ai: np.ndarray) -> list[dict[str, Any]]:
    """The cues whose ROC AUC, each taken alone, is farthest from chance."""
    ranks = rankdata(values, axis=0)[is_ai].sum(0)
    ai, human = is_ai.sum(), (~is_ai).sum()
    areas = (ranks - ai * (ai + 1) / 2) / (ai * human)
    told = []
    for index in np.argsort(-np.abs(areas - 0.5), kind="stable")[:TELLING]:
        of = values[:, index].astype(float)
        share = np.isin(of, (0, 1)).all()
        centre = np.mean if share else np.median
        told.append(
            {
                "cue": str(columns[index]),
                "roc_auc": float(areas[index]),
                "is": "share" if share else "median",
                "ai": float(centre(of[is_ai])),
                "human": float(centre(of[~is_ai])),
            }
        )
    return told
