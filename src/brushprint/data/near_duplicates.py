"""Near duplicates: the same picture mirrored, in another size, or saved anew.

Perceptual hashes of all pictures (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010;
`imagehash`) give candidate pairs. The pictures of those are opened again and compared as thumbnails.
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

# Candidates have hashes of 64 bits that differ in no more than `DISTANCE` bits; duplicates are candidates whose
# thumbnails correlate by at least `LIKENESS`. Measured on 400 real works that were mirrored, scaled to between half and
# double, saved as WebP or as JPEG of quality 30, or all of that: every copy is found (0 to 6 bits, likeness from 0.98),
# and 94 % of those cropped by 2 % at each edge. Of 1,026 different works no two are as near (12 bits at the least).
# Pictures of the embedded sample that were drawn alike reach a likeness of 0.94.
DISTANCE = 10
LIKENESS = 0.95
# Thumbnails of less contrast than `FLAT` (standard deviation, 0 to 255) are alike only if their root mean square
# difference is at most `NEAR`.
FLAT, NEAR = 10.0, 3.0
SIDE = 16
# A hash that more pictures share is the hash of empty or plain pictures, and says nothing.
CROWD = 50
_CHUNKS, _CHUNK_BITS = 4, 16
# Pairs that are compared at a time: a processor's cache holds as many.
_BLOCK = 100_000


def find(
    root: str | Path, catalogue: pd.DataFrame, mirrored: pd.Series, *, jobs: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find the pictures of a collection that are nearly the same.

    Parameters
    ----------
    root, catalogue : see `brushprint.data.catalogue`
    mirrored : the perceptual hash of each picture's mirror image, in hexadecimal as the catalogue's `phash`
    jobs : threads that decode

    Returns
    -------
    pairs : a row per pair, sorted as the catalogue: `first` and `second` (image_id), `distance` (bits in which their
        hashes differ), `likeness` (see `likeness`) and `mirrored` (whether one resembles the mirror image of the other)
    groups : int32 [pictures], the same number for pictures that pairs connect, counted in the order of rows

    Raises `UserError` when the collection has changed since it was catalogued.
    """
    candidates = candidate_pairs(_bits(catalogue["phash"]), _bits(mirrored))
    thumbnails = _thumbnails(root, catalogue, np.unique(candidates[["first", "second"]].to_numpy()), jobs)
    alike = [
        likeness(thumbnails[row.first], thumbnails[row.second][:, ::-1] if row.mirrored else thumbnails[row.second])
        for row in candidates.itertuples()
    ]
    pairs = candidates.assign(likeness=np.array(alike, dtype=float))
    pairs = pairs[pairs["likeness"] >= LIKENESS]
    # A picture that equals its own mirror image is paired both ways.
    pairs = pairs.sort_values(["first", "second", "mirrored"]).drop_duplicates(["first", "second"])
    groups = _groups(pairs, len(catalogue))
    ids = catalogue["image_id"].to_numpy()
    for column in ("first", "second"):
        pairs[column] = ids[pairs[column]]
    return pairs[["first", "second", "distance", "likeness", "mirrored"]].reset_index(drop=True), groups


def candidate_pairs(hashes: np.ndarray, mirrored: np.ndarray) -> pd.DataFrame:
    """Pairs of pictures whose hashes, or one's hash and the hash of the other's mirror image, are near.

    `hashes` and `mirrored` (of the mirror images) are uint64 [pictures]; near means at most `DISTANCE` bits apart.
    Returns `first` < `second` (positions), `distance` and `mirrored`, sorted. Pictures whose hash more than `CROWD`
    pictures share are left out, and their number is logged.
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
    # Either one's mirror image may be nearer to the other.
    return (
        pd.concat(parts)
        .sort_values(["first", "second", "mirrored", "distance"])
        .drop_duplicates(["first", "second", "mirrored"])
        .reset_index(drop=True)
    )


def hash_matches(hashes: pd.Series, others: pd.Series) -> np.ndarray:
    """Which pictures have a hash at most `DISTANCE` bits from one of `others`, bool [pictures].

    Both hold hashes in hexadecimal. The pictures themselves are not compared, so a few too many match.
    """
    matches = np.zeros(len(hashes), dtype=bool)
    _, place, _ = _within(np.unique(_bits(others)), _bits(hashes))
    matches[place] = True
    return matches


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """How alike two thumbnails are, uint8 [side, side, 3]: their correlation, -1 to 1, 1 for the same picture.

    Noise alone would decide the correlation of plain thumbnails: they get 1 if they are nearly the same, else 0.
    """
    one, other = (thumbnail.astype(np.float64) for thumbnail in (first, second))
    if min(one.std(axis=(0, 1)).max(), other.std(axis=(0, 1)).max()) < FLAT:
        return float(np.sqrt(((one - other) ** 2).mean()) <= NEAR)
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def leakage(split: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """Count the pictures of a split that have a near duplicate, within and across partitions.

    `split` is described in `brushprint.data.split`, `pairs` in `find`; augmented copies do not count. Returns two keys.
    `partitions` holds for each partition its number of `pictures`, and how many of them have a near duplicate `within`
    it. `across` has an entry for each two partitions: how many `pictures` of the partition `of` have a near duplicate
    `in` the other partition, which `share` that is, and their number `by_source`.
    """
    pictures = split[split["copy"] == 0].set_index("image_id")
    both = pd.concat([pairs[["first", "second"]], pairs[["second", "first"]].set_axis(["first", "second"], axis=1)])
    both = both[both["first"].isin(pictures.index) & both["second"].isin(pictures.index)]
    partition, source = pictures["partition"], pictures["source"]
    first, second = (partition[both[end]].to_numpy() for end in ("first", "second"))
    names = [name for name in ("train", "validation", "test") if (partition == name).any()]
    sizes = {name: int((partition == name).sum()) for name in names}

    def paired(one: str, other: str) -> pd.Series:
        """The pictures of a partition that have a near duplicate in another one."""
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
    """Positions in `values` and in `queries` of hashes at most `DISTANCE` bits apart, and that distance, int64 [pairs].

    Hashes are cut into four chunks of 16 bits. If two hashes are at most ten bits apart, one of their first three
    chunks differs by at most two bits, or the last by at most one (multi-index hashing: Norouzi, Punjani and Fleet,
    "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012), so that few pairs are compared. A pair may come
    more than once.
    """
    parts = [(np.empty(0, dtype=np.int64),) * 3]
    for chunk in range(_CHUNKS):
        flips = range((DISTANCE - chunk) // _CHUNKS + 1)
        masks = [sum(1 << bit for bit in bits) for flip in flips for bits in combinations(range(_CHUNK_BITS), flip)]
        value_chunks, query_chunks = (_chunk(hashes, chunk) for hashes in (values, queries))
        # Neighbours in memory are compared together.
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
    """Compare each query with the values from its `start` to its `end`, and yield the near ones as `_within` does.

    The pairs come in blocks, so that memory is bounded.
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
    """The thumbnail of each of these rows of the catalogue."""
    row_of = dict(zip(catalogue["path"].iloc[rows], rows, strict=True))
    pictures = read_catalogued(root, catalogue.iloc[rows], _thumbnail, jobs, "near duplicates")
    return {row_of[path]: thumbnail for path, thumbnail in pictures}


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _groups(pairs: pd.DataFrame, pictures: int) -> np.ndarray:
    links = coo_array((np.ones(len(pairs)), (pairs["first"], pairs["second"])), shape=(pictures, pictures))
    _, group = connected_components(links, directed=False)
    return pd.factorize(group)[0].astype(np.int32)
