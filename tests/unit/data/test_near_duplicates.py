"""Near duplicates: planted copies are detected after every change, and different pictures are never paired."""

import itertools
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from brushprint.data import near_duplicates
from brushprint.data.catalogue import build_catalogue, read_catalogued
from brushprint.data.decoding import open_picture, to_rgb
from brushprint.data.near_duplicates import CROWD, DISTANCE, LIKENESS, candidate_pairs, hash_matches, leakage, likeness
from brushprint.data.painting import STYLES, paint
from brushprint.data.taxonomy import FolderRules
from tests.conftest import encoded

LABELS = FolderRules([{"folder": ".*", "origin": "human", "source": "human", "style": None}])


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize([max(1, round(side * factor)) for side in image.size], Image.Resampling.LANCZOS)


def lossless(image: Image.Image) -> bytes:
    return encoded(image, "PNG", compress_level=1)


# How each kind of copy is changed and saved.
KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    "mirrored": lambda image: lossless(ImageOps.mirror(image)),
    "half as large": lambda image: lossless(scaled(image, 0.5)),
    "three quarters as large": lambda image: lossless(scaled(image, 0.75)),
    "twice as large": lambda image: lossless(scaled(image, 2)),
    "JPEG of quality 30": lambda image: encoded(image, "JPEG", quality=30),
    "WebP": lambda image: encoded(image, "WEBP", quality=75),
    "all at once": lambda image: encoded(scaled(ImageOps.mirror(image), 0.75), "JPEG", quality=30),
}
MIRRORED = {"mirrored", "all at once"}


def plant(folder: Path, originals: dict[str, bytes]) -> None:
    """Write each picture as `name/original.png`, and beside it one copy of every kind."""
    for name, content in originals.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "original.png").write_bytes(content)
        image = to_rgb(open_picture(content))
        for kind, copy in KINDS.items():
            (folder / name / f"{kind}.png").write_bytes(copy(image))


class Found:
    """The near duplicates among the pictures in a folder. Each picture is named by its path without suffix."""

    def __init__(self, root: Path):
        self.catalogue, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=2)
        mirrored = dict(read_catalogued(root, self.catalogue, _mirrored_hash, 2, "mirrored"))
        self.pairs, groups = near_duplicates.find(root, self.catalogue, self.catalogue["path"].map(mirrored), jobs=2)
        names = self.catalogue["path"].str.rpartition(".")[0].to_numpy()
        self.groups = pd.Series(groups, index=names)
        name = dict(zip(self.catalogue["image_id"], names, strict=True))
        self.mirrored = {
            frozenset([name[pair.first], name[pair.second]]): pair.mirrored for pair in self.pairs.itertuples()
        }


def _mirrored_hash(picture: Image.Image) -> str:
    return str(imagehash.phash(ImageOps.mirror(picture)))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("drawn")
    generator = np.random.default_rng(0)
    plant(folder, {style: encoded(paint(style, generator), "PNG") for style in STYLES})
    return Found(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_paired_with_its_picture_and_marked_as_mirrored_if_it_is(drawn: Found, kind: str) -> None:
    for style in STYLES:
        assert drawn.mirrored[frozenset([f"{style}/original", f"{style}/{kind}"])] == (kind in MIRRORED)


def test_a_group_consists_of_a_picture_and_all_its_copies(drawn: Found) -> None:
    originals = [path.split("/")[0] for path in drawn.groups.index]
    np.testing.assert_array_equal(drawn.groups, pd.factorize(np.array(originals))[0])
    assert drawn.groups.dtype == np.int32


def test_pairs_are_in_catalogue_order_with_their_distance_and_likeness(drawn: Found) -> None:
    table = drawn.pairs
    assert table.columns.tolist() == ["first", "second", "distance", "likeness", "mirrored"]
    rows = pd.Index(drawn.catalogue["image_id"])
    first, second = (rows.get_indexer(table[end]) for end in ("first", "second"))
    assert (first < second).all()
    np.testing.assert_array_equal(np.lexsort([second, first]), np.arange(len(table)))
    assert table["distance"].between(0, DISTANCE).all()
    assert table["likeness"].between(LIKENESS, 1 + 1e-9).all()


def test_different_pictures_form_no_pairs_and_each_is_its_own_group(tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    for number, style in enumerate(STYLES * 3):
        (tmp_path / f"works/{number:02}.png").write_bytes(encoded(paint(style, np.random.default_rng(number)), "PNG"))
    found = Found(tmp_path)
    assert found.pairs.empty
    assert found.groups.tolist() == list(range(30))


def test_pictures_connected_by_a_chain_of_pairs_are_in_one_group(tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    one, other = (paint(style, np.random.default_rng(3)) for style in ("baroque", "ukiyo_e"))
    for step in range(6):
        (tmp_path / f"works/{step}.png").write_bytes(encoded(Image.blend(one, other, step / 10), "PNG"))
    found = Found(tmp_path)
    assert frozenset(["works/0", "works/1"]) in found.mirrored
    assert frozenset(["works/0", "works/5"]) not in found.mirrored
    assert found.groups.nunique() == 1


def test_plain_pictures_are_near_duplicates_only_if_they_have_the_same_colour(tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    for name, grey, size in [("a", 255, 90), ("b", 255, 60), ("c", 0, 90), ("d", 245, 90), ("e", 254, 90)]:
        noise = np.random.default_rng(size).integers(-1, 2, (size, size, 1))
        pixels = (grey + noise).clip(0, 255).astype(np.uint8).repeat(3, 2)
        (tmp_path / f"works/{name}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    table, *_ = build_catalogue(tmp_path, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    # The hash of a plain picture depends on its noise. Give all the same hash, so that every pair is a candidate.
    table["phash"] = f"{7:016x}"
    pairs, groups = near_duplicates.find(tmp_path, table, table["phash"], jobs=1)
    assert groups.tolist() == [0, 0, 1, 2, 0]
    assert len(pairs) == 3


def test_likeness_is_the_correlation_of_thumbnails_and_compares_colours_if_they_are_plain() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, one // 2) == pytest.approx(1, abs=1e-3)
    assert likeness(one, 255 - one) == pytest.approx(-1)
    assert abs(likeness(one, other)) < 0.1
    grey = np.full((32, 32, 3), 120, np.uint8)
    assert likeness(grey, grey + generator.integers(0, 3, grey.shape, dtype=np.uint8)) == 1
    assert likeness(grey, grey + 4) == 0
    assert likeness(grey, one) == 0


def flipped(hash_: int, bits: list[int]) -> int:
    for bit in bits:
        hash_ ^= 1 << bit
    return hash_


hashes = st.integers(0, 2**64 - 1)
# Each hash differs from one of the first few by some bits, so that many pairs are close to the limit, `DISTANCE`.
near_one_another = st.lists(hashes, min_size=1, max_size=3).flatmap(
    lambda first: st.lists(
        st.builds(flipped, st.sampled_from(first), st.lists(st.integers(0, 63), max_size=14)), min_size=2, max_size=24
    )
)


def as_bits(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


@settings(deadline=None, max_examples=60)
@given(near_one_another, st.data())
def test_candidates_equal_those_of_comparing_every_pair(numbers: list[int], data: st.DataObject) -> None:
    mirrored = data.draw(st.lists(st.sampled_from(numbers), min_size=len(numbers), max_size=len(numbers)))
    expected = []
    for i, j in itertools.combinations(range(len(numbers)), 2):
        straight = (numbers[i] ^ numbers[j]).bit_count()
        crossed = min((numbers[i] ^ mirrored[j]).bit_count(), (mirrored[i] ^ numbers[j]).bit_count())
        expected += [(i, j, d, how) for d, how in ((straight, False), (crossed, True)) if d <= DISTANCE]
    found = candidate_pairs(as_bits(numbers), as_bits(mirrored))
    assert list(found.itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(("apart", "expected"), [(DISTANCE, True), (DISTANCE + 1, False)])
def test_hashes_are_near_if_ten_bits_differ_at_any_positions_but_not_if_eleven_do(apart: int, expected: bool) -> None:
    spreads = [split for split in itertools.product(range(apart + 1), repeat=4) if sum(split) == apart]
    ones = np.random.default_rng(0).integers(0, 2**64, len(spreads), dtype=np.uint64)
    flips = as_bits([sum(((1 << bits) - 1) << 16 * chunk for chunk, bits in enumerate(split)) for split in spreads])
    found = candidate_pairs(
        np.append(ones, ones ^ flips), np.random.default_rng(1).integers(0, 2**64, 2 * len(ones), "u8")
    )
    pairs = [(i, i + len(ones), apart, False) for i in range(len(ones))]
    assert list(found.itertuples(index=False, name=None)) == (pairs if expected else [])


@pytest.mark.parametrize("block", [1, 7, 100])
def test_the_candidates_do_not_depend_on_the_block_size(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0).integers(0, 2**9, (2, 60), dtype=np.uint64)
    expected = candidate_pairs(*numbers)
    assert len(expected) > 1000
    monkeypatch.setattr(near_duplicates, "_BLOCK", block)
    pd.testing.assert_frame_equal(candidate_pairs(*numbers), expected)


def test_pictures_whose_hash_is_shared_by_too_many_are_excluded_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    crowd = as_bits([0] * CROWD)
    assert len(candidate_pairs(crowd, ~crowd)) == CROWD * (CROWD - 1) // 2
    others = as_bits([0, 1, 2**40 - 1, 2**40 - 2])
    with caplog.at_level("INFO"):
        found = candidate_pairs(np.append(crowd, others), ~np.append(crowd, others))
    assert list(found.itertuples(index=False, name=None)) == [(CROWD + 2, CROWD + 3, 1, False)]
    assert "51 pictures share their hash" in caplog.text


def test_fewer_than_two_pictures_have_no_candidates() -> None:
    for numbers in ([], [5]):
        found = candidate_pairs(as_bits(numbers), as_bits(numbers))
        assert found.empty
        assert found.columns.tolist() == ["first", "second", "distance", "mirrored"]


@settings(deadline=None, max_examples=30)
@given(near_one_another, near_one_another)
def test_a_picture_matches_others_if_any_of_their_hashes_is_near(numbers: list[int], others: list[int]) -> None:
    found = hash_matches(*(pd.Series([f"{number:016x}" for number in hashes]) for hashes in (numbers, others)))
    assert found.dtype == bool
    assert found.tolist() == [min((one ^ other).bit_count() for other in others) <= DISTANCE for one in numbers]


def split_of(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image_id", "partition", "source", "copy"])


def test_leakage_counts_pictures_within_and_across_partitions_and_by_source() -> None:
    split = split_of(
        *[(name, "train", "human", 0) for name in "abc"],
        ("a", "train", "human", 1),
        ("d", "validation", "human", 0),
        *[(name, "test", "human", 0) for name in "ef"],
        *[(name, "test", "dalle", 0) for name in "gh"],
    )
    # e has two near duplicates in train and one in test; x is in no partition.
    pairs = pd.DataFrame({"first": [*"aabeax"], "second": [*"beegdh"]})
    found = leakage(split, pairs)
    assert found["partitions"] == {
        "train": {"pictures": 3, "within": 2},
        "validation": {"pictures": 1, "within": 0},
        "test": {"pictures": 4, "within": 2},
    }
    assert found["across"] == [
        {"of": "validation", "in": "train", "pictures": 1, "share": 1, "by_source": {"human": 1}},
        {"of": "test", "in": "train", "pictures": 1, "share": 0.25, "by_source": {"human": 1}},
        {"of": "test", "in": "validation", "pictures": 0, "share": 0, "by_source": {}},
    ]


def test_leakage_is_zero_without_pairs_and_leaves_out_a_missing_validation_partition() -> None:
    split = split_of(("a", "train", "human", 0), ("b", "test", "human", 0))
    found = leakage(split, pd.DataFrame(columns=["first", "second"]))
    assert found == {
        "partitions": {"train": {"pictures": 1, "within": 0}, "test": {"pictures": 1, "within": 0}},
        "across": [{"of": "test", "in": "train", "pictures": 0, "share": 0, "by_source": {}}],
    }
