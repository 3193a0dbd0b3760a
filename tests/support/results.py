"""Invented results of a run, in the form that the claims ledger reads."""

from typing import Any

import numpy as np
import pandas as pd


def interval(value: float | None, half: float = 0.0) -> dict[str, float | None]:
    if value is None:
        return dict.fromkeys(["value", "low", "high"])
    return {"value": value, "low": value - half, "high": value + half}


def metrics(classes: list[str], pictures: int, accuracy: float = 0.9, half: float = 0.0, **more: Any) -> dict:
    scores = {key: interval(accuracy, half) for key in ("precision", "recall", "f1-score")}
    report = {name: scores | {"support": pictures // len(classes)} for name in classes}
    report |= {name: scores | {"support": pictures} for name in ("macro avg", "weighted avg")}
    judged = {
        "pictures": pictures,
        **{key: interval(accuracy, half) for key in ("accuracy", "balanced_accuracy")},
        "roc_auc": interval(None),
        "majority": 0.5,
        "loss": interval(0.4, 0.01),
        "top": {str(k): interval(accuracy, half) for k in (2, 3, 5) if k < len(classes)},
        "parts": {},
        "report": report,
        "confusion": [[0] * len(classes)] * len(classes),
    }
    return {"classes": classes, "validation": judged, "test": judged | more}


def table(**counts: int) -> pd.DataFrame:
    """A split or catalogue with rows for each source and partition: `human__train=3`; `copies__train=5` for copies."""
    rows = []
    for key, count in counts.items():
        source, partition = key.split("__")
        made = {"source": "human" if source == "copies" else source, "partition": partition, "copy": source == "copies"}
        rows += [made] * count
    frame = pd.DataFrame(rows).astype({"copy": int})
    frame["origin"] = frame["source"].where(frame["source"] == "human", "ai")
    return frame.assign(style="baroque", width=frame["source"].map({"stable_diffusion": 768}).fillna(256))


SPLIT = table(human__train=9, human__validation=1, copies__train=5, stable_diffusion__train=14, human__test=3)
CATALOGUE = SPLIT.rename(columns={"partition": "published_split"})
HISTORY = pd.DataFrame(
    {
        "phase": 1,
        "epoch": [1, 2, 3],
        "train_accuracy": [0.7, 0.8, 0.95],
        "validation_accuracy": [0.7, 0.85, 0.8],
        "train_loss": [0.6, 0.5, 0.4],
        "validation_loss": [0.6, 0.5, 0.7],
        "best": [False, True, False],
    }
)


LATENT = {"values": 512, "fits": [], "clusters": []}
UNSTYLED = {"grouping": "style", "why": "only one group", "pictures": 0, "difference": None}


def variant(**changes: Any) -> dict[str, Any]:
    made = {"metrics": metrics(["ai", "human"], 1000), "history": HISTORY, "latent": LATENT, "split": SPLIT}
    return made | {"effects": effects(), "embedding": {"spread": [UNSTYLED]}} | changes


def effects(**changes: Any) -> pd.DataFrame:
    row = {"by": "outcome", "value": "correct", "region": "lower", "pictures": 90, "share": 0.5, "area": 0.25}
    row |= {"over_area": 0.25, "over_area_low": 0.2, "over_area_high": 0.3, "cohens_d": 1.5}
    return pd.DataFrame([row | {"random_low": -np.inf, "random_high": 0.4, "effect": "more", "why": ""} | changes])
