"""UMAP. Only this module imports the package `umap`, which is an optional extra."""

import numpy as np

# The package is an optional extra, so some environments lack it.
from umap import UMAP  # type: ignore[import-not-found, unused-ignore]


def embed(features: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """Map features, float64 [pictures, values], to [pictures, 2], starting from principal components, in one thread."""
    return UMAP(n_neighbors=neighbours, init="pca", random_state=seed, n_jobs=1).fit_transform(features)
