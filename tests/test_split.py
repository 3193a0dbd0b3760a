"""The split: shares, balance, and that no picture is in two partitions or lost."""

from fractions import Fraction
from math import ceil, floor

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.errors import UserError
from brushprint.quota import spread
from brushprint.split import COLUMNS, PARTITIONS, split

ASKED = {"published": True, "test": 0.2, "validation": 0.1, "subsample": None, "seed": 0}

few_examples = settings(deadline=None, max_examples=40)


def catalogue(folders: dict[tuple[str | None, str], int]) -> pd.DataFrame:
    """A catalogue of so many pictures for each published partition and folder; folders named `ai…` are AI's."""
    rows = [
        {"published_split": level, "folder": folder, "origin": "ai" if folder.startswith("ai") else "human"}
        for (level, folder), count in folders.items()
        for _ in range(count)
    ]
    table = pd.DataFrame(rows, columns=["published_split", "folder", "origin"])
    return table.assign(image_id=[f"{row:016x}" for row in table.index], source=table["origin"], style=None)


@st.composite
def wild_catalogues(draw: st.DrawFn) -> pd.DataFrame:
    levels = st.sampled_from([None, "train", "validation", "test"])
    names = st.tuples(levels, st.sampled_from(["ai_a", "ai_b", "human_a", "human_b", "human_c"]))
    return catalogue(draw(st.dictionaries(names, st.integers(1, 30), max_size=12)))


PUBLISHED = catalogue(
    {
        ("train", "ai_ld"): 200,
        ("train", "ai_sd"): 100,
        ("train", "human_a"): 100,
        ("test", "ai_ld"): 40,
        ("test", "human_a"): 20,
    }
)
UNPUBLISHED = catalogue({(None, "ai_ld"): 300, (None, "human_a"): 100, (None, "human_b"): 50})


def counts(table: pd.DataFrame, *columns: str) -> dict:
    return table.groupby(list(columns) if len(columns) > 1 else columns[0]).size().to_dict()


@few_examples
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1000), max_size=12), st.floats(0, 1))
def test_spread_gives_out_the_whole_total_in_proportion(sizes: dict[str, int], share: float):
    whole = sum(sizes.values())
    total = round(share * whole)
    quotas = spread(total, sizes)
    assert sum(quotas.values()) == total
    for key, size in sizes.items():
        exact = Fraction(total * size, whole or 1)
        assert floor(exact) <= quotas[key] <= min(ceil(exact), size)


def test_spread_gives_ties_to_the_smaller_key():
    assert spread(2, {"c": 5, "a": 5, "b": 5}) == {"a": 1, "b": 1, "c": 0}


@few_examples
@given(wild_catalogues(), st.booleans(), st.sampled_from([None, "origin"]), st.integers(0, 5))
def test_a_split_is_whole_or_refused_in_one_line(
    table: pd.DataFrame, published: bool, subsample: str | None, seed: int
):
    asked = ASKED | {"published": published, "subsample": subsample, "seed": seed}
    try:
        result = split(table, **asked)
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert tuple(result.columns) == COLUMNS
    assert result["row"].is_monotonic_increasing
    assert result["row"].is_unique
    assert set(result["partition"]) == set(PARTITIONS)
    assert (table.loc[result["row"], "image_id"].to_numpy() == result["image_id"]).all()
    if subsample is None:
        assert len(result) == len(table)
    pd.testing.assert_frame_equal(result, split(table, **asked))


def test_published_test_pictures_test_and_published_training_pictures_never_do():
    result = split(PUBLISHED, **ASKED)
    published = PUBLISHED.loc[result["row"], "published_split"].to_numpy()
    assert ((result["partition"] == "test") == (published == "test")).all()


def test_the_validation_share_comes_from_training_and_evenly_from_its_folders():
    result = split(PUBLISHED, **ASKED)
    validation = result[result["partition"] == "validation"]
    assert counts(validation, "folder") == {"ai_ld": 20, "ai_sd": 10, "human_a": 10}


def test_a_published_validation_part_is_kept_as_it_is():
    table = catalogue({("train", "ai"): 50, ("train", "human"): 50, ("validation", "ai"): 7, ("test", "human"): 9})
    assert counts(split(table, **ASKED), "partition") == {"train": 100, "validation": 7, "test": 9}


def test_pictures_outside_of_the_published_folders_train():
    table = catalogue({("train", "ai"): 20, (None, "ai"): 5, ("test", "ai"): 5})
    result = split(table, **ASKED)
    assert len(result) == 30
    assert (result["partition"] == "test").sum() == 5


@pytest.mark.parametrize(("table", "published"), [(PUBLISHED, False), (UNPUBLISHED, True), (UNPUBLISHED, False)])
def test_without_a_published_split_the_test_share_is_drawn_from_every_folder(table: pd.DataFrame, published: bool):
    result = split(table, **ASKED | {"published": published})
    assert len(result) == len(table)
    shares = result.assign(test=result["partition"] == "test").groupby("folder")["test"].mean()
    assert shares.between(0.18, 0.22).all()


@pytest.mark.parametrize("table", [PUBLISHED, UNPUBLISHED])
def test_subsampling_leaves_as_many_ai_as_human_pictures_to_train_and_all_to_test(table: pd.DataFrame):
    natural, balanced = (split(table, **ASKED | {"subsample": subsample}) for subsample in (None, "origin"))
    learning = balanced[balanced["partition"] != "test"]
    sizes = counts(learning, "origin")
    assert sizes["ai"] == sizes["human"] == (natural["partition"] != "test")[natural["origin"] == "human"].sum()
    assert set(balanced.loc[balanced["partition"] == "test", "row"]) == set(
        natural.loc[natural["partition"] == "test", "row"]
    )


def test_subsampling_keeps_the_folders_in_proportion():
    learning = split(PUBLISHED, **ASKED | {"subsample": "origin"}).query("partition != 'test' and origin == 'ai'")
    assert counts(learning, "folder") == {"ai_ld": 67, "ai_sd": 33}


def test_another_seed_draws_other_pictures():
    first, second = (split(UNPUBLISHED, **ASKED | {"seed": seed}) for seed in (0, 1))
    assert counts(first, "partition") == counts(second, "partition")
    assert not first["partition"].equals(second["partition"])


def test_the_smallest_folders_keep_a_picture_to_train():
    table = catalogue({(None, "ai_tiny"): 1, (None, "human_two"): 2, (None, "human_three"): 3, (None, "ai_big"): 200})
    training = split(table, **ASKED | {"test": 0.9, "validation": 0.1}).query("partition == 'train'")
    assert set(training["folder"]) == set(table["folder"])


def test_a_source_of_many_small_folders_validates_as_much_as_one_of_few_large_ones():
    table = catalogue({("train", "human"): 50, ("test", "human"): 5} | {("train", f"ai_{n}"): 2 for n in range(25)})
    parts = split(table, **ASKED)
    validating = parts[parts["partition"] == "validation"]
    assert counts(validating, "origin") == {"human": 5, "ai": 5}


def test_folders_of_one_picture_are_drawn_by_source():
    table = catalogue({(None, f"{origin}_{number}"): 1 for origin in ("ai", "human") for number in range(10)})
    parts = split(table, **ASKED)
    assert parts.groupby("partition").size().to_dict() == {"test": 4, "train": 14, "validation": 2}
    assert (parts.groupby(["partition", "origin"]).size().unstack().nunique(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("folders", "empty"),
    [
        ({("test", "ai"): 9}, "train and validation"),
        ({("train", "ai"): 9}, "test"),
        ({("train", "ai"): 9, ("validation", "ai"): 9}, "test"),
        ({(None, "ai"): 1, (None, "human"): 1}, "validation and test"),
    ],
)
def test_an_empty_partition_is_told_in_one_line(folders: dict, empty: str):
    with pytest.raises(UserError) as raised:
        split(catalogue(folders), **ASKED)
    assert str(raised.value).startswith(f"splits: no pictures for {empty};")
    assert "published: false" in str(raised.value)
    assert "\n" not in str(raised.value)
