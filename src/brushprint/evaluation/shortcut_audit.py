"""The shortcut audit: how well features that do not depend on the art separate AI from human pictures."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import fisher_exact, norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from brushprint.data.shortcut_features import COLUMNS, GROUPS
from brushprint.stats import bootstrap
from brushprint.stats.allocation import stratified
from brushprint.stats.bootstrap import Estimate
from brushprint.stats.intervals import FEWEST, LEVEL
from brushprint.stats.roc import RocAuc

ALL = "all features together"
# The largest number of single features that are listed for a group that is reported as a shortcut.
STRONGEST = 3
FOLDS = 5
# A pattern that arises by chance is learned from four folds and confirmed in the fifth, whichever fold is held out. At
# chance level, a cross-validated share therefore varies more than a share of as many independent pictures (Noirhomme et
# al., "Biased binomial assessment of cross-validated estimation of classification accuracies", 2014). If five folds
# learn the direction of one normally distributed feature, the variance is 1 + 4 (2/π) / √7 = 1.96 times as large. Each
# picture therefore counts as half a picture in bounds and intervals.
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
    features: pd.DataFrame, catalogue: pd.DataFrame, groups: np.ndarray, *, margin: float, pictures: int, seed: int
) -> list[dict[str, Any]]:
    """Measure how well each group of features separates AI from human pictures, and each AI source from human pictures.

    Parameters
    ----------
    features : one row for each picture, see `brushprint.data.shortcut_features.measure`
    catalogue : the same pictures in the same order; columns `origin` and `source`
    groups : int [pictures], the same number for near duplicates, which are never in both training and test of a model
    margin : a group of features is reported as a shortcut if the lower bound of its balanced accuracy exceeds chance,
        0.5, by more than this
    pictures : the largest number of pictures to audit; if there are more, a sample is drawn in which each source keeps
        its share
    seed : seed of the sample, the folds, the models and the bootstrap

    Returns
    -------
    One row for each question and each group of `brushprint.data.shortcut_features.GROUPS`, and for `ALL`:

    - `question`: "AI or human"; if there are several AI sources, also "<source> or human" for each of them
    - `features`: the name of the group
    - `pictures`: the number of pictures that the question is about
    - `balanced_accuracy` and `roc_auc` of gradient-boosted trees on pictures that they were not fitted to, in `FOLDS`
      folds: `value`, `low`, `high`, a 95 % percentile bootstrap interval over the groups of near duplicates
    - `bound`: a lower bound of the balanced accuracy. With a probability of 95 %, all bounds of the audit hold at once,
      by Bonferroni's correction for the number of questions and groups of features that are measured
    - `reported`: whether the audit reports the group as a shortcut, because `bound` exceeds 0.5 + `margin`
    - `strongest`: for a reported group, the features, at most `STRONGEST`, that separate best on their own: `feature`,
      its `roc_auc` (above 0.5 if the feature is larger in AI pictures), its typical value in `ai` and in `human`
      pictures, and `is`, which says whether the typical value is a median or, for a yes-or-no feature, a share
    - `why`: None, or the reason why the question is not measured: one origin has fewer than `FEWEST` groups of near
      duplicates. All measures are then None, and `strongest` is empty
    """
    chosen = stratified(catalogue["source"], pictures, seed)
    origin, source = (catalogue[column].to_numpy()[chosen] for column in ("origin", "source"))
    values, groups = features[list(COLUMNS)].to_numpy()[chosen], np.asarray(groups)[chosen]
    questions = _questions(origin, source)
    why = {name: _too_few(origin[asked] == "ai", groups[asked]) for name, asked in questions.items()}
    judged = sum(reason is None for reason in why.values()) * (len(GROUPS) + 1)
    rows: list[dict[str, Any]] = []
    for name, asked in questions.items():
        about = {"question": name, "pictures": int(asked.sum()), "why": why[name]}
        if why[name]:
            rows += [about | {"features": group} | _NOT_JUDGED for group in (*GROUPS, ALL)]
            continue
        level = {"error": (1 - LEVEL) / judged, "margin": margin}
        # Use one thread: more do not speed up such small models, and may change the results by another order of sums.
        with threadpool_limits(1):
            answers = _judge(values[asked], origin[asked] == "ai", groups[asked], seed, **level)
            rows += [about | answer for answer in answers]
    return rows


def compared(unusable: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Compare the unusable files of both origins: what costs one of them more pictures is a shortcut, too.

    `unusable` holds, for `human` and `ai`, the number of `files` and of `rejected` ones among them. Returns the same,
    with `p`, the probability of so large a difference between their shares by chance (Fisher's exact test, two-sided),
    and `reported`, whether it is below 0.05.
    """
    table = [[side["rejected"], side["files"] - side["rejected"]] for side in unusable.values()]
    p = float(fisher_exact(table).pvalue)
    return {**unusable, "p": p, "reported": p < 1 - LEVEL}


_UNKNOWN: Estimate = {"value": None, "low": None, "high": None}
_NOT_JUDGED: dict[str, Any] = {
    "balanced_accuracy": _UNKNOWN,
    "roc_auc": _UNKNOWN,
    "bound": None,
    "reported": None,
    "strongest": [],
}


def _questions(origin: np.ndarray, source: np.ndarray) -> dict[str, np.ndarray]:
    """By question, the pictures that it is about, bool [pictures]."""
    generators = sorted(set(source[origin == "ai"]))
    human = origin == "human"
    single = {f"{name} or human": human | ((origin == "ai") & (source == name)) for name in generators}
    return {"AI or human": np.ones(len(origin), dtype=bool)} | (single if len(generators) > 1 else {})


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
    """Yield a row for each group of features; with the probability `error`, its lower bound is too high."""
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(values, is_ai, groups))
    # Drawing only a share of the groups divides the variance of the resamples by that share, so each picture counts as
    # `WORTH` pictures (Bickel, Götze and van Zwet, "Resampling fewer than n observations", 1997).
    resamples = list(bootstrap.weights(groups, seed, share=WORTH))
    for group in (*GROUPS, ALL):
        columns = np.isin(COLUMNS, GROUPS.get(group, COLUMNS))
        score = _scores(values[:, columns], is_ai, folds, seed)
        bound = _bound((score > 0.5) == is_ai, is_ai, groups, error)
        detected = bound > 0.5 + margin
        yield {
            "features": group,
            "balanced_accuracy": _interval(partial(_balanced_accuracy, score, is_ai), resamples),
            "roc_auc": _interval(RocAuc(is_ai, score), resamples),
            "bound": bound,
            "reported": detected,
            "strongest": _strongest(values[:, columns], np.array(COLUMNS)[columns], is_ai) if detected else [],
        }


def _scores(values: np.ndarray, is_ai: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], seed: int) -> np.ndarray:
    """The probability that each picture is AI, float [pictures], from the model that was not fitted to the picture.

    Bayes' theorem converts it to the probability for a collection of which half is AI (Elkan, "The foundations of
    cost-sensitive learning", 2001). Fitting with weights would have the same purpose, but takes four times as long.
    """
    score = np.full(len(is_ai), 0.5)
    values = values[:, (values != values[0]).any(0)]
    if values.shape[1]:
        for fitted, held_out in folds:
            model = HistGradientBoostingClassifier(**_MODEL, random_state=seed).fit(values[fitted], is_ai[fitted])
            score[held_out] = expit(logit(model.predict_proba(values[held_out])[:, 1]) - logit(is_ai[fitted].mean()))
    return score


def _bound(right: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, error: float) -> float:
    """A lower bound of the balanced accuracy, which is too high with a probability of `error`.

    The bound combines Wilson's lower bounds for the accuracies of both origins by the method of Zou and Donner
    ("Construction of confidence limits about effect measures", 2008). The method is valid for few pictures too, for
    which a bootstrap is overconfident. Near duplicates are assumed to be identical. The pictures of an origin therefore
    count as the number of independent pictures whose mean has the same variance (Kish's effective sample size, 1965).
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
    """The interval of a statistic.

    `statistic` maps how often each picture is drawn, [pictures, resamples], to its values [resamples].
    """
    value = statistic(np.ones((len(resamples[0]), 1), dtype=np.float32))
    resampled = np.concatenate([statistic(drawn) for drawn in resamples])
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value[0]), "low": float(low), "high": float(high)}


def _balanced_accuracy(score: np.ndarray, is_ai: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Balanced accuracy [resamples]; nan where no picture of an origin is drawn."""
    right = ((score > 0.5) == is_ai)[:, None]
    with np.errstate(invalid="ignore"):
        return sum((drawn * right)[side].sum(0) / drawn[side].sum(0) for side in (is_ai, ~is_ai)) / 2


def _strongest(values: np.ndarray, columns: np.ndarray, is_ai: np.ndarray) -> list[dict[str, Any]]:
    """The `STRONGEST` features with the ROC AUC, of each feature alone, that is farthest from chance."""
    ranks = rankdata(values, axis=0)[is_ai].sum(0)
    ai, human = is_ai.sum(), (~is_ai).sum()
    areas = (ranks - ai * (ai + 1) / 2) / (ai * human)
    strongest = []
    for index in np.argsort(-np.abs(areas - 0.5), kind="stable")[:STRONGEST]:
        feature = values[:, index].astype(float)
        share = np.isin(feature, (0, 1)).all()
        centre = np.mean if share else np.median
        strongest.append(
            {
                "feature": str(columns[index]),
                "roc_auc": float(areas[index]),
                "is": "share" if share else "median",
                "ai": float(centre(feature[is_ai])),
                "human": float(centre(feature[~is_ai])),
            }
        )
    return strongest
