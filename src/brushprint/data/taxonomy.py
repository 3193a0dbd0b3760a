"""The labels of a picture, and the tasks that combine labels into classes."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, get_args

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
    """The labels of a picture; `style` and `published_split` are None if they are not known."""

    folder: str
    origin: str
    source: str
    style: str | None
    published_split: str | None


class Labels(Protocol):
    """Gives the label of each picture of a collection."""

    # The reason why a picture without a label is rejected.
    missing: str

    def of(self, path: str) -> Label | None:
        """The label of the picture with this path, or None."""


class FolderRules:
    """Labels by the names of folders."""

    missing = "no rule of collection.labels matches its folders"

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Label by `rules`, which are tried in order.

        Each has `folder`, a regular expression that must match a whole folder name (case-insensitive), and `origin`,
        `source` and `style`. If the expression has a group named `style`, the text that the group matches is the style.
        """
        self._rules = [(re.compile(composed(rule["folder"]), re.IGNORECASE), rule) for rule in rules]

    def of(self, path: str) -> Label | None:
        """The label by the deepest folder of the path that a rule matches; None if no rule matches any folder."""
        for folder in reversed(composed(path).split("/")[:-1]):
            if folder.lower() in PUBLISHED_LEVELS:
                continue
            for expression, rule in self._rules:
                if match := expression.fullmatch(folder):
                    style = normalise(match.groupdict().get("style") or rule["style"] or "")
                    return Label(folder, rule["origin"], rule["source"], style or None, published_split(path))
        return None


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): macOS writes `é` as two characters, other systems as one."""
    return unicodedata.normalize("NFC", name)


def normalise(style: str) -> str:
    """Unify the spelling of a style: AI-ArtBench writes `ukiyo-e` in AI folders and `ukiyo_e` in human ones."""
    return re.sub(r"[\W_]+", "_", composed(style).lower()).strip("_")


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
