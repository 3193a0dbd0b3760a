"""The catalogue: one row per picture of a collection, and lists of all other files with the reasons."""

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG, progress, reading
from brushprint.data.archive import LARGEST_MEMBER, Member, UnreadableError, members
from brushprint.data.decoding import UndecodableError, open_picture, to_rgb
from brushprint.data.harmonise import load_rgb
from brushprint.data.listing import Files, list_files
from brushprint.data.taxonomy import ORIGINS, Label, Labels, composed
from brushprint.stats.allocation import allocate

COLUMNS = (
    *("image_id", "path", "sha256", "bytes", "format", "width", "height", "reduction", "mode"),
    *("published_split", "origin", "source", "style", "folder", "phash"),
)
_SIZES = {"bytes": "int64", "width": "int32", "height": "int32", "reduction": "int32"}
UNLABELLED_COLUMNS = ("path", "image_id", "sha256", "width", "height")
# Each unlabelled picture is shown individually and tested under 64 conditions, so their number is limited.
MOST_UNLABELLED = 500
# The largest number of folders of a source that the log names.
MOST_FOLDERS = 10
# The largest number of bytes of files that are read ahead of their decoding.
MOST_AHEAD = 256 * 2**20

Result = TypeVar("Result")


class Catalogue(NamedTuple):
    """The files of a collection, in tables that are sorted by path. Pictures that were not drawn are in none.

    `pictures` has one row per picture; see `build_catalogue`. `rejected` has the columns `path`, `reason` and `origin`
    (`human`, `ai`, or missing where the file has no label). `ignored` lists the files that only accompany a collection,
    such as those of an operating system, with the columns `path` and `reason`.

    `unusable` holds, for `human` and `ai`, the number of `files` and of those among them that are no readable pictures
    (`rejected`). Repeated pictures are readable. If pictures were drawn, the same share of other files counts.
    """

    pictures: pd.DataFrame
    rejected: pd.DataFrame
    ignored: pd.DataFrame
    unusable: dict[str, dict[str, int]]


def build_catalogue(
    root: str | Path,
    labels: Labels | None,
    *,
    images: int | None,
    max_rejected: float,
    seed: int,
    jobs: int,
    setting: str = "collection.source",
) -> Catalogue:
    """Open every picture below `root` once, and describe it in a row of the catalogue.

    Parameters
    ----------
    root : folder, zip, tar or Parquet file
    labels : gives the label of each picture; None for pictures without labels
    images : largest number of pictures, drawn from the folders in proportion to their sizes; None for all
    max_rejected : share of undecodable pictures above which `UserError` is raised
    seed : seed of the draw of `images`
    jobs : number of threads that decode
    setting : name of the setting that `root` comes from, for error messages

    Returns
    -------
    The tables. With `labels`, the pictures have the columns `COLUMNS`, and one row for all pictures of the same
    content. Without `labels`, they have the columns `UNLABELLED_COLUMNS` and a row for every file. `width` and `height`
    are in pixels. `reduction` is the factor by which the sides of a very large picture were reduced, else 1; see
    `brushprint.data.decoding.open_picture`. Columns that hold no numbers are text, with missing values where nothing is
    known.

    Raises `UserError` if no picture is left, if too many are undecodable, or if more than `MOST_UNLABELLED` pictures
    are given without labels.
    """
    files = list_files(root, setting)
    labelled, unlabelled = _labels_of(files, labels) if labels else ({}, {})
    possible = [path for path in files.pictures if path not in unlabelled]
    if labels is None and len(possible) > MOST_UNLABELLED:
        raise UserError(
            f"{setting}: {root} has {len(possible):,} pictures, but at most {MOST_UNLABELLED} hand-picked pictures are "
            "possible; delete some"
        )
    chosen = set(_draw(sorted(possible), images, seed))
    facts, broken = _facts_of(root, chosen, jobs, setting)
    _check_share(broken, len(chosen), max_rejected)
    table, repeated = _labelled_table(facts, labelled) if labels else _unlabelled_table(facts)
    reasons = files.refused | unlabelled | broken | repeated
    if table.empty:
        with_label = " with a label" if labels else ""
        first = f"; the first of {len(reasons)} rejected files is {': '.join(min(reasons.items()))}" if reasons else ""
        raise UserError(f"{setting}: no usable picture{with_label} in {root}{first}")
    origins = {path: label.origin for path, label in labelled.items()}
    rejected = _reasons_table(reasons)
    rejected["origin"] = rejected["path"].map(origins).astype(str)
    unusable = _unusable(origins, possible, chosen, refused=files.refused, broken=broken)
    catalogue = Catalogue(table, rejected, _reasons_table(files.ignored), unusable)
    _log_counts(catalogue)
    return catalogue


def _labels_of(files: Files, labels: Labels) -> tuple[dict[str, Label], dict[str, str]]:
    """Return the label of each labelled file, and a reason for each picture without a label or label without a file."""
    listed = [*files.pictures, *files.refused]
    absent = labels.absent({*listed, *files.ignored})
    found = {path: labels.of(path) for path in [*listed, *absent]}
    labelled = {path: label for path, label in found.items() if isinstance(label, Label)}
    _log_labels(labelled[path] for path in files.pictures if path in labelled)
    unlabelled = {path: reason for path in files.pictures if isinstance(reason := found[path], str)}
    one = min(listed, default=None)
    example = f", such as {one}" if one else ""
    missing = f"labelled, but not in the collection, where paths begin below its folder{example}"
    return labelled, unlabelled | dict.fromkeys(absent, missing)


def read_pictures(
    root: str | Path,
    wanted: set[str],
    function: Callable[[bytes], Result],
    jobs: int,
    title: str,
    *,
    setting: str = "collection.source",
) -> Iterator[tuple[str, Result | str]]:
    """Apply `function` to the bytes of each wanted member, and yield paths and results in the order of the archive.

    If a member cannot be read, or `function` raises `UndecodableError`, the reason replaces the result. `title` names
    the work in the logged progress. Raises `UserError` as `brushprint.data.archive.members` does.

    Members are read in sequence, only a little ahead of `function`, so memory use does not grow with the archive.
    Threads are enough, because Pillow releases Python's global lock while it decodes and resizes.
    """

    def contents() -> Iterator[tuple[str, bytes | str]]:
        for member in members(root, setting):
            if member.path in wanted and member.refused is None:
                yield member.path, _content(member)

    def apply(path: str, content: bytes | str) -> tuple[str, Result | str]:
        try:
            with reading(path):
                return path, content if isinstance(content, str) else function(content)
        except UndecodableError as error:
            return path, str(error)

    with ThreadPoolExecutor(jobs) as pool, progress(len(wanted), title) as bar:
        ahead: deque[tuple[Future[tuple[str, Result | str]], int]] = deque()
        for path, content in contents():
            ahead.append((pool.submit(apply, path, content), len(content)))
            while len(ahead) > 4 * jobs or (len(ahead) > 1 and sum(size for _, size in ahead) > MOST_AHEAD):
                yield ahead.popleft()[0].result()
                bar.update()
        for future, _ in ahead:
            yield future.result()
            bar.update()


def read_catalogued(
    root: str | Path,
    catalogue: pd.DataFrame,
    function: Callable[[Image.Image], Result],
    jobs: int,
    title: str,
    *,
    harmonise: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, Result]]:
    """Apply `function` to the decoded RGB picture of each row of a catalogue, in the order of the archive.

    `harmonise` holds the arguments of `brushprint.data.harmonise.harmonised`, which is applied to the picture first.
    With None, the picture stays unchanged. Yields and raises as `read_catalogued_files` does.
    """

    def decoded(content: bytes) -> Result:
        return function(load_rgb(content, harmonise))

    return read_catalogued_files(root, catalogue, decoded, jobs, title)


def read_catalogued_files(
    root: str | Path, catalogue: pd.DataFrame, function: Callable[[bytes], Result], jobs: int, title: str
) -> Iterator[tuple[str, Result]]:
    """Apply `function` to the bytes of each row of a catalogue, in the order of the archive.

    The catalogue needs the columns `path` and `sha256`. Yields paths and results. Raises `UserError` if a file has
    changed or disappeared since it was catalogued, or if `function` raises `UndecodableError`.
    """
    expected = dict(zip(catalogue["path"], catalogue["sha256"], strict=True))
    advice = f"delete {root} if it was fetched or drawn, and run again"

    def checked(content: bytes) -> tuple[str, Result]:
        return hashlib.sha256(content).hexdigest(), function(content)

    for path, result in read_pictures(root, set(expected), checked, jobs, title):
        if isinstance(result, str) or result[0] != expected.pop(path):
            raise UserError(f"collection.source: {path} in {root} was changed after it was catalogued; {advice}")
        yield path, result[1]
    if expected:
        raise UserError(f"collection.source: {min(expected)} was deleted from {root} after it was catalogued; {advice}")


def examples(
    root: str | Path,
    catalogue: pd.DataFrame,
    jobs: int,
    *,
    most: int = 10,
    side: int = 160,
    harmonise: Mapping[str, Any] | None = None,
) -> dict[str, list[tuple[str, Image.Image]]]:
    """Return at most `most` pictures of each source with their styles (or folders, if they have no style).

    The pictures of a source are sorted by style. No style appears twice before every style has appeared once. The
    pictures are RGB, with at most `side` pixels a side. They are harmonised first, as in `read_catalogued`.
    """
    table = catalogue.assign(group=catalogue["style"].fillna(catalogue["folder"]))
    turn = table.groupby(["source", "group"]).cumcount()
    chosen = table.assign(turn=turn).sort_values(["turn", "group", "path"]).groupby("source").head(most)

    def thumbnail(picture: Image.Image) -> Image.Image:
        picture.thumbnail((side, side))
        return picture

    pictures = dict(read_catalogued(root, chosen, thumbnail, jobs, "examples", harmonise=harmonise))
    shown = defaultdict(list)
    for row in chosen.sort_values(["source", "group", "turn"]).itertuples():
        shown[row.source].append((row.group, pictures[row.path]))
    return dict(shown)


def image_id(sha256: str) -> str:
    """Return the identifier of a picture: the first 16 hexadecimal digits of the SHA-256 of its file."""
    return sha256[:16]


def _content(member: Member) -> bytes | str:
    try:
        return member.read(LARGEST_MEMBER)
    except (UnreadableError, OSError) as error:
        return str(error)


def _draw(paths: list[str], images: int | None, seed: int) -> list[str]:
    """Draw at most `images` of the paths, the same share of each folder; None draws all."""
    if images is None or images >= len(paths):
        return paths
    folders = defaultdict(list)
    for path in paths:
        folders[composed(path).rpartition("/")[0]].append(path)
    allocation = allocate(images, {folder: len(inside) for folder, inside in folders.items()})
    generator = np.random.default_rng(seed)
    return [path for folder in sorted(folders) for path in generator.permutation(folders[folder])[: allocation[folder]]]


def _describe(content: bytes) -> dict[str, Any]:
    """Return the properties of one picture. Raises `UndecodableError`."""
    opened = open_picture(content)
    facts = {"format": opened.format, "mode": opened.mode}
    picture = to_rgb(opened)
    sha256 = hashlib.sha256(content).hexdigest()
    return {
        "image_id": image_id(sha256),
        "sha256": sha256,
        "bytes": len(content),
        "width": picture.width,
        "height": picture.height,
        "reduction": opened.info.get("reduction", 1),
        "phash": str(imagehash.phash(picture)),
        **facts,
    }


def _facts_of(
    root: str | Path, chosen: set[str], jobs: int, setting: str
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Map the path of each picture to its properties, and the path of each undecodable picture to the reason."""
    facts, broken = {}, {}
    for path, result in read_pictures(root, chosen, _describe, jobs, "catalogue", setting=setting):
        if isinstance(result, str):
            broken[path] = result
        else:
            facts[path] = result
    return facts, broken


def _unlabelled_table(facts: dict[str, dict[str, Any]]) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = [{"path": path, **described} for path, described in facts.items()]
    return pd.DataFrame(rows, columns=UNLABELLED_COLUMNS).sort_values("path", ignore_index=True), {}


def _labelled_table(
    facts: dict[str, dict[str, Any]], labels: Mapping[str, Label]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table with one row per content, and the reason why each other picture is excluded."""
    rows = [{"path": path, **labels[path]._asdict(), **described} for path, described in facts.items()]
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values("path", ignore_index=True)
    table, repeated = _without_repeats(table)
    return table.astype(dict.fromkeys(COLUMNS, str) | _SIZES), repeated


def _without_repeats(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Keep one picture of each content, preferably a test picture; none if its labels include both human and AI."""
    origins = table.groupby("sha256")["origin"].transform("nunique")
    contradictory = table[origins > 1]
    rest = table[origins <= 1]
    order = rest.assign(_late=rest["published_split"] != "test").sort_values(["_late", "path"])
    kept = order.drop_duplicates("sha256")
    columns = ["sha256", "path", "source", "style"]
    repeats = order.drop(kept.index).merge(kept[columns], on="sha256", suffixes=("", "_kept"))
    reasons = dict.fromkeys(contradictory["path"], "the same content is labelled both human and AI")
    for row in repeats.itertuples():
        alike = (row.source, row.style or "") == (row.source_kept, row.style_kept or "")
        reasons[row.path] = f"same content as {row.path_kept}" + ("" if alike else ", which has another label")
    return kept.drop(columns="_late").sort_values("path", ignore_index=True), reasons


def _check_share(broken: dict[str, str], total: int, allowed: float) -> None:
    if broken and len(broken) > allowed * total:
        path, reason = min(broken.items())
        raise UserError(
            f"{len(broken)} of {total} pictures cannot be read, "
            f"more than collection.max_rejected = {allowed:g} allows; the first is {path}: {reason}"
        )


def _reasons_table(reasons: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(sorted(reasons.items()), columns=["path", "reason"], dtype=str)


def _unusable(
    origins: Mapping[str, str], possible: list[str], chosen: set[str], *, refused: Iterable[str], broken: Iterable[str]
) -> dict[str, dict[str, int]]:
    """Count the files of each origin and the unusable ones; see `Catalogue`."""
    counts = {}
    for origin in ORIGINS:
        of_origin = [path for path in possible if origins.get(path) == origin]
        drawn = sum(path in chosen for path in of_origin)
        # Empty folders, whose path ends in a slash, are no files.
        lost = sum(origins.get(path) == origin for path in refused if not path.endswith("/"))
        unusable = round(lost * (drawn / len(of_origin) if of_origin else 1))
        unreadable = sum(origins.get(path) == origin for path in broken)
        counts[origin] = {"files": drawn + unusable, "rejected": unusable + unreadable}
    return counts


def _log_labels(labels: Iterable[Label]) -> None:
    """Log how folders were read: for each source, the names of its folders and the number of pictures in each."""
    counts = Counter((label.origin, label.source, label.folder) for label in labels)
    for (origin, source), group in groupby(sorted(counts.items()), key=lambda item: item[0][:2]):
        folders = [f"{folder} ({pictures:,})" for (_, _, folder), pictures in group]
        more = f" and {len(folders) - MOST_FOLDERS} more" if len(folders) > MOST_FOLDERS else ""
        name = {"ai": "AI"}.get(origin, origin) + (f", {source}" if source != origin else "")
        LOG.info("note: folders read as %s: %s%s", name, ", ".join(folders[:MOST_FOLDERS]), more)


def _log_counts(catalogue: Catalogue) -> None:
    pictures, rejected, ignored, _ = catalogue
    LOG.info(
        "catalogue: %d pictures; rejected files: %d; ignored files: %d", len(pictures), len(rejected), len(ignored)
    )
    for reason, files in rejected["reason"].value_counts().head(5).items():
        LOG.info("%d rejected: %s", files, reason)
