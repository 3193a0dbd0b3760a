"""Near duplicates: the same picture mirrored, resized or saved again.

Perceptual hashes of all pictures (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010;
`imagehash`) give candidate pairs. The pictures of these pairs are then opened again and compared as thumbnails.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brushprint.core.job_log import LOG
from brushprint.data.catalogue import read_catalogued

# Two pictures are candidates if their 64-bit hashes differ in at most `DISTANCE` bits. Candidates are near duplicates
# if their thumbnails correlate by at least `LIKENESS`. Both limits were measured on 400 real works that were mirrored,
# scaled to between half and double the size, saved as WebP or as JPEG of quality 30, or all of these. Every such copy
# is detected (0 to 6 bits, likeness of at least 0.98), and so are 94 % of the copies cropped by 2 % at each edge. Among
# 1,026 different works, the smallest distance is 12 bits. Pictures of the embedded sample that were drawn alike reach a
# likeness of 0.94.
DISTANCE = 10
LIKENESS = 0.95
# If either thumbnail has less contrast than `FLAT` (standard deviation, 0 to 255), the two are alike only if their root
# mean square difference is at most `NEAR`.
FLAT, NEAR = 10.0, 3.0
SIDE = 16
# A hash that more than `CROWD` pictures share belongs to empty or plain pictures and does not identify a picture.
CROWD = 50
_CHUNKS, _CHUNK_BITS = 4, 16
# Number of pairs that are compared at a time: this many fit into a processor's cache.
_BLOCK = 100_000


def find(
    root: str | Path, catalogue: pd.DataFrame, mirrored: pd.Series, *, jobs: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find the near duplicates in a collection.

    Parameters
    ----------
    root, catalogue : see `brushprint.data.catalogue`
    mirrored : the perceptual hash of each picture's mirror image, in hexadecimal like the catalogue's `phash`
    jobs : number of threads that decode

    Returns
    -------
    pairs : one row per pair, in the order of the catalogue: `first` and `second` (image_id), `distance` (number of bits
        in which their hashes differ), `likeness` (see `likeness`) and `mirrored` (whether one picture resembles the
        mirror image of the other)
    groups : int32 [pictures]; pictures that are connected by pairs share a number. Numbers ascend in the order of the
        catalogue

    Raises `UserError` if the collection has changed since it was catalogued.
    """
    candidates = candidate_pairs(_bits(catalogue["phash"]), _bits(mirrored))
    thumbnails = _thumbnails(root, catalogue, np.unique(candidates[["first", "second"]].to_numpy()), jobs)
    alike = [
        likeness(thumbnails[row.first], thumbnails[row.second][:, ::-1] if row.mirrored else thumbnails[row.second])
        for row in candidates.itertuples()
    ]
    pairs = candidates.assign(likeness=np.array(alike, dtype=float))
    pairs = pairs[pairs["likeness"] >= LIKENESS]
    # A picture that equals its own mirror image has each of its pairs twice: unmirrored and mirrored.
    pairs = pairs.sort_values(["first", "second", "mirrored"]).drop_duplicates(["first", "second"])
    groups = _groups(pairs, len(catalogue))
    ids = catalogue["image_id"].to_numpy()
    for column in ("first", "second"):
        pairs[column] = ids[pairs[column]]
    return pairs[["first", "second", "distance", "likeness", "mirrored"]].reset_index(drop=True), groups


def candidate_pairs(hashes: np.ndarray, mirrored: np.ndarray) -> pd.DataFrame:
    """Find pairs of pictures whose hashes are near, or where one hash is near that of the other's mirror image.

    `hashes` and `mirrored` (the hashes of the mirror images) are uint64 [pictures]. Two hashes are near if they differ
    in at most `DISTANCE` bits. Returns the columns `first` < `second` (positions), `distance` and `mirrored`, sorted.
    Pictures that share their hash with too many others (more than `CROWD` in all) are excluded, and their number is
    logged.
    """
    _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
    crowded = (count > CROWD)[place]
    if crowded.any():
        LOG.info("%d pictures share their hash with too many others to be compared", crowded.sum())
    kept = np.flatnonzero(~crowded)
    parts = []
    for other, is_mirrored in ((hashes, False), (mirrored, True)):
        one, two, distance = _within(hashes[kept], other[kept])
        ends = {"first": kept[np.minimum(one, two)], "second": kept[np.maximum(one, two)]}
        parts.append(pd.DataFrame(ends | {"distance": distance, "mirrored": is_mirrored})[one != two])
    # A mirrored pair can occur twice, once for the mirror image of each picture: keep the smaller distance.
    return (
        pd.concat(parts)
        .sort_values(["first", "second", "mirrored", "distance"])
        .drop_duplicates(["first", "second", "mirrored"])
        .reset_index(drop=True)
    )


def hash_matches(hashes: pd.Series, others: pd.Series) -> np.ndarray:
    """Whether the hash of each picture differs in at most `DISTANCE` bits from one of `others`, bool [pictures].

    Both arguments hold hashes in hexadecimal. The pictures themselves are not compared, so a few of the matches are not
    near duplicates.
    """
    matches = np.zeros(len(hashes), dtype=bool)
    _, place, _ = _within(np.unique(_bits(others)), _bits(hashes))
    matches[place] = True
    return matches


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """The likeness of two thumbnails, uint8 [side, side, 3]: their correlation, -1 to 1, where 1 is the same picture.

    If a thumbnail is plain, noise alone would decide the correlation. The likeness is then 1 if the two thumbnails are
    nearly the same, else 0.
    """
    one, other = (thumbnail.astype(np.float64) for thumbnail in (first, second))
    if min(one.std(axis=(0, 1)).max(), other.std(axis=(0, 1)).max()) < FLAT:
        return float(np.sqrt(((one - other) ** 2).mean()) <= NEAR)
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def leakage(split: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """Count the pictures of a split that have a near duplicate, within each partition and across partitions.

    `split` is described in `brushprint.data.split`, `pairs` in `find`. Augmented copies are not counted. The result has
    two keys. `partitions` holds, for each partition, its number of `pictures` and how many of them have a near
    duplicate `within` the same partition. `across` has one entry for each pair of partitions: how many `pictures` of
    the partition `of` have a near duplicate in the partition `in`, their `share` of the partition `of`, and their
    number `by_source`.
    """
    pictures = split[split["copy"] == 0].set_index("image_id")
    both = pd.concat([pairs[["first", "second"]], pairs[["second", "first"]].set_axis(["first", "second"], axis=1)])
    both = both[both["first"].isin(pictures.index) & both["second"].isin(pictures.index)]
    partition, source = pictures["partition"], pictures["source"]
    first, second = (partition[both[end]].to_numpy() for end in ("first", "second"))
    names = [name for name in ("train", "validation", "test") if (partition == name).any()]
    sizes = {name: int((partition == name).sum()) for name in names}

    def paired(one: str, other: str) -> pd.Series:
        """The pictures of the partition `one` that have a near duplicate in the partition `other`."""
        return pd.Series(both["first"].to_numpy()[(first == one) & (second == other)]).drop_duplicates()

    def crossing(one: str, other: str) -> dict[str, Any]:
        leaking = paired(one, other)
        by_source = {key: int(n) for key, n in source[leaking].value_counts().sort_index().items()}
        share = len(leaking) / sizes[one]
        return {"of": one, "in": other, "pictures": len(leaking), "share": share, "by_source": by_source}

    return {
        "partitions": {name: {"pictures": sizes[name], "within": len(paired(name, name))} for name in names},
        "across": [crossing(one, other) for other, one in combinations(names, 2)],
    }


def _bits(hashes: pd.Series) -> np.ndarray:
    return np.array([int(text, 16) for text in hashes], dtype=np.uint64)


def _within(values: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the hashes in `values` and in `queries` that differ in at most `DISTANCE` bits.

    Returns their positions in `values`, their positions in `queries`, and their distances, each int64 [pairs]. A pair
    may occur more than once.

    Each hash is cut into four chunks of 16 bits. If two hashes differ in at most ten bits, one of their first three
    chunks differs in at most two bits, or the last chunk in at most one (multi-index hashing: Norouzi, Punjani and
    Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012). Only pairs with such a chunk are
    compared as a whole, and these are few.
    """
    parts = [(np.empty(0, dtype=np.int64),) * 3]
    for chunk in range(_CHUNKS):
        flips = range((DISTANCE - chunk) // _CHUNKS + 1)
        masks = [sum(1 << bit for bit in bits) for flip in flips for bits in combinations(range(_CHUNK_BITS), flip)]
        value_chunks, query_chunks = (_chunk(hashes, chunk) for hashes in (values, queries))
        # Sorting by chunk makes hashes that are compared together neighbours in memory.
        order, turn = (np.argsort(chunks, kind="stable") for chunks in (value_chunks, query_chunks))
        starts = np.searchsorted(value_chunks[order], np.arange((1 << _CHUNK_BITS) + 1))
        ordered, turned, key = values[order], queries[turn], query_chunks[turn]
        for mask in masks:
            for place, query, distance in _near(ordered, turned, starts[key ^ mask], starts[(key ^ mask) + 1]):
                parts.append((order[place], turn[query], distance))
    places, matched, distances = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return places, matched, distances


def _chunk(hashes: np.ndarray, chunk: int) -> np.ndarray:
    return (hashes >> np.uint64(chunk * _CHUNK_BITS) & np.uint64((1 << _CHUNK_BITS) - 1)).astype(np.int64)


def _near(
    values: np.ndarray, queries: np.ndarray, start: np.ndarray, end: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Compare each query with the values from its `start` to its `end`, and yield the near pairs as `_within` does.

    Pairs are compared and yielded in blocks, which limits the memory needed.
    """
    count = end - start
    last = np.cumsum(count)
    cuts = np.searchsorted(last, np.arange(_BLOCK, last[-1], _BLOCK)) if len(last) else np.empty(0, dtype=np.int64)
    for rows in np.split(np.arange(len(queries)), cuts):
        before = last[rows] - count[rows]
        place = np.repeat(start[rows] - before, count[rows])
        if not len(place):
            continue
        place += np.arange(before[0], before[0] + len(place))
        distance = np.bitwise_count(values[place] ^ np.repeat(queries[rows], count[rows]))
        near = np.flatnonzero(distance <= DISTANCE)
        yield place[near], rows[np.searchsorted(last[rows], before[0] + near, side="right")], distance[near]


def _thumbnails(root: str | Path, catalogue: pd.DataFrame, rows: np.ndarray, jobs: int) -> dict[int, np.ndarray]:
    """The thumbnail of each of the given `rows` of the catalogue, by row number."""
    row_of = dict(zip(catalogue["path"].iloc[rows], rows, strict=True))
    pictures = read_catalogued(root, catalogue.iloc[rows], _thumbnail, jobs, "near duplicates")
    return {row_of[path]: thumbnail for path, thumbnail in pictures}


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _groups(pairs: pd.DataFrame, pictures: int) -> np.ndarray:
    links = coo_array((np.ones(len(pairs)), (pairs["first"], pairs["second"])), shape=(pictures, pictures))
    _, group = connected_components(links, directed=False)
    return pd.factorize(group)[0].astype(np.int32)
