"""How often verdicts that may be `unsure` are wrong, and answers that are forced; see `thresholds.cut_offs`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import Estimate


def evaluate(
    is_ai: np.ndarray,
    verdicts: np.ndarray,
    groups: np.ndarray,
    *,
    called_ai: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Measure how often the verdicts on test pictures are wrong.

    Parameters
    ----------
    is_ai : bool [pictures]
    verdicts : str [pictures], `human`, `ai` or `unsure`
    groups : int [pictures], the same number for near duplicates
    called_ai : bool [pictures], the answers of the network if it is forced to answer
    seed : seed of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, the numbers of pictures; and the following shares, each with `value`, `low` and
    `high`, a 95 % bootstrap interval (see `brushprint.stats.bootstrap`), null if there is no picture to count:

    - `unsure`: of all pictures, the share with the verdict `unsure`
    - `wrong`: of the pictures that are called human or AI, the share with the wrong verdict
    - `human_called_ai`, `ai_called_human`: of all human works and of all AI works, the share with the wrong verdict
    - `always`: `wrong`, `human_called_ai` and `ai_called_human` for the answers `called_ai`
    """
    answers = {"": (verdicts == "ai", verdicts == "human"), "always ": (called_ai, ~called_ai)}
    shares = {"unsure": (verdicts == "unsure", np.ones_like(is_ai))}
    for name, (ai, human) in answers.items():
        shares[f"{name}wrong"] = np.where(is_ai, human, ai), ai | human
        shares[f"{name}human_called_ai"] = ai & ~is_ai, ~is_ai
        shares[f"{name}ai_called_human"] = human & is_ai, is_ai
    estimates = _intervals(shares, groups, seed)
    always = {name.removeprefix("always "): estimates.pop(name) for name in shares if name.startswith("always ")}
    counts = {"pictures": len(is_ai), "human": int((~is_ai).sum()), "ai": int(is_ai.sum())}
    return {**counts, **estimates, "always": always}


def _intervals(
    shares: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """The interval of each share; `shares` holds two arrays bool [pictures]: the hits, and the pictures that count."""
    hits, counted = (np.array(rows, dtype=float) for rows in zip(*shares.values(), strict=True))
    if not len(groups):
        return {name: bootstrap.interval(np.nan, np.empty(0)) for name in shares}
    with np.errstate(invalid="ignore"):
        values = hits.sum(1) / counted.sum(1)
        parts = [(hits @ drawn) / (counted @ drawn) for drawn in bootstrap.weights(groups, seed)]
    resampled = np.concatenate(parts, axis=1)
    return {
        name: bootstrap.interval_of_share(value, row, len(np.unique(groups[counts > 0])))
        for name, value, row, counts in zip(shares, values, resampled, counted, strict=True)
    }
