"""The penultimate layer: a map of the test pictures, the prototypes of each class, and how far each group spreads.

A published study draws t-SNE, shows the pictures nearest to each class, and reports that generators cluster tightly
while human styles spread and overlap. A map distorts distances, so the spread is measured in the layer itself, and
compared with chance.
"""

import importlib
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import pairwise_distances

from brushprint.core.tables import ROWS

# Fewer pictures than this are neither drawn nor compared.
LEAST = 10
# The number of prototypes of each kind, and of the nearest neighbours of a picture that count.
PROTOTYPES = 3
NEIGHBOURS = 10
# Side of a prototype, in pixels.
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
    perplexity : of t-SNE, or the number of neighbours of UMAP; capped at a third of the other pictures
    seed : of either

    Returns
    -------
    coordinates : float64 [pictures, 2], or None where there is no map
    about : `method`, `perplexity` as capped, `trustworthiness` from 0 to 1 (Venna and Kaski, 2001) for `neighbours`
        neighbours, and `why` there is no map, or null
    """
    pictures = len(features)
    unknown = {"method": method, "perplexity": None, "neighbours": None, "trustworthiness": None}
    if pictures < LEAST:
        return None, unknown | {"why": f"fewer than {LEAST} pictures"}
    if not np.ptp(features, axis=0).any():
        return None, unknown | {"why": SAME}
    # A single value has no second principal component to start from.
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
    """The pictures of each class, and of each style, that are nearest to its mean and farthest from it.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row a picture: `image_id`, `label` (class), `style`

    Returns
    -------
    Columns `by` (`class` or `style`), `group`, `kind` (`nearest`, `farthest`), `rank`, from 1, `image_id` and
    `distance`, Euclidean to the mean of the group. No picture appears twice in a group: a group of few pictures lacks
    the farthest ones first. There are no groups by style where every class has a single style.
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
    """The pictures of some rows of uint8 [all, side, side, 3], with sides of at most `THUMBNAIL` pixels."""
    if pixels.shape[1] <= THUMBNAIL:
        return pixels[rows]
    size = (THUMBNAIL, THUMBNAIL)
    return np.array([Image.fromarray(pixels[row]).resize(size, Image.Resampling.BICUBIC) for row in rows])


def spreads(features: np.ndarray, table: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """How far apart the pictures of each group lie in the layer, and how much the groups overlap.

    Parameters
    ----------
    features : float32 [pictures, values]
    table : a row a picture: `origin`, `source`, `style`
    seed : of the intervals and of chance

    Returns
    -------
    For each grouping, by `source` and by `style` (separately for each origin), a dictionary of `grouping`, `pictures`,
    `why` nothing is measured, or null, `groups` and `difference`. `groups` is a list of `group` (null for all groups of
    an origin together), `origin`, `pictures` and each of `MEASURES` as `value`, `low`, `high` and `chance`: `mean`,
    `low`, `high` when pictures are assigned to the groups at random. `difference` is, for each measure, the mean over
    AI pictures less that over human ones as `value`, `low`, `high`; null with a single origin. The measures are means
    over pictures of

    - `spread`: the distance to the mean of the own group, by the mean distance of all pictures to the mean of all
    - `silhouette` (Rousseeuw, 1987): from -1, within another group, to 1, far from all others; 0 in a group of one
    - `purity`: the share of the `NEIGHBOURS` nearest pictures that belong to the own group

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
    """Which pictures belong to each group, and then to each origin, bool [groups + origins, pictures]."""
    groups = np.arange(number.max() + 1)[:, None] == number
    return np.concatenate([groups, np.unique(origins)[:, None] == origins])


def _means(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return values @ parts.T / parts.sum(1)


def _of_each(distances: np.ndarray, near: np.ndarray, number: np.ndarray) -> np.ndarray:
    """`MEASURES` of each picture, [measures, pictures]; `number`, int [pictures], is its group."""
    members = np.eye(number.max() + 1)[number]
    sizes, own = members.sum(0), (np.arange(len(number)), number)
    # The distance to the mean of some pictures follows from the distances to these pictures.
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
    """The means over resampled pictures, [measures, resamples]."""
    pictures = values.shape[1]
    return values @ generator.multinomial(pictures, np.full(pictures, 1 / pictures), RESAMPLES).T / pictures


def _interval(value: float, draws: np.ndarray, name: str = "value") -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {name: float(value), "low": float(low), "high": float(high)}


def _difference(described: list[dict[str, Any]], drawn: list[np.ndarray]) -> dict[str, Any] | None:
    """`MEASURES` of the AI pictures less those of the human ones, which are the last two parts."""
    if described[-2]["group"]:
        return None
    values = [described[-2][measure]["value"] - described[-1][measure]["value"] for measure in MEASURES]
    pairs = zip(MEASURES, values, drawn[-2] - drawn[-1], strict=True)
    return {measure: _interval(value, draws) for measure, value, draws in pairs}
