"""The split: which pictures train, validate and test."""

import numpy as np
import pandas as pd

from brushprint.errors import UserError
from brushprint.quota import spread

PARTITIONS = ("train", "validation", "test")
COLUMNS = ("row", "image_id", "partition", "origin", "source", "style", "folder")


def split(
    catalogue: pd.DataFrame, *, published: bool, test: float, validation: float, subsample: str | None, seed: int
) -> pd.DataFrame:
    """Give pictures of a catalogue to `train`, `validation` or `test`; the same arguments give the same table.

    Parameters
    ----------
    catalogue : see `brushprint.catalogue`
    published : honour its published partitions, where it has any (what lies outside of them trains), instead of
        drawing a test share
    test, validation : shares to draw, the same of every source: of all pictures, and of those that train
    subsample : a column, whose values shall train in equal numbers (004 takes as many AI as human works), or None

    Returns
    -------
    Columns `row` (of the catalogue and so of the pixel arrays), `image_id`, `partition` and the labels, sorted by row.
    Pictures that the subsampling leaves out are not in it.

    Raises `UserError` when a partition would be empty.
    """
    generator = np.random.default_rng(seed)
    table = catalogue.assign(row=np.arange(len(catalogue)))
    if published and catalogue["published_split"].notna().any():
        table["partition"] = catalogue["published_split"].fillna("train")
    else:
        table["partition"] = "train"
        table.loc[_draw(table, test, generator), "partition"] = "test"
    if subsample:
        table = _subsample(table, subsample, generator)
    if not (table["partition"] == "validation").any():
        training = table[table["partition"] == "train"]
        table.loc[_draw(training, validation, generator), "partition"] = "validation"
    _check(table)
    return table.sort_values("row", ignore_index=True)[list(COLUMNS)]


def _draw(table: pd.DataFrame, share: float, generator: np.random.Generator) -> np.ndarray:
    """Index of about `share` of the rows, at least one: the same share of every source, spread over its folders.

    A folder keeps a row, but where each of a source's folders has only one.
    """
    sources = table.groupby("source")
    quotas = spread(max(1, round(share * len(table))), sources.size().to_dict())
    drawn = [np.array([], dtype=int)]
    for source, rows in sources:
        folders = rows.groupby("folder").groups
        groups = folders if len(folders) < len(rows) else {source: rows.index}
        spare = {name: len(index) - 1 for name, index in groups.items()}
        drawn.append(_pick(groups, spread(min(quotas[source], sum(spare.values())), spare), generator))
    return np.concatenate(drawn)


def _subsample(table: pd.DataFrame, column: str, generator: np.random.Generator) -> pd.DataFrame:
    """Drop rows that do not test at random until every value of `column` has as many, spread over the folders."""
    kept = [table.index[table["partition"] == "test"]]
    for _, part in table[table["partition"] != "test"].groupby("partition"):
        groups = part.groupby(column).groups
        least = min(map(len, groups.values()))
        for index in groups.values():
            folders = part.loc[index].groupby("folder").groups
            quotas = spread(least, {folder: len(inside) for folder, inside in folders.items()})
            kept.append(_pick(folders, quotas, generator))
    return table.loc[np.concatenate(kept)]


def _pick(groups: dict, quotas: dict[str, int], generator: np.random.Generator) -> np.ndarray:
    return np.concatenate([generator.permutation(groups[name])[: quotas[name]] for name in sorted(quotas)])


def _check(table: pd.DataFrame) -> None:
    empty = [partition for partition in PARTITIONS if not (table["partition"] == partition).any()]
    if empty:
        raise UserError(
            f"splits: no pictures for {' and '.join(empty)}; the collection is too small, "
            "or its published folders lack them: then set `published: false` to draw a split"
        )
