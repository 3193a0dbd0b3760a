"""Principal components of the features of a network, and clusters in the space of these components."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import eigh, svd

from brushprint.core.tables import ROWS
from brushprint.features.clusters import LEVEL, judge, k_means

OUTCOMES = ("misclassified", "correct")
ALL = "all"
SPACES = ("2d", "full")
# The shares of the variance are listed for at least this many components, and for twice as many as `full` keeps.
SHARES = 20


def latent(
    features: np.ndarray,
    table: pd.DataFrame,
    *,
    variance: float,
    clusters: int,
    permutations: int,
    refits: int,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Project features of test pictures to principal components, cluster the pictures, and measure the clusters.

    The pictures of each outcome are clustered separately, and all pictures are also clustered together.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row per picture: `image_id`, `outcome` (one of `OUTCOMES`), `style`, `source`
    variance : the share of the variance that the `full` space keeps
    clusters : k of K-means; k is smaller if there are fewer distinct pictures
    permutations, refits : settings of the comparison with chance, see `brushprint.features.clusters.judge`
    seed : seed of K-means and of the comparison with chance

    Returns
    -------
    points : `image_id`, `outcome`, `pc1`, `pc2`, and for each space `cluster_<space>` (numbered from 0, the largest
        cluster first) and `distance_<space>` (the Euclidean distance to the centre of the cluster) from clustering each
        outcome separately. The columns `cluster_<space>_all` and `distance_<space>_all` contain the same from
        clustering all pictures together.
    summary : `level`, the significance level for the p-values in `fits`; `values`, the length of the features;
        `components_full`, the number of components of `full`; `variance`; `explained`, the share of the variance of
        each component, for twice as many as `full` keeps and at least `SHARES`, as far as they exist; `explained_2d`,
        the share of the first two components; `clusters`, a list of `outcome` (or `ALL`), `space`, `cluster`, `size`,
        `styles` and `sources` (counts) and `labels`; and `fits`, a list of `outcome`, `space` and the keys of the fit.
        For `labels` and the fit see `brushprint.features.clusters.judge`.

    The components are fitted once on all pictures, so that both outcomes have the same axes.
    """
    components, explained, kept = _principal_components(features, variance)
    points = table[["image_id", "outcome"]].reset_index(drop=True)
    points[["pc1", "pc2"]] = components[:, :2]
    fits, described = [], []
    for space, coordinates in zip(SPACES, (components[:, :2], components[:, :kept]), strict=True):
        for apart in (space, f"{space}_{ALL}"):
            points[f"cluster_{apart}"], points[f"distance_{apart}"] = 0, 0.0
        for outcome in (*OUTCOMES, ALL):
            whole = outcome == ALL
            chosen = (points["outcome"] == outcome).to_numpy() | whole
            if not chosen.any():
                continue
            columns = [f"{name}_{space}{f'_{ALL}' * whole}" for name in ("cluster", "distance")]
            assigned, distance = _clusters(coordinates[chosen], clusters, seed)
            points.loc[chosen, columns[0]], points.loc[chosen, columns[1]] = assigned, distance
            labels = table.loc[chosen, ["style", "source", *(["outcome"] if whole else [])]]
            fit, dominant = judge(
                assigned, coordinates[chosen], labels, permutations=permutations, refits=refits, seed=seed
            )
            fits.append({"outcome": outcome, "space": space, **fit})
            described += _describe(table[chosen], assigned, dominant, outcome, space)
    summary = {
        "level": LEVEL,
        "values": features.shape[1],
        "components_full": kept,
        "variance": variance,
        "explained": explained.tolist(),
        "explained_2d": float(explained[:2].sum()),
        "clusters": described,
        "fits": fits,
    }
    return points, summary


def _principal_components(features: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Return coordinates [pictures, components], shares of the variance, and how many components reach `variance`.

    The coordinates have as many components as reach `variance`, but at least two: a component that the features lack is
    zero. The shares cover more components than the coordinates.
    """
    pictures = len(features)
    if not np.ptp(features, axis=0).any():
        return np.zeros((pictures, 2)), np.zeros(2), 1
    mean = features.mean(0, dtype=np.float64)
    variances, axes = _axes(features, mean)
    explained = variances / variances.sum()
    kept = min(int(np.searchsorted(np.cumsum(explained), variance)) + 1, len(explained))
    # Keep only the axes that are needed, because all axes together would be as large as the features.
    axes = axes[: max(kept, 2)]
    missing = max(0, 2 - len(axes))
    coordinates = np.zeros((pictures, len(axes) + missing))
    for rows in _blocks(pictures):
        coordinates[rows, : len(axes)] = (features[rows] - mean) @ axes.T
    return coordinates, np.pad(explained[: max(2 * kept, SHARES)], (0, missing)), kept


def _axes(features: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The variance of each principal component, the largest first, and its axis: [n], [n, values].

    Both methods below are exact. With more pictures than values, the covariance is the smaller matrix, and the features
    need not be in memory as float64. The sign of each axis makes its coefficient of largest magnitude positive. The
    variances are not divided by the number of pictures.
    """
    pictures, values = features.shape
    if pictures <= values:
        _, spread, axes = svd(features - mean, full_matrices=False, overwrite_a=True, check_finite=False)
        variances = spread**2
    else:
        covariance = np.zeros((values, values))
        for rows in _blocks(pictures):
            centred = features[rows] - mean
            covariance += centred.T @ centred
        variances, columns = eigh(covariance, overwrite_a=True, check_finite=False)
        # Rounding may make a variance of 0 slightly negative.
        variances, axes = variances[::-1].clip(min=0), columns.T[::-1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], axis=1)
    return variances, axes * np.where(largest < 0, -1, 1)


def _blocks(pictures: int) -> list[slice]:
    return [slice(start, start + ROWS) for start in range(0, pictures, ROWS)]


def _clusters(coordinates: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of each point, numbered from the largest cluster, and the distance of the point to its centre."""
    means = k_means(coordinates, clusters, seed)
    by_size = np.argsort(-np.bincount(means.labels_, minlength=means.n_clusters), kind="stable")
    rank = np.argsort(by_size)
    return rank[means.labels_], np.linalg.norm(coordinates - means.cluster_centers_[means.labels_], axis=1)


def _describe(
    table: pd.DataFrame, assigned: np.ndarray, dominant: list[dict[str, Any]], outcome: str, space: str
) -> list[dict[str, Any]]:
    described = []
    for cluster in np.unique(assigned):
        inside = table[assigned == cluster]
        counts = {f"{column}s": inside[column].value_counts().sort_index().to_dict() for column in ("style", "source")}
        row = {"outcome": outcome, "space": space, "cluster": int(cluster), "size": len(inside), **counts}
        described.append({**row, "labels": dominant[cluster]})
    return described
