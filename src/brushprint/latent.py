"""What a network learned: principal components of its features, and clusters in them (source 000)."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

OUTCOMES = ("misclassified", "correct")
SPACES = ("2d", "full")


def latent(
    features: np.ndarray, table: pd.DataFrame, *, variance: float, clusters: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Project features of test pictures and cluster the misclassified and the correctly classified ones apart.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row a picture: `image_id`, `outcome` (one of `OUTCOMES`), `style`, `source`
    variance : share that the `full` space keeps
    clusters : k of K-means; fewer where there are not as many different pictures
    seed : of K-means

    Returns
    -------
    points : `image_id`, `outcome`, `pc1`, `pc2`, and for each space `cluster_<space>`, from 0, the largest first,
        and `distance_<space>`, the Euclidean distance to the centre of the cluster
    summary : `values`, `components_full`, `explained` (share a component, as many as `full` keeps and at least two),
        `explained_2d`, and `clusters`: a list of `outcome`, `space`, `cluster`, `size`, `styles` and `sources` (counts)

    The components are fitted once on all pictures, so that both outcomes are drawn on the same axes.
    """
    components, explained, kept = _principal_components(features, variance)
    points = table[["image_id", "outcome"]].reset_index(drop=True)
    points[["pc1", "pc2"]] = components[:, :2]
    described = []
    for space, coordinates in zip(SPACES, (components[:, :2], components[:, :kept]), strict=True):
        points[f"cluster_{space}"] = 0
        points[f"distance_{space}"] = 0.0
        for outcome in OUTCOMES:
            chosen = (points["outcome"] == outcome).to_numpy()
            if chosen.any():
                named, distance = _clusters(coordinates[chosen], clusters, seed)
                points.loc[chosen, f"cluster_{space}"] = named
                points.loc[chosen, f"distance_{space}"] = distance
                described += _describe(table[chosen], named, outcome, space)
    summary = {
        "values": features.shape[1],
        "components_full": kept,
        "explained": explained.tolist(),
        "explained_2d": float(explained[:2].sum()),
        "clusters": described,
    }
    return points, summary


def feature_matrix(features: pa.Table, layer: str) -> np.ndarray:
    """The features of a layer as float32 [pictures, values]."""
    column = features[layer].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def _principal_components(features: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Coordinates [pictures, components], the share that each explains, and how many hold `variance`.

    There are as many components as hold it, but at least two: zeros where the features have none.
    """
    pictures, values = features.shape
    if not np.ptp(features, axis=0).any():
        return np.zeros((pictures, 2)), np.zeros(2), 1
    features = features.astype(np.float64)
    # Both solvers are exact; the covariance is the smaller matrix where there are more pictures than values.
    pca = PCA(svd_solver="covariance_eigh" if pictures > values else "full").fit(features)
    explained = pca.explained_variance_ratio_
    kept = min(int(np.searchsorted(np.cumsum(explained), variance)) + 1, len(explained))
    # As PCA.transform does, but for the components that are kept: all of them are as large as the features.
    axes = pca.components_[: max(kept, 2)]
    missing = max(0, 2 - len(axes))
    coordinates = np.pad(features @ axes.T - pca.mean_ @ axes.T, ((0, 0), (0, missing)))
    return coordinates, np.pad(explained[: max(kept, 2)], (0, missing)), kept


def _clusters(coordinates: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of each point, the largest first, and its distance to the centre."""
    k = min(clusters, len(np.unique(coordinates, axis=0)))
    means = KMeans(n_clusters=k, n_init=10, random_state=seed).fit(coordinates)
    by_size = np.argsort(-np.bincount(means.labels_, minlength=k), kind="stable")
    rank = np.argsort(by_size)
    return rank[means.labels_], np.linalg.norm(coordinates - means.cluster_centers_[means.labels_], axis=1)


def _describe(table: pd.DataFrame, named: np.ndarray, outcome: str, space: str) -> list[dict[str, Any]]:
    described = []
    for cluster in np.unique(named):
        inside = table[named == cluster]
        counts = {f"{column}s": inside[column].value_counts().sort_index().to_dict() for column in ("style", "source")}
        described.append({"outcome": outcome, "space": space, "cluster": int(cluster), "size": len(inside), **counts})
    return described
