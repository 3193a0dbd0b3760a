"""The penultimate layer: a map of the test pictures, the prototypes of each class, and the spread of each group.

A published study draws a t-SNE map, shows the pictures nearest to each class, and reports that generators cluster
tightly while human styles spread and overlap. Because a map distorts distances, this module measures the spread in the
layer itself and compares it with chance.
"""

import importlib
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import pairwise_distances

from brushprint.core.tables import ROWS

# With fewer pictures than this, no map is drawn and no groups are compared.
LEAST = 10
# The number of prototypes of each kind, and the number of nearest neighbours that the measures of a picture use.
PROTOTYPES = 3
NEIGHBOURS = 10
# The largest side of a prototype's thumbnail, in pixels.
THUMBNAIL = 64
RESAMPLES = 1000
SHUFFLES = 100
MEASURES = ("spread", "silhouette", "purity")
SAME = "the features are the same for every picture"


def embed(
    features: np.ndarray, *, method: str, perplexity: float, seed: int
) -> tuple[np.ndarray | None, dict[str, Any]]:
    """Map pictures to two dimensions.

    Parameters
    ----------
    features : float32 [pictures, values]
    method : `tsne` (van der Maaten and Hinton, 2008; begins from principal components) or `umap` (McInnes et al., 2018)
    perplexity : the perplexity of t-SNE, or the number of neighbours of UMAP; it is capped at a third of the other
        pictures
    seed : seed of either method

    Returns
    -------
    coordinates : float64 [pictures, 2], or None if there is no map
    about : `method`, the capped `perplexity`, `trustworthiness` from 0 to 1 (Venna and Kaski, 2001) for `neighbours`
        neighbours, and `why`, the reason if there is no map, otherwise None
    """
    pictures = len(features)
    unknown = {"method": method, "perplexity": None, "neighbours": None, "trustworthiness": None}
    if pictures < LEAST:
        return None, unknown | {"why": f"fewer than {LEAST} pictures"}
    if not np.ptp(features, axis=0).any():
        return None, unknown | {"why": SAME}
    # A single value is padded with a zero, because it has no second principal component to start from.
    features = np.pad(features.astype(np.float64), ((0, 0), (0, max(0, 2 - features.shape[1]))))
    perplexity = min(perplexity, (pictures - 1) / 3)
    if method == "tsne":
        coordinates = TSNE(init="pca", perplexity=perplexity, random_state=seed, n_jobs=1).fit_transform(features)
    else:
        coordinates = importlib.import_module("brushprint.features._umap").embed(features, round(perplexity), seed)
    neighbours = min(NEIGHBOURS, (pictures - 1) // 2)
    trusted = trustworthiness(features, coordinates, n_neighbors=neighbours)
    about = {"method": method, "perplexity": perplexity, "neighbours": neighbours, "trustworthiness": float(trusted)}
    return coordinates.astype(np.float64), about | {"why": None}


def prototypes(features: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    """Select the pictures of each class, and of each style, that are nearest to its mean and farthest from it.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row per picture: `image_id`, `label` (class), `style`

    Returns
    -------
    The columns `by` (`class` or `style`), `group`, `kind` (`nearest` or `farthest`), `rank` (from 1), `image_id` and
    `distance` (Euclidean distance to the mean of the group). No picture appears twice in a group: a small group has
    fewer farthest pictures, or none. There are no groups by style if every class has a single style.
    """
    groupings = {"class": table["label"], "style": table["style"]}
    if table.groupby("label")["style"].nunique(dropna=False).max() == 1:
        del groupings["style"]
    parts = []
    for by, groups in groupings.items():
        for group in sorted(groups.dropna().unique()):
            inside = np.flatnonzero(groups == group)
            away = _from_mean(features[inside])
            order = np.lexsort((table["image_id"].to_numpy()[inside], away))
            nearest, farthest = order[:PROTOTYPES], order[PROTOTYPES:][: -PROTOTYPES - 1 : -1]
            for kind, chosen in (("nearest", nearest), ("farthest", farthest)):
                ids = table["image_id"].to_numpy()[inside[chosen]]
                rows = {"rank": np.arange(len(chosen)) + 1, "image_id": ids, "distance": away[chosen]}
                parts.append(pd.DataFrame({"by": by, "group": group, "kind": kind, **rows}))
    return pd.concat(parts, ignore_index=True)


def thumbnails(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Select `rows` of `pixels`, uint8 [all, side, side, 3], reduced to sides of at most `THUMBNAIL` pixels."""
    if pixels.shape[1] <= THUMBNAIL:
        return pixels[rows]
    size = (THUMBNAIL, THUMBNAIL)
    return np.array([Image.fromarray(pixels[row]).resize(size, Image.Resampling.BICUBIC) for row in rows])


def spreads(features: np.ndarray, table: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Measure how far apart the pictures of each group lie in the layer, and how much the groups overlap.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row per picture: `origin`, `source`, `style`
    seed : seed of the intervals and of the random assignments

    Returns
    -------
    A dictionary for each grouping, by `source` and by `style` (separately for each origin):

    - `grouping`; `pictures`; and `why`, the reason if nothing is measured, otherwise None
    - `groups`, a list of `group` (None for all groups of an origin together), `origin`, `pictures` and each of
      `MEASURES` as `value`, `low`, `high` and `chance`. `chance` contains `mean`, `low` and `high` when pictures are
      assigned to the groups at random.
    - `difference`, for each measure the mean over AI pictures minus the mean over human pictures, as `value`, `low` and
      `high`; None if there is only one origin or nothing is measured

    The measures are means over pictures of

    - `spread`: the distance to the mean of the picture's own group, divided by the mean distance of all pictures to the
      mean of all pictures
    - `silhouette` (Rousseeuw, 1987): from -1 (within another group) to 1 (far from all other groups); 0 for a picture
      that is alone in its group
    - `purity`: the share of the `NEIGHBOURS` nearest pictures that belong to the picture's own group

    Intervals are 95 % percentile bootstrap intervals over the pictures' values.
    """
    distances = pairwise_distances(features.astype(np.float64))
    groupings = {"source": table["source"], "style": table["origin"].str.cat(table["style"], sep=" ")}
    origins = table["origin"].to_numpy()
    return [
        {"grouping": name, **_spread(distances, groups.to_numpy(), origins, seed)} for name, groups in groupings.items()
    ]


def _from_mean(features: np.ndarray) -> np.ndarray:
    mean = features.mean(0, dtype=np.float64)
    blocks = [features[start : start + ROWS] for start in range(0, len(features), ROWS)]
    return np.concatenate([np.linalg.norm(block - mean, axis=1) for block in blocks])


def _spread(distances: np.ndarray, groups: np.ndarray, origins: np.ndarray, seed: int) -> dict[str, Any]:
    known = pd.notna(groups)
    number, names = pd.factorize(groups[known], sort=True)
    distances, origins = distances[np.ix_(known, known)], origins[known]
    if why := _unmeasured(distances, names):
        return {"pictures": len(number), "why": why, "groups": [], "difference": None}
    generator = np.random.default_rng(seed)
    near = _nearest(distances)
    own, parts = _of_each(distances, near, number), _parts(number, origins)
    bootstrapped = [_bootstrap(own[:, part], generator) for part in parts]
    others = [generator.permutation(number) for _ in range(SHUFFLES)]
    chance = np.array([_means(_of_each(distances, near, other), _parts(other, origins)) for other in others])
    described = [
        {"group": name, "origin": str(origins[part][0]), "pictures": int(part.sum())}
        | {
            measure: _interval(value, draws) | {"chance": _interval(luck.mean(), luck, "mean")}
            for measure, value, draws, luck in zip(MEASURES, own[:, part].mean(1), drawn, dealt.T, strict=True)
        }
        for name, part, drawn, dealt in zip(
            [*names, *[None] * (len(parts) - len(names))], parts, bootstrapped, np.moveaxis(chance, 2, 0), strict=True
        )
    ]
    difference = _difference(described, bootstrapped)
    return {"pictures": len(number), "why": None, "groups": described, "difference": difference}


def _unmeasured(distances: np.ndarray, names: np.ndarray) -> str | None:
    if len(distances) < LEAST:
        return f"fewer than {LEAST} pictures"
    if len(names) < 2:
        return "only one group"
    return None if distances.any() else SAME


def _parts(number: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Mark the pictures of each group, and then those of each origin: bool [groups + origins, pictures]."""
    groups = np.arange(number.max() + 1)[:, None] == number
    return np.concatenate([groups, np.unique(origins)[:, None] == origins])


def _means(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return values @ parts.T / parts.sum(1)


def _of_each(distances: np.ndarray, near: np.ndarray, number: np.ndarray) -> np.ndarray:
    """`MEASURES` of each picture, [measures, pictures]; `number`, int [pictures], is the group of each."""
    members = np.eye(number.max() + 1)[number]
    sizes, own = members.sum(0), (np.arange(len(number)), number)
    # The distance to the mean of some pictures can be computed from pairwise distances, without the features.
    squares = distances**2
    to_group = squares @ members / sizes
    within = (members * to_group).sum(0) / sizes / 2
    to_all = squares.mean(1)
    overall = np.sqrt(np.maximum(to_all - to_all.mean() / 2, 0)).mean()
    spread_out = np.sqrt(np.maximum(to_group[own] - within[number], 0)) / overall
    sums = distances @ members
    inside = sums[own] / np.maximum(sizes[number] - 1, 1)
    others = sums / sizes
    others[own] = np.inf
    beside = others.min(1)
    larger = np.where(sizes[number] > 1, np.maximum(inside, beside), 0)
    silhouette = np.divide(beside - inside, larger, out=np.zeros_like(larger), where=larger > 0)
    return np.array([spread_out, silhouette, (number[near] == number[:, None]).mean(1)])


def _nearest(distances: np.ndarray) -> np.ndarray:
    """The nearest other pictures of each picture, int [pictures, neighbours]."""
    apart = distances.copy()
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(distances) - 1)]


def _bootstrap(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The mean of each measure over resampled pictures, [measures, resamples]."""
    pictures = values.shape[1]
    return values @ generator.multinomial(pictures, np.full(pictures, 1 / pictures), RESAMPLES).T / pictures


def _interval(value: float, draws: np.ndarray, name: str = "value") -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {name: float(value), "low": float(low), "high": float(high)}


def _difference(described: list[dict[str, Any]], drawn: list[np.ndarray]) -> dict[str, Any] | None:
    """`MEASURES` of AI pictures minus those of human ones, the last two parts; None with a single origin."""
    if described[-2]["group"]:
        return None
    values = [described[-2][measure]["value"] - described[-1][measure]["value"] for measure in MEASURES]
    pairs = zip(MEASURES, values, drawn[-2] - drawn[-1], strict=True)
    return {measure: _interval(value, draws) for measure, value, draws in pairs}
