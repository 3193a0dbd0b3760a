"""The words that label a picture, and the tasks that make classes of them."""

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from brushprint.core.job_log import LOG

# The rules read these words whenever Snakemake starts, and must not wait for pandas.
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

# The regions of a picture in which heat is measured.
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
    """What the folder of a picture says about it; `style` is None where it names none."""

    folder: str
    origin: str
    source: str
    style: str | None


def label(path: str, rules: list[dict[str, Any]]) -> Label | None:
    """Label a picture by the deepest folder of its path that a rule matches; None when no rule matches any folder.

    `rules` are tried in order. Each has `folder`, a regular expression over a whole folder name (case does not
    count), `origin`, `source` and `style`. A group named `style` in the expression gives the style of the match.
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
    """One spelling for a style: AI-ArtBench writes `ukiyo-e` for AI folders and `ukiyo_e` for human ones."""
    return re.sub(r"[\W_]+", "_", style.lower()).strip("_")


def published_split(path: str) -> str | None:
    """`train`, `validation` or `test` where a folder of the path is named so, else None."""
    levels = (PUBLISHED_LEVELS.get(folder.lower()) for folder in path.split("/")[:-1])
    return next((level for level in levels if level), None)


def classes_of(table: "pd.DataFrame", task: str) -> "pd.Series":
    """The class name of each row of a table with label columns; missing where a column of the task is."""
    first, *rest = (table[column] for column in TASKS[task])
    return first.str.cat(rest, sep=" ") if rest else first


def with_classes(table: "pd.DataFrame", task: str) -> "pd.DataFrame":
    """Add the column `label`, the class of the task; rows without one are left out, and their number is logged."""
    table = table.assign(label=classes_of(table, task))
    if missing := int(table["label"].isna().sum()):
        LOG.info("%d of %d pictures have no class of the task %s and are left out", missing, len(table), task)
    return table.dropna(subset="label")
