"""UMAP, an extra: its package is imported here alone."""

import numpy as np
from umap import UMAP


def embed(features: np.ndarray, neighbours: int, seed: int) -> np.ndarray:
    """Draw float64 [pictures, values] in two dimensions, from principal components as a start, in one thread."""
    return UMAP(n_neighbors=neighbours, init="pca", random_state=seed, n_jobs=1).fit_transform(features)
