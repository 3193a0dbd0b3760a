"""Heatmaps of invented pictures, the shares of their heat, and results of the faithfulness tests."""

from copy import deepcopy
from functools import cache

import numpy as np
import pandas as pd

from brushprint.saliency.faithfulness import SHARES, judged
from brushprint.saliency.regions import CONDITIONS, FIXED, REGIONS, effects

UNKNOWN = {"value": None, "low": None, "high": None}
NOTHING_LEFT = {"stages": [{"layers": [], "similarity": UNKNOWN, "without": 3}], "chance": UNKNOWN, "left": None}


def panel_of(groups: list[int], panel: str, labels: list[str], clustered: bool = True) -> dict[str, np.ndarray]:
    """Pictures and heatmaps of a panel that shows them in another order than the arrays hold them."""
    generator, pictures = np.random.default_rng(0), sum(groups)
    return {
        "picture": generator.integers(0, 256, (pictures, 12, 12, 3), dtype=np.uint8),
        "heat": generator.random((pictures, 12, 12), dtype=np.float32),
        "occlusion": generator.random((pictures, 12, 12), dtype=np.float32) - 0.5,
        "label": generator.choice(labels, pictures),
        "predicted": generator.choice(labels, pictures),
        "probability": generator.random(pictures),
        "shown_panel": np.array([panel] * pictures, dtype=str),
        "shown_cluster": np.repeat(np.arange(len(groups)), groups) if clustered else np.full(pictures, -1),
        "shown_row": np.arange(pictures)[::-1],
    }


def shares(pictures: int, low: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of heat, of which the trained network has `low` more in the lower region than chance, and the pictures."""
    generator = np.random.default_rng(0)
    table, parts = pd.DataFrame({"image_id": np.arange(pictures).astype(str), "outcome": "correct"}), []
    for condition, shift in zip(CONDITIONS, (low, 0, -low, 0), strict=True):
        part = pd.DataFrame({"image_id": table["image_id"], "condition": condition, "network": np.arange(pictures) % 4})
        for region in REGIONS:
            area = FIXED[region].mean() if region in FIXED else 0.5
            part[region] = area + shift * (region == "lower") + generator.normal(0, 0.02, pictures)
        part["faces"] = np.nan
        parts.append(part.assign(faces_area=np.nan))
    return pd.concat(parts), table


@cache
def _effects(pictures: int, low: float) -> pd.DataFrame:
    return effects(*shares(pictures, low), ["outcome"])


def heat(pictures: int = 40, low: float = 0.0) -> pd.DataFrame:
    return _effects(pictures, low).copy()


def of_all(judged_heat: pd.DataFrame) -> pd.DataFrame:
    return judged_heat[judged_heat["by"] == "all"]


def mean_heat(groups: dict[str, list[str]], pictures: int = 9) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    named = [("trained", by, value) for by, values in groups.items() for value in values]
    rows = [*((condition, "all", "all") for condition in CONDITIONS), *named]
    maps = generator.dirichlet(np.ones(24 * 24), len(rows)).astype(np.float32)
    return pd.DataFrame(rows, columns=["condition", "by", "value"]).assign(pictures=pictures, map=list(maps))


def checked(pictures: int = 20, better: float = 0.2, stages: int = 4) -> dict:
    """Results of the faithfulness tests, in which Grad-CAM is better than random maps by `better`."""
    return deepcopy(_checked(pictures, better, stages))


@cache
def _checked(pictures: int, better: float, stages: int) -> dict:
    generator = np.random.default_rng(0)
    table = pd.MultiIndex.from_product([range(pictures), SHARES], names=["picture", "share"]).to_frame(index=False)
    for name, gain in (("gradcam", better), ("random", 0)):
        for way, sign in (("deletion", -1), ("insertion", 1)):
            table[f"{name}_{way}"] = 0.5 + sign * gain + generator.normal(0, 0.01, len(table))
    alike = [{"value": 1 / (1 + stage), "low": 0.9 / (1 + stage), "high": 1.1 / (1 + stage)} for stage in range(stages)]
    done = [{"layers": [f"block{n}.conv"] * min(n, 2), "similarity": of, "without": 0} for n, of in enumerate(alike)]
    chance = {"value": 0.1, "low": 0.0, "high": 0.2}
    return judged(table) | {"cascade": {"stages": done, "chance": chance, "left": 0.12}}
