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

from brushprint.catalogue import read_catalogued
from brushprint.console import LOG

# Hashes of 64 bits that differ in no more are candidates, and thumbnails that are no less alike are duplicates. Of 400
# real works that were mirrored, scaled to between half and double, saved as WebP or as JPEG of quality 30, or all that,
# each is found (0 to 6 bits, likeness from 0.95), and of those that lost 2 % at each edge nine of ten; of 1,026 works
# that are different no two are so near (12 bits at the least), nor so alike (0.80 at the most within 16 bits).
DISTANCE = 10
LIKENESS = 0.9
# Thumbnails of less contrast (standard deviation of 255) are alike only if no further than this from one another.
FLAT, NEAR = 10.0, 3.0
SIDE = 32
# A hash that more pictures share is that of empty or plain ones, and says nothing.
CROWD = 50
_CHUNKS, _CHUNK_BITS = 4, 16
_BLOCK = 2_000_000


def duplicates(
    root: str | Path, catalogue: pd.DataFrame, mirrored: pd.Series, *, jobs: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find the pictures of a collection that are nearly the same.

    Parameters
    ----------
    root, catalogue : see `brushprint.catalogue`
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

    Both are uint64 [pictures]. Returns `first` < `second` (positions), `distance` and `mirrored`. Pictures whose hash
    more than `CROWD` others have are left out, and logged.
    """
    values, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
    crowded = count > CROWD
    if crowded.any():
        LOG.info("%d pictures share their hash with too many others to be compared", count[crowded].sum())
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(count)[:-1])
    plain = np.flatnonzero(~crowded)
    usual = [(a, b, d, False) for a, b, d in _within(values, values[plain]) if not crowded[a]]
    pairs = [(i, j, d) for a, b, d, _ in usual for i in members[a] for j in members[plain[b]] if i < j]
    rows = [(i, j, d, False) for i, j, d in pairs]
    kept = np.flatnonzero(~crowded[place])
    for a, b, d in _within(values, mirrored[kept]):
        rows += [(min(i, kept[b]), max(i, kept[b]), d, True) for i in members[a] if i != kept[b] and not crowded[a]]
    table = pd.DataFrame(rows, columns=["first", "second", "distance", "mirrored"])
    table = table.astype({"first": int, "second": int, "distance": int, "mirrored": bool})
    # Either one's mirror image may be nearer to the other.
    return (
        table.sort_values(["first", "second", "mirrored", "distance"])
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


def _within(values: np.ndarray, asked: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Positions of `values` and of `asked` at most `DISTANCE` bits apart, each pair once or more, and the distance.

    Of four chunks of 16 bits one at least differs by a fourth of the distance or less (multi-index hashing: Norouzi,
    Punjani and Fleet, 2012), so that few pairs need be looked at.
    """
    masks = [
        np.uint64(sum(1 << bit for bit in bits))
        for flips in range(DISTANCE // _CHUNKS + 1)
        for bits in combinations(range(_CHUNK_BITS), flips)
    ]
    low = np.uint64((1 << _CHUNK_BITS) - 1)
    for chunk in range(_CHUNKS):
        shift = np.uint64(chunk * _CHUNK_BITS)
        own = values >> shift & low
        order = np.argsort(own, kind="stable")
        sorted_ = own[order]
        wanted = asked >> shift & low
        for mask in masks:
            start, end = (np.searchsorted(sorted_, wanted ^ mask, side) for side in ("left", "right"))
            yield from _near(values, asked, order, start, end - start)


def _near(
    values: np.ndarray, asked: np.ndarray, order: np.ndarray, start: np.ndarray, count: np.ndarray
) -> Iterator[tuple[int, int, int]]:
    """Of the values that each asked one may be near to, those that are; in blocks, so that memory is bounded."""
    for rows in np.array_split(np.arange(len(asked)), 1 + int(count.sum()) // _BLOCK):
        of = np.repeat(rows, count[rows])
        offset = np.arange(len(of)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        place = order[start[of] + offset]
        apart = np.bitwise_count(values[place] ^ asked[of])
        near = apart <= DISTANCE
        yield from zip(place[near].tolist(), of[near].tolist(), apart[near].tolist(), strict=True)


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _groups(pairs: pd.DataFrame, pictures: int) -> np.ndarray:
    links = coo_array((np.ones(len(pairs)), (pairs["first"], pairs["second"])), shape=(pictures, pictures))
    _, group = connected_components(links, directed=False)
    return pd.factorize(group)[0].astype(np.int32)
