"""Features and predictions of invented pictures, with the results of the analyses of features."""

from copy import deepcopy
from functools import cache

import numpy as np
import pandas as pd

from brushprint.features.embedding import prototypes, spreads
from brushprint.features.latent import latent
from tests.support.labels import STYLES


def points(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> tuple[pd.DataFrame, dict]:
    """The table and summary of `latent` for random features that are more alike within an origin."""
    return deepcopy(clustered(tuple(outcomes.items()), clusters, styles and tuple(styles)))


@cache
def clustered(outcomes: tuple, clusters: int, styles: tuple[str, ...] | None) -> tuple[pd.DataFrame, dict]:
    names, numbers = zip(*outcomes, strict=True)
    generator, pictures = np.random.default_rng(0), sum(numbers)
    outcome = np.repeat(names, numbers)
    table = pd.DataFrame({"image_id": np.arange(pictures).astype(str), "outcome": outcome})
    table["source"] = generator.choice(["human", "dalle", "midjourney"], pictures)
    table["origin"] = np.where(table["source"] == "human", "human", "ai")
    table["style"] = generator.choice(styles, pictures) if styles else None
    table["label"] = table["origin"]
    features = generator.normal(size=(pictures, 6)) + 2 * (table[["origin"]] == "ai").to_numpy()
    draws = {"permutations": 20, "refits": 1, "seed": 0}
    found, summary = latent(features.astype(np.float32), table, variance=0.8, clusters=clusters, **draws)
    return found.merge(table.drop(columns="outcome"), on="image_id"), summary


def mapped(outcomes: dict[str, int], styles: list[str] | None, method: str = "tsne") -> tuple[pd.DataFrame, dict]:
    """A map of random pictures and its summary."""
    return deepcopy(_mapped(tuple(outcomes.items()), styles and tuple(styles), method))


@cache
def _mapped(outcomes: tuple, styles: tuple[str, ...] | None, method: str) -> tuple[pd.DataFrame, dict]:
    table, _ = clustered(outcomes, 2, styles)
    features = table[["pc1", "pc2"]].to_numpy(dtype=np.float32)
    few = len(table) < 10
    about = {"perplexity": 30, "trustworthiness": 0.9, "why": None}
    about = {"method": method, "why": "fewer than 10 pictures"} if few else {"method": method, **about}
    summary = {"pictures": len(table), "test_pictures": 540, **about, "spread": spreads(features, table, 0)}
    return table.rename(columns={"pc1": "x", "pc2": "y"}), summary


def typical(groups: list[str], pictures: int) -> tuple[pd.DataFrame, dict]:
    """Prototypes of classes with `pictures` pictures each, and the prototypes' pixels."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"label": np.repeat(groups, pictures), "style": None})
    table["image_id"] = np.arange(len(table)).astype(str)
    found = prototypes(generator.normal(size=(len(table), 3)), table)
    # Each picture has a single colour, because quantising many colours takes long.
    colours = generator.integers(0, 256, (len(found), 1, 1, 3), dtype=np.uint8)
    return found, {"picture": np.tile(colours, (1, 12, 12, 1))}


def planted_clusters(outcomes: dict[str, int]) -> dict:
    """The summary of three clusters that each contain one style; all pictures have the same source."""
    pictures = sum(outcomes.values())
    number = np.arange(pictures)
    table = pd.DataFrame(
        {"image_id": number.astype(str), "outcome": np.repeat(list(outcomes), list(outcomes.values()))}
    )
    table["style"], table["source"] = np.array(STYLES)[number % 3], "human"
    features = np.eye(3, 8)[number % 3] * 9 + np.random.default_rng(0).normal(size=(pictures, 8))
    return latent(features, table, variance=0.9, clusters=3, permutations=99, refits=20, seed=0)[1]
