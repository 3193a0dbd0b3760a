"""How far clusters agree with styles, sources and outcomes, and how much of this agreement is due to chance."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import entr
from scipy.stats import binom, random_table
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from brushprint.stats.multiple_testing import holm

LABELS = ("style", "source", "outcome")
MEASURES = ("nmi", "ari", "purity", "entropy")
# Agreement with labels, silhouette and stability are not measured for fewer pictures than this.
LEAST = 10
# Silhouette and stability take time quadratic in the number of pictures, so at most this many are sampled for them.
MOST = 2000
# The number of fits from random starts. The best fit gives the clusters; stability is the agreement of all fits.
STARTS = 10
LEVEL = 0.05
# A cluster is named after a style only if more than this share of it has that style.
MAJORITY = 0.5


def k_means(coordinates: np.ndarray, clusters: int, seed: int, starts: int = STARTS) -> KMeans:
    """Fit K-means from `starts` starts and keep the best fit; k is at most the number of distinct points."""
    k = _different(coordinates, clusters)
    return KMeans(n_clusters=k, n_init=starts, random_state=seed).fit(coordinates)


def _different(points: np.ndarray, most: int) -> int:
    """The number of distinct points, but at most `most`; the count stops there."""
    different = set()
    for point in points:
        # Adding 0.0 turns -0.0 into 0.0: both are equal, but their bytes differ.
        different.add((point + 0.0).tobytes())
        if len(different) == most:
            break
    return len(different)


def judge(
    assigned: np.ndarray, coordinates: np.ndarray, labels: pd.DataFrame, *, permutations: int, refits: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measure silhouette, stability and agreement with labels of one fit of K-means, and compare them with chance.

    Parameters
    ----------
    assigned : int [pictures], the cluster of each picture, from 0
    coordinates : float [pictures, components], the points that were clustered
    labels : a row per picture, with columns from `LABELS`; missing values do not count
    permutations : the number of random tables that give the chance distribution for the labels
    refits : the number of refits to shuffled components that give the chance distribution for `silhouette` and
        `stability`
    seed : seed of all random draws

    Returns
    -------
    fit : `pictures`, `k`, `silhouette`, `stability` (for both see `_shape`) and `labels`. For each column, `labels`
        contains `pictures` and `values` (the numbers of pictures with a label and of its distinct values), `why` (the
        reason if nothing is measured, otherwise None), and each of `MEASURES` (None if nothing is measured) with
        `value`, `p` and `chance`: the `mean` and the 2.5 % and 97.5 % quantiles `low` and `high` when the labels are
        permuted at random among the pictures
    clusters : for each cluster and each column, the result of `_dominant`; None if no picture of the cluster has the
        label
    """
    generator = np.random.default_rng(seed)
    clusters = int(assigned.max()) + 1
    measured: dict[str, dict[str, Any]] = {}
    dominant: list[dict[str, Any]] = [dict.fromkeys(labels) for _ in range(clusters)]
    for label in labels:
        known = labels[label].notna().to_numpy()
        # The table has no row for a cluster in which no picture has the label.
        table = pd.crosstab(assigned[known], labels[label][known].to_numpy())
        why = _unmeasured(table, label)
        values = dict.fromkeys(MEASURES) if why else _against_tables(table.to_numpy(), permutations, generator)
        measured[label] = {"pictures": int(table.to_numpy().sum()), "values": table.shape[1], "why": why, **values}
        for cluster, value in zip(table.index, _dominant(table, judged=why is None), strict=True):
            dominant[cluster][label] = value
    shape = _shape(assigned, coordinates, refits, generator)
    return {"pictures": len(assigned), "k": clusters, **shape, "labels": measured}, dominant


def measures(tables: np.ndarray) -> dict[str, np.ndarray]:
    """Compute `MEASURES` for tables [tables, clusters, values] of counts with the same margins; each is [tables].

    The measures are `nmi` (mutual information divided by the mean of both entropies), `ari` (adjusted Rand index,
    Hubert and Arabie, 1985), `purity` (the share of pictures that have the dominant value of their cluster) and
    `entropy` (of the values within a cluster, in bits, averaged over the clusters with their sizes as weights). Each
    table must have at least two clusters and two values.
    """
    pictures = tables[0].sum()
    clusters, values = (entr(tables[0].sum(axis) / pictures).sum() for axis in (1, 0))
    both = entr(tables / pictures).sum((1, 2))
    return {
        "nmi": np.maximum(clusters + values - both, 0) / ((clusters + values) / 2),
        "ari": _adjusted_rand(tables),
        "purity": tables.max(2).sum(1) / pictures,
        "entropy": np.maximum(both - clusters, 0) / np.log(2),
    }


def chance_of_share(size: int, most: int, counts: np.ndarray) -> float:
    """The probability that at least `most` of `size` pictures drawn at random have the same value, whichever it is.

    `counts`, int [values], is the number of pictures with each value; their sum must exceed `size`. The probability is
    exact: multivariate hypergeometric counts are distributed like independent binomial counts, conditional on their sum
    (Levin, 1981).
    """
    rate = size / counts.sum()
    fewer = np.ones(1)
    for count in counts:
        fewer = np.convolve(fewer, binom.pmf(np.arange(min(most - 1, count) + 1), count, rate))[: size + 1]
    reached = fewer[size] if len(fewer) > size else 0.0
    return float(np.clip(1 - reached / binom.pmf(size, counts.sum(), rate), 0, 1))


def _unmeasured(table: pd.DataFrame, label: str) -> str | None:
    """The reason why nothing is measured for a table of clusters (rows) and values of a label (columns), or None."""
    if not table.size:
        return f"no picture has a known {label}"
    if table.to_numpy().sum() < LEAST:
        return f"fewer than {LEAST} pictures"
    if table.shape[1] < 2:
        return f"only one {label}"
    return "only one cluster" if table.shape[0] < 2 else None


def _against_tables(table: np.ndarray, permutations: int, generator: np.random.Generator) -> dict[str, Any]:
    """Compare each of `MEASURES` with random tables of the same margins, which are distributed like permuted labels."""
    drawn = random_table(table.sum(1), table.sum(0)).rvs(permutations, random_state=generator)
    measured = measures(np.concatenate([table[None], drawn]))
    # Low entropy means agreement with the labels; for the other measures, high values do.
    return {name: _against(values[0], values[1:], low=name == "entropy") for name, values in measured.items()}


def _against(value: float, chance: np.ndarray, low: bool = False) -> dict[str, Any]:
    """Compare a value with chance.

    `p` is the share of values that are at least as high (with `low`, at least as low), counting the value itself.
    """
    excess = value - chance if low else chance - value
    ends = np.quantile(chance, [0.025, 0.975])
    return {
        "value": float(value),
        # The tolerance is needed because sums in a different order differ in their last digits.
        "p": float(1 + (excess >= -1e-12).sum()) / (1 + len(chance)),
        "chance": {"mean": float(chance.mean()), "low": float(ends[0]), "high": float(ends[1])},
    }


def _dominant(table: pd.DataFrame, judged: bool) -> list[dict[str, Any]]:
    """Describe the most frequent value of each cluster (row), and whether the cluster may be named after it.

    Each row gives `size` (the number of pictures with a value), `dominant` (the most frequent value), `share` (its
    share of the cluster), `base` (its share of all pictures), `lift` (share divided by base), `entropy` in bits, `p`
    (the probability that a random set of the same size has at least as large a share of any value, corrected by Holm's
    method for the clusters of the fit; None if `judged` is false) and `supported` (p below `LEVEL` and share above
    `MAJORITY`).
    """
    if not table.size:
        return []
    counts = table.to_numpy()
    sizes, base = counts.sum(1), counts.sum(0) / counts.sum()
    most = counts.argmax(1)
    p = holm(
        np.array([chance_of_share(size, row.max(), counts.sum(0)) for size, row in zip(sizes, counts, strict=True)])
        if judged
        else np.ones(len(counts))
    )
    return [
        {
            "size": int(size),
            "dominant": str(table.columns[value]),
            "share": float(row[value] / size),
            "base": float(base[value]),
            "lift": float(row[value] / size / base[value]),
            "entropy": float(entr(row / size).sum() / np.log(2)),
            "p": float(chance) if judged else None,
            "supported": bool(chance < LEVEL and row[value] / size > MAJORITY),
        }
        for size, row, value, chance in zip(sizes, counts, most, p, strict=True)
    ]


def _shape(
    assigned: np.ndarray, coordinates: np.ndarray, refits: int, generator: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """Measure `silhouette` (Rousseeuw, 1987) and `stability`, the mean adjusted Rand index of pairs of fits.

    Each has `value`, `p` and `chance` as in `_against`, None where unknown, and `why`, the reason if any is unknown,
    otherwise None. Chance is the same measure after each component was shuffled separately: this keeps the distribution
    of each component and removes the dependence between them.
    """
    if len(assigned) > MOST:
        chosen = np.sort(generator.choice(len(assigned), MOST, replace=False))
        assigned, coordinates = assigned[chosen], coordinates[chosen]
    why = _shapeless(assigned)
    if why:
        unknown = {"why": why, "value": None, "p": None, "chance": None}
        return {"silhouette": unknown, "stability": unknown}
    k = int(assigned.max()) + 1
    values = np.array([silhouette_score(coordinates, assigned), _stability(coordinates, k, generator)[0]])
    if (np.ptp(coordinates, axis=0) > 0).sum() < 2:
        why = "with one component, shuffling changes nothing"
        measured = [{"why": why, "value": float(value), "p": None, "chance": None} for value in values]
    else:
        chance = np.array([_of_shuffled(coordinates, k, generator) for _ in range(refits)])
        measured = [{"why": None, **_against(*pair)} for pair in zip(values, chance.T, strict=True)]
    return dict(zip(("silhouette", "stability"), measured, strict=True))


def _shapeless(assigned: np.ndarray) -> str | None:
    if len(assigned) < LEAST:
        return f"fewer than {LEAST} pictures"
    clusters = len(np.unique(assigned))
    if clusters < 2:
        return "only one cluster"
    return "as many clusters as pictures" if clusters == len(assigned) else None


def _of_shuffled(coordinates: np.ndarray, k: int, generator: np.random.Generator) -> tuple[float, float]:
    shuffled = generator.permuted(coordinates, axis=0)
    stability, best = _stability(shuffled, k, generator)
    return silhouette_score(shuffled, best), stability


def _stability(coordinates: np.ndarray, k: int, generator: np.random.Generator) -> tuple[float, np.ndarray]:
    """The mean adjusted Rand index of pairs of `STARTS` fits from one start each, and the clusters of the best fit."""
    fits = [k_means(coordinates, k, int(seed), starts=1) for seed in generator.integers(2**31, size=STARTS)]
    members = [np.eye(k)[fit.labels_] for fit in fits]
    tables = np.array([one.T @ other for one, other in combinations(members, 2)])
    best = min(fits, key=lambda fit: fit.inertia_).labels_
    return float(_adjusted_rand(tables).mean()), best


def _adjusted_rand(tables: np.ndarray) -> np.ndarray:
    """The adjusted Rand index of each table [tables, rows, columns] of counts."""

    def pairs(counts: np.ndarray) -> np.ndarray:
        return (counts * (counts - 1) / 2).reshape(len(tables), -1).sum(1)

    together, one, other = pairs(tables), pairs(tables.sum(2)), pairs(tables.sum(1))
    expected = one * other / pairs(tables.sum((1, 2)))
    above = (one + other) / 2 - expected
    return np.where(above > 0, together - expected, 1) / np.where(above > 0, above, 1)
