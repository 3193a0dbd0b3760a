"""The labels of a picture, and the tasks that combine labels into classes."""

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from brushprint.core.job_log import LOG

# The rules import this module whenever Snakemake starts, and importing pandas would delay every start.
if TYPE_CHECKING:
    import pandas as pd

Origin = Literal["ai", "human"]
ORIGINS = get_args(Origin)

Task = Literal["origin", "source", "origin_style", "source_style", "folder"]
# A task joins these catalogue columns into one class name.
TASKS: dict[str, tuple[str, ...]] = {
    "origin": ("origin",),
    "source": ("source",),
    "origin_style": ("origin", "style"),
    "source_style": ("source", "style"),
    "folder": ("folder",),
}

# The regions of a picture in which the heat of a heatmap is measured.
Region = Literal["upper", "middle", "lower", "left", "right", "lower right", "centre", "border", "plain", "faces"]
REGIONS: tuple[Region, ...] = get_args(Region)

PUBLISHED_LEVELS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


class Label(NamedTuple):
    """The labels of a picture, taken from the name of its folder; `style` is None if no style is known."""

    folder: str
    origin: str
    source: str
    style: str | None


def label(path: str, rules: list[dict[str, Any]]) -> Label | None:
    """Label a picture by the deepest folder of its path that a rule matches; None if no rule matches any folder.

    `rules` are tried in order. Each has `folder`, a regular expression that must match a whole folder name
    (case-insensitive), and `origin`, `source` and `style`. If the expression has a group named `style`, the text that
    the group matches is the style.
    """
    for folder in reversed(path.split("/")[:-1]):
        if folder.lower() in PUBLISHED_LEVELS:
            continue
        for rule in rules:
            if match := re.fullmatch(rule["folder"], folder, re.IGNORECASE):
                style = match.groupdict().get("style") or rule["style"]
                return Label(folder, rule["origin"], rule["source"], normalise(style or "") or None)
    return None


def normalise(style: str) -> str:
    """Unify the spelling of a style: AI-ArtBench writes `ukiyo-e` in AI folders and `ukiyo_e` in human ones."""
    return re.sub(r"[\W_]+", "_", style.lower()).strip("_")


def published_split(path: str) -> str | None:
    """The partition `train`, `validation` or `test` that a folder of the path is named after, else None."""
    levels = (PUBLISHED_LEVELS.get(folder.lower()) for folder in path.split("/")[:-1])
    return next((level for level in levels if level), None)


def classes_of(table: "pd.DataFrame", task: str) -> "pd.Series":
    """The class name of each row of a table with label columns; missing if a label of the task is missing."""
    first, *rest = (table[column] for column in TASKS[task])
    return first.str.cat(rest, sep=" ") if rest else first


def with_classes(table: "pd.DataFrame", task: str) -> "pd.DataFrame":
    """Add the column `label`, the class of the task; exclude the rows without a class and log their number."""
    table = table.assign(label=classes_of(table, task))
    if missing := int(table["label"].isna().sum()):
        LOG.info("%d of %d pictures have no class of the task %s and are excluded", missing, len(table), task)
    return table.dropna(subset="label")
