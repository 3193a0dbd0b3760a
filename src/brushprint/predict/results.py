"""A folder of results: its variants, and the files of each variant."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowInvalid

from brushprint.core.errors import UserError, nearest
from brushprint.stats.multiple_testing import holm
from brushprint.stats.significance import Comparison, compare

RESULTS = Path("results")
EXPORTS = Path("exports")
_NEEDED = ("model.safetensors", "metrics.json", "provenance.json")


@dataclass(frozen=True)
class Results:
    """The folder with the results of one collection."""

    folder: Path

    @property
    def variants(self) -> list[str]:
        """The names of the trained and evaluated variants. The recommended one comes first; the others are sorted.

        Retrained variants are excluded.
        """
        folders = self.folder.glob("variants/*")
        names = sorted(
            path.name for path in folders if "+" not in path.name and all((path / name).exists() for name in _NEEDED)
        )
        return sorted(names, key=lambda name: name != self.recommended)

    @cached_property
    def recommended(self) -> str | None:
        """The recommended variant, see `brushprint.evaluation.recommendation`; None if the run is not finished."""
        file = self.folder / "recommended.json"
        return _read(file, "variant")["variant"] if file.exists() else None

    def chosen(self, names: list[str]) -> list[str]:
        """The variants in `names`, each once; all if `names` is empty. Raises `UserError` for an unknown name."""
        known = self.variants
        for name in names:
            if name not in known:
                raise UserError(f"{self.folder} has no variant {name!r}{nearest(name, known)}")
        return list(dict.fromkeys(names)) or known

    def path(self, variant: str, name: str) -> Path:
        """The path of a file of a variant."""
        return self.folder / "variants" / variant / name

    def metrics(self, variant: str) -> dict[str, Any]:
        """The measures of a variant; see `brushprint.evaluation.variant.evaluate_variant`."""
        file = self.path(variant, "metrics.json")
        metrics = _read(file)
        if "folds" not in metrics:
            raise UserError(f"{file} lacks folds: an earlier version of brushprint wrote it; run snakemake again")
        return metrics

    def provenance(self, variant: str) -> dict[str, Any]:
        """The `data`, `settings` and `code` that a variant was made with."""
        return _read(self.path(variant, "provenance.json"), "data", "settings", "code")

    def settings(self, variant: str) -> dict[str, Any]:
        """The settings that a variant was made with."""
        return self.provenance(variant)["settings"]

    def synthetic(self, variant: str) -> bool:
        """Whether a variant was trained on the embedded sample."""
        return self.settings(variant)["collection"]["pictures"] == "sample"

    def split(self, variant: str) -> pd.DataFrame:
        """The split that a variant was trained, validated and tested on; see `brushprint.data.split`."""
        return _table(self.folder / "splits" / f"{self.settings(variant)['split']['name']}.parquet")

    def partitions(self, variant: str) -> dict[str, str]:
        """How a variant used each picture of its split, keyed by the SHA-256 digest of the picture's file.

        A variant that is cross-validated is finally fitted to the pictures of all folds, so they are `train`.
        """
        pictures = self.split(variant)[["image_id", "partition", "fold"]].drop_duplicates("image_id")
        if self.metrics(variant)["folds"]:
            pictures["partition"] = pictures["partition"].mask(pictures["fold"] >= 0, "train")
        pictures = pictures.merge(self._contents)
        return dict(zip(pictures["sha256"], pictures["partition"], strict=True))

    @cached_property
    def _contents(self) -> pd.DataFrame:
        """The `image_id` and `sha256` of each picture in the catalogue, which all variants share."""
        return _table(self.folder / "catalogue.parquet", columns=["image_id", "sha256"])

    def claims(self) -> list[dict[str, Any]]:
        """The published figures beside the figures that the run obtained; see `brushprint.report.judging.judge`."""
        return _read(self.folder / "claims.json", "claims")["claims"]

    def sources(self) -> dict[str, dict[str, Any]]:
        """The citation of each source document, by the key that claims name as their `source`."""
        return _read(self.folder / "claims.json", "sources")["sources"]


def find(folder: Path | None) -> Results:
    """The results in `folder`; if `folder` is None, the only results under `RESULTS` that have trained variants.

    Raises `UserError` if there are no such results, or if several folders have them and none is given.
    """
    if folder is not None:
        if not Results(folder).variants:
            raise UserError(f"{folder} has no trained variants; run snakemake, or name another folder of results")
        return Results(folder)
    folders = sorted(path for path in RESULTS.glob("*") if Results(path).variants)
    if not folders:
        raise UserError(f"no folder of {RESULTS}/ has trained variants; run snakemake, or name a folder with --run")
    if len(folders) > 1:
        raise UserError(f"there are several runs, {', '.join(map(str, folders))}; choose one with --run")
    return Results(folders[0])


def compared(first: Results, second: Results) -> list[dict[str, Any]]:
    """The differences between two folders of results, with one row for each variant that both have.

    Returns
    -------
    `variant`; `balanced_accuracy` of the `first` and of the `second` results, each with its interval; `paired`, the
    difference between the accuracies on the test pictures that both have, see
    `brushprint.stats.significance.compare`, with p corrected for the number of variants (null if they share no test
    pictures or their tasks differ); and what differs: `settings` (for each key both values), `data` and `code` (names)

    Raises `UserError` if the two have no variant in common.
    """
    names = [name for name in first.variants if name in second.variants]
    if not names:
        raise UserError(f"{first.folder} and {second.folder} have no variant in common")
    rows = [_compared(first, second, name) for name in names]
    paired = [row["paired"] for row in rows if row["paired"]]
    for row, corrected in zip(paired, holm([row["p"] for row in paired]), strict=True):
        row["p_corrected"] = float(corrected)
    return rows


def _compared(first: Results, second: Results, variant: str) -> dict[str, Any]:
    one, other = (run.provenance(variant) for run in (first, second))
    columns = ["image_id", "group", "outcome"]
    tests = {
        key: _table(
            run.path(variant, "predictions.parquet"), columns=columns, filters=[("partition", "==", "test")]
        ).set_index("image_id")
        for key, run in (("first", first), ("second", second))
    }
    right = {key: test["outcome"] == "correct" for key, test in tests.items()}
    task = one["settings"]["task"]
    same_task = task == other["settings"]["task"]
    paired: list[Comparison] = compare(right, tests["first"]["group"], task, seed=0) if same_task else []
    settings = [dict(_flat(made["settings"])) for made in (one, other)]
    return {
        "variant": variant,
        "balanced_accuracy": {
            key: run.metrics(variant)["test"]["balanced_accuracy"]
            for key, run in (("first", first), ("second", second))
        },
        "paired": paired[0] if paired else None,
        "settings": {key: [values.get(key) for values in settings] for key in _differing(*settings)},
        "data": _differing(one["data"], other["data"]),
        "code": _differing(one["code"], other["code"]),
    }


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested settings with their dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def damaged(file: Path) -> UserError:
    """The error for a file whose content cannot come from a run."""
    return UserError(f"{file} is damaged; run snakemake again")


def _read(file: Path, *keys: str) -> Any:
    """Read a JSON object that must have these keys."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(file) from None
    except ValueError:
        raise damaged(file) from None
    if not isinstance(content, dict) or not content.keys() >= set(keys):
        raise damaged(file)
    return content


def _table(file: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_parquet(file, **options)
    except FileNotFoundError:
        raise _missing(file) from None
    except ArrowInvalid:
        raise damaged(file) from None


def _missing(file: Path) -> UserError:
    return UserError(f"{file} does not exist; run snakemake, or dvc pull")
