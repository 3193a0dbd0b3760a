"""The labels of a picture, and the tasks that combine labels into classes."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Set
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
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
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

    def of(self, path: str) -> Label | str:
        """The label of the picture with this path, or the reason why it has none."""

    def absent(self, paths: Set[str]) -> list[str]:
        """The paths of pictures that have a label but are not among `paths`."""


class FolderRules:
    """Labels by the names of folders."""

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Label by `rules`, which are tried in order.

        Each has `folder`, a regular expression that must match a whole folder name (case-insensitive), and `origin`,
        `source` and `style`. If the expression has a group named `style`, the text that the group matches is the style.
        """
        rules = list(rules)
        self._rules = [(re.compile(composed(rule["folder"]), re.IGNORECASE), rule) for rule in rules]
        self._known: dict[str, Label | str] = {}
        # For suggestions: by origin, the words of its rules that are names of folders, or else the rule's expression.
        self._names: dict[str, list[str]] = {origin: [] for origin in ORIGINS}
        for expression, rule in self._rules:
            words = [word for word in re.findall(r"\w{2,}", rule["folder"]) if expression.fullmatch(word)]
            singular = [word[:-1] if expression.fullmatch(word[:-1]) else word for word in words]
            self._names[rule["origin"]] += singular or [rule["folder"]]

    def of(self, path: str) -> Label | str:
        """The label by the deepest folder of the path that a rule matches.

        If folders contradict each other, as `ai` and `nature` below it do, the outermost of them counts. A rule that
        matches everything contradicts no other rule.
        """
        folder = composed(path).rpartition("/")[0]
        if folder not in self._known:
            self._known[folder] = self._label(folder)
        return self._known[folder]

    def absent(self, paths: Set[str]) -> list[str]:
        """Empty."""
        return []

    def _label(self, path: str) -> Label | str:
        folders = [folder for folder in path.split("/") if folder]
        matches = [match for folder in reversed(folders) if (match := self._match(folder))]
        if not folders:
            return "it lies in no folder; give the folder above those of the classes as collection.source"
        if not matches:
            return f"no rule of collection.labels matches its folders{self._hint(folders)}"
        folder, groups, rule = matches[0]
        narrow = [match for match in matches if not self._matches_everything(match[2])]
        if len({of["origin"] for _, _, of in narrow}) > 1:
            folder, groups, rule = narrow[-1]
            LOG.info("note: the folders of %s say both human and AI; the outer one counts: %s", path, folder)
        style = normalise(groups.get("style") or rule["style"] or "")
        return Label(folder, rule["origin"], rule["source"], style or None, published_split(f"{path}/"))

    def _match(self, folder: str) -> tuple[str, dict[str, str | None], Mapping[str, Any]] | None:
        """A folder, the groups of the first rule that matches it, and the rule; None for the name of a partition."""
        if folder.lower() not in PUBLISHED_LEVELS:
            for expression, rule in self._rules:
                if match := expression.fullmatch(folder):
                    return folder, match.groupdict(), rule
        return None

    def _matches_everything(self, rule: Mapping[str, Any]) -> bool:
        return any(expression.fullmatch("\uffff") for expression, known in self._rules if known is rule)

    def _hint(self, folders: list[str]) -> str:
        """The nearest name for each origin. The nearest of all might mean the opposite: `authentic` for `synthetic`."""
        nearest = [
            f"{max(names, key=lambda name: max(_similarity(folder, name) for folder in folders))!r} ({shown})"
            for origin, shown in (("human", "human"), ("ai", "AI"))
            if (names := self._names[origin])
        ]
        return f"; the nearest names are {' and '.join(nearest)}"


def _similarity(folder: str, name: str) -> float:
    return difflib.SequenceMatcher(None, folder.lower(), name.lower()).ratio()


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
