"""Near duplicates: the same picture mirrored, in another size, or saved anew.

First the perceptual hashes of all pictures (Zauner, 2010; `imagehash`) give candidates, then those are opened again and
compared as thumbnails.
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

# Hashes of 64 bits that differ in no more are candidates, and thumbnails that are no less alike are duplicates. Of 400
# real works that were mirrored, scaled to between half and double, saved as WebP or as JPEG of quality 30, or all that,
# each is found (0 to 6 bits, likeness from 0.98), and 94 in a hundred of those that lost 2 % at each edge; of 1,026
# works that are different no two are so near (12 bits at the least). Pictures of the embedded sample that were drawn
# alike reach 0.94.
DISTANCE = 10
LIKENESS = 0.95
# Thumbnails of less contrast (standard deviation of 255) are alike only if no further than this from one another.
FLAT, NEAR = 10.0, 3.0
SIDE = 16
# A hash that more pictures share is that of empty or plain ones, and says nothing.
CROWD = 50
_CHUNKS, _CHUNK_BITS = 4, 16
# So many pairs are looked at together, which a processor's cache holds.
_BLOCK = 100_000


def duplicates(
    root: str | Path, catalogue: pd.DataFrame, mirrored: pd.Series, *, jobs: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find the pictures of a collection that are nearly the same.

    Parameters
    ----------
    root, catalogue : see `brushprint.data.catalogue`
    mirrored : the hash of each picture's mirror image, as `phash` of the catalogue
    jobs : threads that decode

    Returns
    -------
    pairs : `first`, `second` (image_id), `distance` (bits in which their hashes differ), `likeness` (correlation of
        their thumbnails) and `mirrored`, a row a pair, sorted as the catalogue
    groups : int32 [pictures], the same number for pictures that pairs connect; numbers are given in the order of rows
    """
    found = candidates(_bits(catalogue["phash"]), _bits(mirrored))
    asked = np.unique(found[["first", "second"]].to_numpy())
    rows = dict(zip(catalogue["path"].iloc[asked], asked, strict=True))
    thumbnails = {
        rows[path]: thumbnail
        for path, thumbnail in read_catalogued(root, catalogue.iloc[asked], _thumbnail, jobs, "duplicates")
    }
    alike = [
        likeness(thumbnails[row.first], thumbnails[row.second][:, ::-1] if row.mirrored else thumbnails[row.second])
        for row in found.itertuples()
    ]
    found = found.assign(likeness=np.array(alike, dtype=float))
    found = found[found["likeness"] >= LIKENESS]
    # A picture that is its own mirror image is found either way.
    found = found.sort_values(["first", "second", "mirrored"]).drop_duplicates(["first", "second"])
    groups = _groups(found, len(catalogue))
    ids = catalogue["image_id"].to_numpy()
    for column in ("first", "second"):
        found[column] = ids[found[column]]
    return found[["first", "second", "distance", "likeness", "mirrored"]].reset_index(drop=True), groups


def candidates(hashes: np.ndarray, mirrored: np.ndarray) -> pd.DataFrame:
    """Pairs of pictures whose hashes, or one's and that of the other's mirror image, are at most `DISTANCE` bits apart.

    Both are uint64 [pictures]. Returns `first` < `second` (positions), `distance` and `mirrored`, sorted. Pictures
    whose hash more than `CROWD` share are left out, and logged.
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


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """How alike two thumbnails are, uint8 [side, side, 3]: their correlation, 1 for the same picture.

    Plain ones, which noise alone would correlate, are 1 where they are nearly the same and 0 else.
    """
    one, other = (thumbnail.astype(np.float64) for thumbnail in (first, second))
    if min(one.std(axis=(0, 1)).max(), other.std(axis=(0, 1)).max()) < FLAT:
        return float(np.sqrt(((one - other) ** 2).mean()) <= NEAR)
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def rates(split: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """How many pictures of a split have a near duplicate, and where.

    Of each partition `pictures`, `within` (those with one in the same partition); of each two `across`: how many of the
    first have one in the second, in all and `by_source`. Augmented copies do not count.
    """
    pictures = split[split["copy"] == 0].set_index("image_id")
    both = pd.concat([pairs[["first", "second"]], pairs[["second", "first"]].set_axis(["first", "second"], axis=1)])
    both = both[both["first"].isin(pictures.index) & both["second"].isin(pictures.index)]
    part, source = pictures["partition"], pictures["source"]
    of, beside = part[both["first"]].to_numpy(), part[both["second"]].to_numpy()
    names = [name for name in ("train", "validation", "test") if (part == name).any()]

    def touched(one: str, other: str) -> pd.Series:
        return pd.Series(both["first"].to_numpy()[(of == one) & (beside == other)]).drop_duplicates()

    return {
        "partitions": {
            name: {"pictures": int((part == name).sum()), "within": len(touched(name, name))} for name in names
        },
        "across": [
            {
                "of": one,
                "in": other,
                "pictures": len(found := touched(one, other)),
                "share": len(found) / int((part == one).sum()),
                "by_source": {key: int(n) for key, n in source[found].value_counts().sort_index().items()},
            }
            for other, one in combinations(names, 2)
        ],
    }


def _bits(hashes: pd.Series) -> np.ndarray:
    return np.array([int(text, 16) for text in hashes], dtype=np.uint64)


def _within(values: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in `values` and in `asked` of those at most `DISTANCE` bits apart, and that distance, int64 [pairs].

    Hashes are cut into four chunks of 16 bits. Of those at most ten bits apart one of the first three chunks differs
    by at most two bits, or the last by at most one (multi-index hashing: Norouzi, Punjani and Fleet, 2012), so that
    few pairs need be looked at. A pair may come more than once.
    """
    found = []
    for chunk in range(_CHUNKS):
        flips = range((DISTANCE - chunk) // _CHUNKS + 1)
        masks = [sum(1 << bit for bit in bits) for flip in flips for bits in combinations(range(_CHUNK_BITS), flip)]
        own, wanted = (_chunk(hashes, chunk) for hashes in (values, asked))
        # Neighbours in memory are looked at together.
        order, turn = (np.argsort(chunks, kind="stable") for chunks in (own, wanted))
        starts = np.searchsorted(own[order], np.arange((1 << _CHUNK_BITS) + 1))
        ordered, turned, key = values[order], asked[turn], wanted[turn]
        for mask in masks:
            for place, of, apart in _near(ordered, turned, starts[key ^ mask], starts[(key ^ mask) + 1]):
                found.append((order[place], turn[of], apart))
    none = np.empty(0, dtype=np.int64)
    one, two, apart = (np.concatenate([none, *parts]) for parts in zip(*found, strict=True)) if found else (none,) * 3
    return one, two, apart


def _chunk(hashes: np.ndarray, chunk: int) -> np.ndarray:
    return (hashes >> np.uint64(chunk * _CHUNK_BITS) & np.uint64((1 << _CHUNK_BITS) - 1)).astype(np.int64)


def _near(
    values: np.ndarray, asked: np.ndarray, start: np.ndarray, end: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of the values from `start` to `end` of each asked one those that are near; in blocks, so memory is bounded."""
    count = end - start
    last = np.cumsum(count)
    cuts = np.searchsorted(last, np.arange(_BLOCK, last[-1], _BLOCK)) if len(last) else []
    for rows in np.split(np.arange(len(asked)), cuts):
        before = last[rows] - count[rows]
        place = np.repeat(start[rows] - before, count[rows])
        if not len(place):
            continue
        place += np.arange(before[0], before[0] + len(place))
        apart = np.bitwise_count(values[place] ^ np.repeat(asked[rows], count[rows]))
        near = np.flatnonzero(apart <= DISTANCE)
        yield place[near], rows[np.searchsorted(last[rows], before[0] + near, side="right")], apart[near]


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _groups(pairs: pd.DataFrame, pictures: int) -> np.ndarray:
    links = coo_array((np.ones(len(pairs)), (pairs["first"], pairs["second"])), shape=(pictures, pictures))
    _, group = connected_components(links, directed=False)
    return pd.factorize(group)[0].astype(np.int32)


def near(hashes: pd.Series, others: pd.Series) -> np.ndarray:
    """Which pictures have a hash at most `DISTANCE` bits from one of others, bool [pictures]; their pictures are not
    compared, so that a few too many are.
    """
    found = np.zeros(len(hashes), dtype=bool)
    _, place, _ = _within(np.unique(_bits(others)), _bits(hashes))
    found[place] = True
    return found
