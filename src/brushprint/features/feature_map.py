"""The penultimate layer of a variant: its map, its prototypes with their pictures, and the spread of its groups."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from brushprint.features.embedding import embed, prototypes, spreads, thumbnails
from brushprint.stats.allocation import stratified


class FeatureMap(NamedTuple):
    """The result of `map_features`, which describes the fields."""

    points: pd.DataFrame
    summary: dict[str, Any]
    prototypes: pd.DataFrame
    thumbnails: np.ndarray


def map_features(
    features: np.ndarray,
    test: pd.DataFrame,
    pixels: np.ndarray,
    *,
    pictures: int,
    method: str,
    perplexity: float,
    seed: int,
) -> FeatureMap:
    """Select prototypes among all test pictures, map a sample of them, and measure how far the groups in it spread.

    Parameters
    ----------
    features : float32 [pictures, values], the output of the penultimate layer
    test : a row per picture: `image_id`, `row` (of `pixels`), `origin`, `source`, `style`, `label`, `predicted` and
        `outcome`
    pixels : uint8 [rows, side, side, 3]; the array may be memory-mapped
    pictures : the largest number of pictures in the sample, in which each class keeps its share
    method, perplexity : see `brushprint.features.embedding.embed`
    seed : seed of the sample, of the map, and of the intervals and chance in `spread`

    Returns
    -------
    points : for each picture in the sample, `image_id`, `origin`, `source`, `style`, `outcome`, `label`, `predicted`,
        and its coordinates `x` and `y`, nan if there is no map
    summary : `pictures` (the size of the sample), `test_pictures`, the keys that `brushprint.features.embedding.embed`
        returns about the map, and `spread`, see `brushprint.features.embedding.spreads`
    prototypes : see `brushprint.features.embedding.prototypes`
    thumbnails : uint8 [prototypes, side, side, 3], see `brushprint.features.embedding.thumbnails`
    """
    typical = prototypes(features, test)
    rows = test.set_index("image_id")["row"].loc[typical["image_id"]].to_numpy()
    chosen = stratified(test["label"], pictures, seed)
    features, drawn = features[chosen], test.iloc[chosen]
    coordinates, about = embed(features, method=method, perplexity=perplexity, seed=seed)
    points = drawn[["image_id", "origin", "source", "style", "outcome", "label", "predicted"]].reset_index(drop=True)
    points[["x", "y"]] = np.nan if coordinates is None else coordinates
    counts = {"pictures": len(points), "test_pictures": len(test)}
    summary = {**counts, **about, "spread": spreads(features, drawn, seed)}
    return FeatureMap(points, summary, typical, thumbnails(pixels, rows))
