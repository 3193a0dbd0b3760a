"""The split: which pictures are used for training, validation and testing, and which have augmented copies."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from brushprint.core.errors import UserError, nearest
from brushprint.core.job_log import LOG
from brushprint.data.taxonomy import classes_of, composed
from brushprint.stats.allocation import allocate

PARTITIONS = ("train", "validation", "test")
COLUMNS = (
    *("row", "image_id", "partition", "fold", "origin", "source", "style", "folder", "group"),
    *("copy", "angle", "flip", "zoom"),
)
# The setting `folds: auto` makes this many folds if an origin has fewer pictures than `FEW`.
FOLDS = 5
FEW = 250
# A head is chosen within the pictures of the other folds, which must be at least two.
FEWEST_FOLDS = 3


def draw_split(
    catalogue: pd.DataFrame,
    groups: np.ndarray,
    *,
    published: bool,
    test: float,
    validation: float,
    folds: int | Literal["auto"] | None,
    exclude_folders: Sequence[str],
    exclude_sources: Sequence[str],
    near_duplicates: Literal["keep", "drop"],
    subsample: Mapping[str, Any] | None,
    oversample: Mapping[str, float] | None,
    capped: bool,
    test_seed: int,
    seed: int,
) -> pd.DataFrame:
    """Assign the pictures of a catalogue to `train`, `validation` or `test`; the same arguments give the same table.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue`
    groups : int [pictures]; near duplicates share a number, and a draw never separates them
    published : whether to use the published partitions, if the catalogue has any, instead of drawing test pictures.
        Pictures outside the published partitions are then used for training
    test, validation : shares to draw, the same from every source: `test` of all pictures, `validation` of the rest
    folds : number of folds for cross-validation of heads; `auto`: `FOLDS` if an origin has fewer than `FEW` pictures,
        which are neither published in partitions nor subsampled nor oversampled, else none; None: no folds
    exclude_folders : folders whose pictures are excluded from all partitions
    exclude_sources : sources whose pictures are used for testing only
    near_duplicates : `keep` or `drop` training and validation pictures that have a near duplicate among the test
        pictures, and training pictures that have one among the validation pictures. Such pictures exist only in
        published partitions
    subsample : `task` and `pictures`. From each class of the task, `pictures` pictures are used for training and
        validation together; if `pictures` is None, as many as the smallest class has. Pictures without a class of the
        task are then used for testing only. Sajjad ("AI art vs non AI art") uses as many AI as human works, Ovsianik
        ("Artistic Insights") 5,000 per style and origin. None: all pictures
    oversample : `rotation` (degrees), `horizontal_flip` (probability) and `zoom` (fraction). In `train` and in
        `validation`, augmented copies are added to the origin with fewer pictures until both origins have the same
        number, as in Mohta et al. ("AI Art Image Classification"). None: no copies
    capped : whether a budget reduced the collection to a part of it. A class may then have fewer pictures than
        `subsample` asks for, and a folder to exclude may be missing
    test_seed : seed for drawing the test pictures. Splits of one collection that have the same `test_seed`, `groups`
        and `test` have the same test pictures
    seed : seed for every other draw

    Returns
    -------
    One row per picture or copy, sorted by `row` and `copy`, without the excluded pictures. The columns are `row` (the
    row in the catalogue and in the pixel arrays), `image_id`, `partition`, the labels, `group` (of near duplicates),
    and

    fold : int8, the fold of the picture, from 0; -1 if the picture is in no fold, as are published test pictures and
        pictures of excluded sources. Heads that are cross-validated use the folds in place of the partitions
    copy : int32, 0 for the picture itself, else the number of the copy among the copies of its picture
    angle : float64, degrees by which a copy is rotated counter-clockwise, uniform in ± `rotation`; 0 for a picture
    flip : bool, whether a copy is mirrored
    zoom : float64, the share of the side that a copy shows, uniform in 1 ± `zoom`; 1 for a picture

    Raises `UserError` if a partition would be empty, if a folder to exclude is unknown, or if `subsample` asks for
    classes that the collection does not have or for more pictures than a class has.
    """
    generator = np.random.default_rng(seed)
    table = catalogue.assign(row=np.arange(len(catalogue)), group=np.asarray(groups, dtype=np.int32))
    as_published = published and catalogue["published_split"].notna().any()
    table["partition"] = table["published_split"].fillna("train") if as_published else "train"
    table.loc[in_test(catalogue, groups, published=published, test=test, test_seed=test_seed), "partition"] = "test"
    table = _without_folders(table, exclude_folders, capped)
    excluded = table["source"].isin(exclude_sources)
    if folds == "auto" and (as_published or subsample or oversample):
        folds = None
    # Folds are dealt before sources are excluded, so that an excluded source does not change those of other pictures.
    table["fold"] = _folds(table, as_published, folds, test_seed)
    table.loc[excluded, "fold"] = -1
    if not as_published and (table["fold"] >= 0).any():
        # Every picture is tested, so that those of excluded sources are, too.
        table.loc[excluded, "partition"] = "test"
    table = table[(table["partition"] == "test") | ~excluded]
    if near_duplicates == "drop":
        table = _without_leaks(table)
    if subsample:
        table = _subsample(table, **subsample, capped=capped, generator=generator)
    if not (table["partition"] == "validation").any():
        training = table[table["partition"] == "train"]
        table.loc[_draw(training, validation, generator), "partition"] = "validation"
    _check(table)
    table = table.sort_values("row").assign(copy=np.int32(0), angle=0.0, flip=False, zoom=1.0)
    if oversample:
        table = _with_copies(table, **oversample, generator=generator)
    return table[list(COLUMNS)].reset_index(drop=True)


def in_test(catalogue: pd.DataFrame, groups: np.ndarray, *, published: bool, test: float, test_seed: int) -> np.ndarray:
    """Whether each picture is a test picture, before any folder is excluded, bool [pictures].

    The arguments are those of `draw_split`.
    """
    if published and catalogue["published_split"].notna().any():
        return (catalogue["published_split"] == "test").to_numpy()
    table = catalogue.assign(group=groups).reset_index(drop=True)
    drawn = _draw(table, test, np.random.default_rng(test_seed))
    return np.isin(table.index, drawn)


def _without_leaks(table: pd.DataFrame) -> pd.DataFrame:
    """Exclude pictures that have a near duplicate in a later partition (order: train, validation, test)."""
    for later in ("test", "validation"):
        held = table.loc[table["partition"] == later, "group"]
        earlier = table["partition"].isin(PARTITIONS[: PARTITIONS.index(later)])
        leaking = earlier & table["group"].isin(held)
        if leaking.any():
            LOG.info("%d pictures are excluded: they have near duplicates in %s", leaking.sum(), later)
        table = table[~leaking]
    return table


def _without_folders(table: pd.DataFrame, exclude_folders: Sequence[str], capped: bool) -> pd.DataFrame:
    folders = sorted(table["folder"].unique())
    exclude_folders = [composed(folder) for folder in exclude_folders]
    for folder in exclude_folders:
        if folder not in folders:
            unknown = f"splits: exclude_folders: the collection has no folder {folder!r}{nearest(folder, folders)}"
            if not capped:
                raise UserError(unknown)
            LOG.info("%s; budget.images may have excluded all of them", unknown)
    return table[~table["folder"].isin(exclude_folders)]


def _folds(table: pd.DataFrame, as_published: bool, folds: int | Literal["auto"] | None, seed: int) -> "pd.Series[int]":
    """The fold of each picture: every source and folder is spread evenly, and near duplicates share a fold.

    If the test pictures are published, they are in no fold.
    """
    fold = pd.Series(-1, index=table.index, dtype=np.int8)
    inside = table[table["partition"] != "test"] if as_published else table
    first = inside.drop_duplicates("group")
    fewest = _fewest(first)
    if folds == "auto":
        few = _fewest(table) < FEW
        folds = min(FOLDS, fewest) if few and fewest >= FEWEST_FOLDS else None
        if few and folds is None:
            LOG.info("no folds: an origin has only %d pictures that are no near duplicates", fewest)
    if folds is None:
        return fold
    if fewest < folds:
        raise UserError(
            f"splits: {folds} folds need as many pictures of each origin that are no near duplicates, but one has only "
            f"{fewest}; add pictures, or set `folds: null`"
        )
    shuffled = first.sample(frac=1, random_state=np.random.default_rng(seed))
    spread = shuffled.sort_values(["origin", "source", "folder"], kind="stable")
    of_groups = pd.Series(np.arange(len(spread)) % folds, index=spread["group"], dtype=np.int8)
    fold[inside.index] = inside["group"].map(of_groups)
    return fold


def _fewest(table: pd.DataFrame) -> int:
    """Count the pictures of each origin, and return the smaller count."""
    return int(min((table["origin"] == origin).sum() for origin in ("human", "ai")))


def _draw(table: pd.DataFrame, share: float, generator: np.random.Generator) -> np.ndarray:
    """Draw about `share` of the rows, at least one, and return their index.

    The same share of every source is drawn, spread over the folders of the source. At least one row of each folder is
    not drawn, unless each of a source's folders has only one row. Near duplicates are drawn together with the first of
    them, whatever their own sources and folders.
    """
    first = table.drop_duplicates("group")
    sources = first.groupby("source")
    allocation = allocate(max(1, round(share * len(first))), sources.size().to_dict()) if len(first) else {}
    drawn = [np.array([], dtype=int)]
    for source, rows in sources:
        folders = rows.groupby("folder").groups
        groups = folders if len(folders) < len(rows) else {source: rows.index}
        spare = {name: len(index) - 1 for name, index in groups.items()}
        drawn.append(_pick(groups, allocate(min(allocation[source], sum(spare.values())), spare), generator))
    return table.index[table["group"].isin(table.loc[np.concatenate(drawn), "group"])].to_numpy()


def _subsample(
    table: pd.DataFrame, *, task: str, pictures: int | None, capped: bool, generator: np.random.Generator
) -> pd.DataFrame:
    """Drop random rows outside `test`, spread over partitions and folders, until all classes have the same number."""
    testing = table["partition"] == "test"
    # Grouping by partition keeps the share of each class in every published partition.
    groups = table[~testing].assign(label=classes_of(table, task)).groupby(["label", "partition", "folder"]).groups
    sizes = pd.Series({group: len(index) for group, index in groups.items()}, dtype=int)
    if sizes.empty:
        raise UserError(f"splits: subsample: no training picture has a class of the task {task}; set another task")
    classes = sizes.groupby(level=0).sum()
    least = int(classes.min())
    if pictures is not None and pictures > least:
        short = (
            f"splits: subsample: {pictures:,} pictures of each class are needed, but {classes.idxmin()!r} has only "
            f"{least:,} outside the test partition"
        )
        if not capped:
            raise UserError(f"{short}; set subsample.pictures to at most {least}, or to null")
        LOG.info("%s, because of budget.images; each class has %d", short, least)
    if left_out := int((~testing).sum() - sizes.sum()):
        LOG.info("%d pictures have no class of the task %s and are excluded from training", left_out, task)
    kept = [table.index[testing]]
    for _, inside in sizes.groupby(level=0):
        kept.append(_pick(groups, allocate(min(pictures or least, least), inside.to_dict()), generator))
    return table.loc[np.concatenate(kept)]


def _pick(groups: Mapping[Any, Any], allocation: Mapping[Any, int], generator: np.random.Generator) -> np.ndarray:
    return np.concatenate([generator.permutation(groups[name])[: allocation[name]] for name in sorted(allocation)])


def _with_copies(
    table: pd.DataFrame, *, rotation: float, horizontal_flip: float, zoom: float, generator: np.random.Generator
) -> pd.DataFrame:
    """Add copies to the origin with fewer pictures, separately in `train` and in `validation`, and augment them.

    The numbers of copies of any two originals of that origin and partition differ by at most one.
    """
    added = []
    for _, part in table[table["partition"] != "test"].groupby("partition"):
        most = part["origin"].value_counts().max()
        for _, originals in part.groupby("origin"):
            turns = np.arange(most - len(originals))
            chosen = np.resize(generator.permutation(len(originals)), len(turns))
            added.append(originals.iloc[chosen].assign(copy=(turns // len(originals) + 1).astype(np.int32)))
    copies = pd.concat(added).sort_values(["row", "copy"])
    copies["angle"] = generator.uniform(-rotation, rotation, len(copies))
    copies["flip"] = generator.random(len(copies)) < horizontal_flip
    copies["zoom"] = generator.uniform(1 - zoom, 1 + zoom, len(copies))
    return pd.concat([table, copies]).sort_values(["row", "copy"])


def _check(table: pd.DataFrame) -> None:
    _require([partition for partition in PARTITIONS if not (table["partition"] == partition).any()])


def check_origins(split: pd.DataFrame) -> None:
    """Raise `UserError` if the pictures for training or for testing are all human or all AI."""
    there = set(zip(split["partition"], split["origin"], strict=True))
    origins = (("human", "humans"), ("ai", "AI"))
    _require(
        [f"{part} by {maker}" for part in ("train", "test") for name, maker in origins if (part, name) not in there]
    )


def _require(lacking: list[str]) -> None:
    if lacking:
        raise UserError(
            f"splits: no pictures for {' and '.join(lacking)}; add pictures or, if "
            "only its published folders lack them, set `published: false` to draw a split"
        )
