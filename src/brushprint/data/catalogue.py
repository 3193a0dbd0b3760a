"""The catalogue: one row per picture of a collection, and a list of the files that are none, with reasons."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.core.job_log import progress
from brushprint.data.archive import Member, UnreadableError, members
from brushprint.data.decoding import SUFFIXES, UndecodableError, open_picture, to_rgb
from brushprint.data.harmonise import load_rgb
from brushprint.data.taxonomy import label, published_split
from brushprint.stats.allocation import allocate

COLUMNS = (
    *("image_id", "path", "sha256", "bytes", "format", "width", "height", "mode"),
    *("published_split", "origin", "source", "style", "folder", "phash"),
)


def catalogue(
    root: str | Path, labels: list[dict[str, Any]], *, images: int | None, max_rejected: float, seed: int, jobs: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open every picture below `root` once.

    Parameters
    ----------
    root : folder, zip or tar
    labels : rules that label a folder name, see `brushprint.data.taxonomy.label`
    images : take at most so many pictures, drawn evenly from the folders; None for all
    max_rejected : share of undecodable pictures above which `UserError` is raised
    seed : of that draw
    jobs : threads that decode

    Returns
    -------
    catalogue : a row a picture, columns `COLUMNS`, sorted by path; equal contents appear once
    rejected : a row a file that is not in it, columns `path` and `reason`, sorted by path

    Raises `UserError` when nothing is left or too much is rejected.
    """
    refused, labelled = [], {}
    for path, reason in listing(root):
        if reason is not None:
            refused.append((path, reason))
        elif found := label(path, labels):
            labelled[path] = found
        else:
            refused.append((path, "no rule of collection.labels matches its folders"))
    chosen = set(_draw(sorted(labelled), images, seed))
    rows, broken = [], {}
    for path, facts in read_pictures(root, chosen, _describe, jobs, "catalogue"):
        if isinstance(facts, str):
            broken[path] = facts
        else:
            rows.append({"path": path, "published_split": published_split(path), **labelled[path]._asdict(), **facts})
    _check_share(broken, len(chosen), max_rejected)
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values("path", ignore_index=True)
    table, repeated = _without_repeats(table)
    reasons = sorted([*refused, *broken.items(), *repeated.items()])
    if table.empty:
        first = f"; the first of {len(reasons)} files refused is {': '.join(reasons[0])}" if reasons else ""
        raise UserError(f"collection.source: no usable picture with a label in {root}{first}")
    rejected = pd.DataFrame(reasons, columns=["path", "reason"], dtype=str)
    return table.astype(dict.fromkeys(COLUMNS, str) | {"bytes": "int64", "width": "int32", "height": "int32"}), rejected


def listing(root: str | Path) -> Iterator[tuple[str, str | None]]:
    """Each file, and each empty folder, with the reason why it cannot be a picture, or None.

    A folder's name ends in a slash.
    """
    folders, filled = set(), set()
    for member in members(root):
        if member.path.endswith("/"):
            folders.add(member.path)
            continue
        path = PurePosixPath(member.path)
        filled |= {f"{parent}/" for parent in path.parents}
        by_name = path.suffix.lower() in SUFFIXES and not path.name.startswith("._")
        yield member.path, member.refused or (None if by_name else "not a picture by its name")
    yield from ((folder, "empty folder") for folder in folders - filled)


def read_pictures(
    root: str | Path, wanted: set[str], function: Callable[[bytes], Any], jobs: int, label: str
) -> Iterator[tuple[str, Any]]:
    """Apply `function` to the bytes of each wanted member, in the order of the archive.

    The reason comes in place of the result where a member cannot be read or `function` raises `UndecodableError`.

    Reading is sequential and runs only a little ahead, so memory does not grow with the archive. Decoding and resizing
    in Pillow release Python's lock: threads are enough.
    """

    def contents() -> Iterator[tuple[str, bytes | str]]:
        for member in members(root):
            if member.path in wanted and member.refused is None:
                yield member.path, _content(member)

    def apply(path: str, content: bytes | str) -> tuple[str, Any]:
        try:
            return path, content if isinstance(content, str) else function(content)
        except UndecodableError as error:
            return path, str(error)

    with ThreadPoolExecutor(jobs) as pool, progress(len(wanted), label) as bar:
        ahead = deque()
        for path, content in contents():
            ahead.append(pool.submit(apply, path, content))
            if len(ahead) > 4 * jobs:
                yield ahead.popleft().result()
                bar.update()
        for future in ahead:
            yield future.result()
            bar.update()


def read_catalogued(
    root: str | Path,
    catalogue: pd.DataFrame,
    function: Callable[[Image.Image], Any],
    jobs: int,
    label: str,
    *,
    harmonise: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, Any]]:
    """Apply `function` to the decoded RGB picture of each row of a catalogue, in the order of the archive.

    `harmonise` says what becomes of it before, see `brushprint.data.harmonise.harmonised`; None: it stays as it came.
    Yields paths and results. Raises `UserError` when a picture is no longer the one that was catalogued.
    """

    def decoded(content: bytes) -> Any:
        return function(load_rgb(content, harmonise))

    return read_catalogued_files(root, catalogue, decoded, jobs, label)


def read_catalogued_files(
    root: str | Path, catalogue: pd.DataFrame, function: Callable[[bytes], Any], jobs: int, label: str
) -> Iterator[tuple[str, Any]]:
    """Apply `function` to the bytes of each row of a catalogue, in the order of the archive.

    Yields paths and results. Raises `UserError` when a file is no longer the one that was catalogued, or when
    `function` raises `UndecodableError`.
    """
    identity = dict(zip(catalogue["path"], catalogue["sha256"], strict=True))
    advice = f"delete {root} if it was fetched or drawn, and run again"

    def checked(content: bytes) -> tuple[str, Any]:
        return hashlib.sha256(content).hexdigest(), function(content)

    for path, result in read_pictures(root, set(identity), checked, jobs, label):
        if isinstance(result, str) or result[0] != identity.pop(path):
            raise UserError(f"collection.source: {path} in {root} has changed since it was catalogued; {advice}")
        yield path, result[1]
    if identity:
        raise UserError(f"collection.source: {min(identity)} is gone from {root} since it was catalogued; {advice}")


def examples(
    root: str | Path,
    catalogue: pd.DataFrame,
    jobs: int,
    *,
    most: int = 10,
    side: int = 160,
    harmonise: Mapping[str, Any] | None = None,
) -> dict[str, list[tuple[str, Image.Image]]]:
    """At most `most` pictures of each source with their styles (folders where they have none), sorted by style.

    Each style is shown before one is shown twice. The pictures are RGB, of at most `side` pixels; before, they are
    harmonised as `read_catalogued` says.
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


def _content(member: Member) -> bytes | str:
    try:
        return member.read()
    except (UnreadableError, OSError) as error:
        return str(error)


def _draw(paths: list[str], images: int | None, seed: int) -> list[str]:
    """At most `images` of the paths, the same share of each folder."""
    if images is None or images >= len(paths):
        return paths
    folders = defaultdict(list)
    for path in paths:
        folders[path.rsplit("/", 1)[0]].append(path)
    quotas = allocate(images, {folder: len(inside) for folder, inside in folders.items()})
    generator = np.random.default_rng(seed)
    return [path for folder in sorted(folders) for path in generator.permutation(folders[folder])[: quotas[folder]]]


def _describe(content: bytes) -> dict[str, Any]:
    """The facts of one picture; raises `UndecodableError`."""
    opened = open_picture(content)
    facts = {"format": opened.format, "mode": opened.mode}
    picture = to_rgb(opened)
    sha256 = hashlib.sha256(content).hexdigest()
    return {
        "image_id": sha256[:16],
        "sha256": sha256,
        "bytes": len(content),
        "width": picture.width,
        "height": picture.height,
        "phash": str(imagehash.phash(picture)),
        **facts,
    }


def _without_repeats(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Keep one picture of each content, a test picture first; none where one content is labelled human and AI."""
    origins = table.groupby("sha256")["origin"].transform("nunique")
    torn = table[origins > 1]
    rest = table[origins <= 1]
    order = rest.assign(_late=rest["published_split"] != "test").sort_values(["_late", "path"])
    kept = order.drop_duplicates("sha256")
    columns = ["sha256", "path", "source", "style"]
    repeats = order.drop(kept.index).merge(kept[columns], on="sha256", suffixes=("", "_kept"))
    reasons = dict.fromkeys(torn["path"], "the same content is labelled both human and AI")
    for row in repeats.itertuples():
        alike = (row.source, row.style or "") == (row.source_kept, row.style_kept or "")
        reasons[row.path] = f"same content as {row.path_kept}" + ("" if alike else ", which is labelled otherwise")
    return kept.drop(columns="_late").sort_values("path", ignore_index=True), reasons


def _check_share(broken: dict[str, str], total: int, allowed: float) -> None:
    if broken and len(broken) > allowed * total:
        path, reason = min(broken.items())
        raise UserError(
            f"{len(broken)} of {total} pictures cannot be read, "
            f"more than collection.max_rejected = {allowed:g} allows; the first is {path}: {reason}"
        )
