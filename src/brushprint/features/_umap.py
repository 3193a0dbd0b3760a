"""UMAP, an extra: only this module imports its package."""

import numpy as np

# An extra, which not every environment has.
from umap import UMAP  # type: ignore[import-not-found, unused-ignore]


def embed(features: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """Map features float64 [pictures, values] to [pictures, 2], starting from principal components, in one thread."""
    return UMAP(n_neighbors=neighbours, init="pca", random_state=seed, n_jobs=1).fit_transform(features)
