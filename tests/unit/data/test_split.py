"""The split: shares, balance, and that no picture is in two partitions or lost."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.data.split import COLUMNS, FEW, FEWEST_FOLDS, FOLDS, PARTITIONS, check_origins, draw_split, in_test
from brushprint.stats.allocation import allocate

SHARES = {"published": True, "test": 0.2, "validation": 0.1, "folds": None}
ASKED = SHARES | {
    "exclude_folders": [],
    "exclude_sources": [],
    "near_duplicates": "keep",
    "subsample": None,
    "oversample": None,
    "capped": False,
}
ASKED |= {"test_seed": 0, "seed": 0}
BALANCED = {"subsample": {"task": "origin", "pictures": None}}
AUGMENTED = {"oversample": {"rotation": 20, "horizontal_flip": 0.5, "zoom": 0.2}}

few_examples = settings(deadline=None, max_examples=40)


def catalogue(folders: dict[tuple[str | None, str], int]) -> pd.DataFrame:
    """A catalogue with `folders[partition, folder]` pictures in each folder; folders named `ai…` hold AI pictures."""
    rows = [
        {"published_split": level, "folder": folder, "origin": "ai" if folder.startswith("ai") else "human"}
        for level, folder in folders
    ]
    table = pd.DataFrame(rows, columns=["published_split", "folder", "origin"], dtype=object)
    source = table["folder"].str.extract(r"^(ai_ld|ai_sd)")[0].fillna(table["origin"])
    style = table["folder"].str.extract(r"(style_\d)")[0]
    table = table.assign(source=source, style=style).loc[np.repeat(table.index, list(folders.values()))]
    table = table.reset_index(drop=True)
    return table.assign(image_id=[f"{row:016x}" for row in table.index])


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


def split(table: pd.DataFrame, groups: np.ndarray | None = None, **how: object) -> pd.DataFrame:
    """Draw a split; without `groups`, no picture has a near duplicate."""
    return draw_split(table, np.arange(len(table)) if groups is None else groups, **how)


def counts(table: pd.DataFrame, *columns: str) -> dict:
    return table.groupby(list(columns) if len(columns) > 1 else columns[0]).size().to_dict()


@few_examples
@given(
    wild_catalogues(),
    st.booleans(),
    st.sampled_from([{}, BALANCED, {"subsample": {"task": "folder", "pictures": 3}}]),
    st.sampled_from([{}, AUGMENTED]),
    st.integers(0, 5),
)
def test_a_split_is_complete_or_refused_in_one_line(
    table: pd.DataFrame, published: bool, subsample: dict, copies: dict, seed: int
):
    asked = ASKED | {"published": published, "seed": seed} | subsample | copies
    try:
        result = split(table, **asked)
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert tuple(result.columns) == COLUMNS
    places = pd.MultiIndex.from_frame(result[["row", "copy"]])
    assert places.is_monotonic_increasing
    assert places.is_unique
    assert set(result["partition"]) == set(PARTITIONS)
    assert (table.loc[result["row"], "image_id"].to_numpy() == result["image_id"]).all()
    if not subsample:
        assert (result["copy"] == 0).sum() == len(table)
    check_copies(result, copies)
    pd.testing.assert_frame_equal(result, split(table, **asked))


def check_copies(result: pd.DataFrame, copies: dict) -> None:
    originals, added = result[result["copy"] == 0], result[result["copy"] > 0]
    assert (originals[["angle", "flip", "zoom"]] == [0, False, 1]).all(axis=None)
    assert result.groupby("row")[["image_id", "partition", "folder"]].nunique().max(axis=None) == 1
    assert not (added["partition"] == "test").any()
    assert added["angle"].abs().max() <= 20 or added.empty
    assert added["zoom"].between(0.8, 1.2).all()
    for name, part in result[result["partition"] != "test"].groupby("partition"):
        sizes = part["origin"].value_counts()
        natural = originals[originals["partition"] == name]["origin"].value_counts()
        assert not copies or set(sizes) == {natural.max()}
        for _, of_origin in part.groupby("origin"):
            times = of_origin.groupby("row")["copy"].agg(["max", "size"])
            assert (times["max"] == times["size"] - 1).all()
            assert times["max"].max() - times["max"].min() <= 1


def test_published_test_pictures_and_no_others_are_used_for_testing():
    result = split(PUBLISHED, **ASKED)
    published = PUBLISHED.loc[result["row"], "published_split"].to_numpy()
    assert ((result["partition"] == "test") == (published == "test")).all()


def test_the_validation_share_is_drawn_from_training_in_proportion_to_its_folders():
    result = split(PUBLISHED, **ASKED)
    validation = result[result["partition"] == "validation"]
    assert counts(validation, "folder") == {"ai_ld": 20, "ai_sd": 10, "human_a": 10}


def test_a_published_validation_partition_is_kept_unchanged():
    table = catalogue({("train", "ai"): 50, ("train", "human"): 50, ("validation", "ai"): 7, ("test", "human"): 9})
    assert counts(split(table, **ASKED), "partition") == {"train": 100, "validation": 7, "test": 9}


def test_pictures_outside_the_published_folders_are_used_for_training():
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
def test_subsampling_balances_the_training_pictures_and_keeps_all_test_pictures(table: pd.DataFrame):
    natural, balanced = (split(table, **ASKED | changes) for changes in ({}, BALANCED))
    learning = balanced[balanced["partition"] != "test"]
    sizes = counts(learning, "origin")
    assert sizes["ai"] == sizes["human"] == (natural["partition"] != "test")[natural["origin"] == "human"].sum()
    assert set(balanced.loc[balanced["partition"] == "test", "row"]) == set(
        natural.loc[natural["partition"] == "test", "row"]
    )


def test_subsampling_keeps_the_folders_in_proportion():
    learning = split(PUBLISHED, **ASKED | BALANCED).query("partition != 'test' and origin == 'ai'")
    assert counts(learning, "folder") == {"ai_ld": 67, "ai_sd": 33}


def test_another_seed_draws_other_pictures():
    first, second = (split(UNPUBLISHED, **ASKED | {"seed": seed}) for seed in (0, 1))
    assert counts(first, "partition") == counts(second, "partition")
    assert not first["partition"].equals(second["partition"])


def test_every_folder_keeps_at_least_one_training_picture():
    table = catalogue({(None, "ai_tiny"): 1, (None, "human_two"): 2, (None, "human_three"): 3, (None, "ai_big"): 200})
    training = split(table, **ASKED | {"test": 0.9, "validation": 0.1}).query("partition == 'train'")
    assert set(training["folder"]) == set(table["folder"])


def test_a_source_of_many_small_folders_has_the_same_validation_share_as_one_large_folder():
    table = catalogue({("train", "human"): 50, ("test", "human"): 5} | {("train", f"ai_{n}"): 2 for n in range(25)})
    parts = split(table, **ASKED)
    validating = parts[parts["partition"] == "validation"]
    assert counts(validating, "origin") == {"human": 5, "ai": 5}


def test_folders_with_a_single_picture_are_drawn_by_source():
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
def test_an_empty_partition_is_reported_in_one_line(folders: dict, empty: str):
    with pytest.raises(UserError) as raised:
        split(catalogue(folders), **ASKED)
    assert str(raised.value).startswith(f"splits: no pictures for {empty};")
    assert "published: false" in str(raised.value)
    assert "\n" not in str(raised.value)


AI_ARTBENCH = catalogue(
    {("train", f"style_{number}"): 5000 for number in range(10)}
    | {
        ("train", f"ai_ld_style_{number}"): size
        for number, size in allocate(52_092, dict.fromkeys(range(10), 1)).items()
    }
    | {
        ("train", f"ai_sd_style_{number}"): size
        for number, size in allocate(52_923, dict.fromkeys(range(10), 1)).items()
    }
    | {("test", f"{source}style_{number}"): 1000 for source in ("", "ai_ld_", "ai_sd_") for number in range(10)}
)
HUMAN_AI_ARTWORK = catalogue(
    {(None, f"ai_{number}"): size for number, size in allocate(190_549, dict.fromkeys(range(25), 1)).items()}
    | {(None, f"human_{number}"): size for number, size in allocate(81_444, dict.fromkeys(range(27), 1)).items()}
)


def test_ai_artbench_as_published_has_155015_pictures_for_training_and_validation():
    assert counts(split(AI_ARTBENCH, **ASKED), "partition") == {"test": 30_000, "train": 139_513, "validation": 15_502}


def test_the_study_by_sajjad_trains_on_as_many_ai_as_human_works():
    result = split(AI_ARTBENCH, **ASKED | BALANCED)
    assert counts(result[result["partition"] != "test"], "origin") == {"ai": 50_000, "human": 50_000}
    assert counts(result[result["partition"] == "test"], "origin") == {"ai": 20_000, "human": 10_000}


def test_the_study_by_ovsianik_trains_on_5000_pictures_of_each_origin_and_style():
    result = split(AI_ARTBENCH, **ASKED | {"subsample": {"task": "origin_style", "pictures": 5000}})
    assert counts(result, "partition") == {"test": 30_000, "train": 90_000, "validation": 10_000}
    assert set(counts(result[result["partition"] != "test"], "origin", "style").values()) == {5000}


def test_the_study_by_mohta_adds_copies_of_human_works_until_they_are_as_many_as_ai_works():
    result = split(AI_ARTBENCH, **ASKED | AUGMENTED)
    learning = result[result["partition"] != "test"]
    assert counts(learning, "origin") == {"ai": 105_015, "human": 105_015}
    assert len(learning) == 210_030
    assert (result["copy"] > 0).sum() == 55_015
    assert set(result.loc[result["copy"] > 0, "origin"]) == {"human"}
    check_copies(result, AUGMENTED)


def test_the_study_by_rohit_ravi2_tests_on_a_fifth_of_human_ai_artwork():
    assert counts(split(HUMAN_AI_ARTWORK, **ASKED), "partition")["test"] == 54_399


def test_excluding_folders_leaves_the_47_classes_of_the_study_by_rohit_ravi2():
    dropped = [f"human_{number}" for number in range(5)]
    result = split(HUMAN_AI_ARTWORK, **ASKED | {"exclude_folders": dropped})
    assert result["folder"].nunique() == 47
    assert len(result) == (~HUMAN_AI_ARTWORK["folder"].isin(dropped)).sum()
    assert (HUMAN_AI_ARTWORK.loc[result["row"], "folder"].to_numpy() == result["folder"]).all()


def test_a_folder_is_excluded_in_whichever_form_of_unicode_its_name_is_written():
    table = HUMAN_AI_ARTWORK.assign(folder=HUMAN_AI_ARTWORK["folder"].replace({"human_0": "Café"}))
    result = split(table, **ASKED | {"exclude_folders": [unicodedata.normalize("NFD", "Café")]})
    assert "Café" not in set(result["folder"])


def test_an_unknown_folder_to_exclude_is_refused_with_the_nearest_name():
    with pytest.raises(
        UserError, match=r"splits: exclude_folders: the collection has no folder 'human_c'; did you mean 'human_"
    ):
        split(UNPUBLISHED, **ASKED | {"exclude_folders": ["human_c"]})


def test_a_folder_to_exclude_may_be_missing_under_a_budget():
    pd.testing.assert_frame_equal(
        split(UNPUBLISHED, **ASKED | {"exclude_folders": ["human_c"], "capped": True}), split(UNPUBLISHED, **ASKED)
    )


def test_subsampling_more_pictures_than_a_class_has_is_refused_with_the_class_and_its_size():
    with pytest.raises(UserError) as raised:
        split(PUBLISHED, **ASKED | {"subsample": {"task": "source", "pictures": 150}})
    assert str(raised.value) == (
        "splits: subsample: 150 pictures of each class are needed, but 'ai_sd' has only 100 outside the test "
        "partition; set subsample.pictures to at most 100, or to null"
    )


def test_a_budget_lowers_subsampling_to_the_size_of_the_smallest_class(caplog):
    caplog.set_level("INFO")
    asked = ASKED | {"subsample": {"task": "source", "pictures": 150}, "capped": True}
    learning = split(PUBLISHED, **asked).query("partition != 'test'")
    assert counts(learning, "source") == {"ai_ld": 100, "ai_sd": 100, "human": 100}
    assert "each class has 100" in caplog.text


def test_a_subsample_size_that_every_class_has_is_used_unchanged():
    asked = ASKED | {"subsample": {"task": "source", "pictures": 40}, "capped": True}
    assert set(counts(split(PUBLISHED, **asked).query("partition != 'test'"), "source").values()) == {40}


def test_a_subsampling_task_without_classes_in_the_collection_is_refused():
    with pytest.raises(UserError, match="no training picture has a class of the task origin_style; set another task"):
        split(PUBLISHED, **ASKED | {"subsample": {"task": "origin_style", "pictures": None}})


def test_pictures_without_a_class_of_the_task_are_used_for_testing_only():
    table = catalogue({("train", "ai_ld_style_1"): 20, ("train", "style_1"): 30, ("train", "ai"): 9, ("test", "ai"): 5})
    result = split(table, **ASKED | {"subsample": {"task": "origin_style", "pictures": None}})
    assert counts(result[result["partition"] != "test"], "folder") == {"ai_ld_style_1": 20, "style_1": 20}
    assert counts(result[result["partition"] == "test"], "folder") == {"ai": 5}


def test_ai_works_are_copied_if_there_are_fewer_of_them():
    table = catalogue({("train", "ai"): 10, ("train", "human"): 50, ("test", "human"): 5})
    added = split(table, **ASKED | AUGMENTED).query("copy > 0")
    assert counts(added, "origin", "partition") == {("ai", "train"): 36, ("ai", "validation"): 4}
    assert added["copy"].max() == 4


def test_another_seed_draws_other_copies():
    first, second = (split(UNPUBLISHED, **ASKED | AUGMENTED | {"seed": seed}) for seed in (0, 1))
    assert counts(first, "partition", "origin") == counts(second, "partition", "origin")
    assert set(first["angle"]) & set(second["angle"]) == {0.0}


def test_the_parameters_of_copies_are_spread_over_their_ranges():
    added = split(AI_ARTBENCH, **ASKED | AUGMENTED).query("copy > 0")
    assert added[["angle", "zoom"]].quantile([0.25, 0.5, 0.75])["angle"].round().tolist() == [-10, 0, 10]
    assert added["zoom"].quantile([0.25, 0.5, 0.75]).round(1).tolist() == [0.9, 1.0, 1.1]
    assert 0.49 < added["flip"].mean() < 0.51


@st.composite
def with_duplicates(draw: st.DrawFn) -> tuple[pd.DataFrame, np.ndarray]:
    folders = st.tuples(st.none(), st.sampled_from(["ai_a", "ai_b", "human_a", "human_b"]))
    table = catalogue(draw(st.dictionaries(folders, st.integers(2, 30), min_size=2)))
    fewer = draw(st.integers(1, max(1, len(table))))
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    return table, generator.integers(fewer, size=len(table)) if draw(st.booleans()) else np.arange(len(table))


def straddling(result: pd.DataFrame, *partitions: str) -> int:
    inside = result[result["partition"].isin(partitions)]
    return int((inside.groupby("group")["partition"].nunique() > 1).sum())


@few_examples
@given(with_duplicates())
def test_a_draw_never_separates_near_duplicates(drawn):
    table, groups = drawn
    try:
        result = split(table, groups, **ASKED)
    except UserError:
        return
    assert straddling(result, *PARTITIONS) == 0
    assert (result["group"].to_numpy() == groups[result["row"]]).all()


def test_published_near_duplicates_stay_as_published_and_validation_is_drawn_in_whole_groups():
    groups = np.arange(len(PUBLISHED)) // 3
    shuffled = np.random.default_rng(0).permutation(groups)
    result = split(PUBLISHED, shuffled, **ASKED)
    assert len(result) == len(PUBLISHED)
    assert straddling(result, "train", "test") > 0
    assert straddling(result, "train", "validation") == 0


def test_dropping_near_duplicates_does_not_change_the_test_pictures():
    groups = np.random.default_rng(0).permutation(np.arange(len(PUBLISHED)) // 3)
    kept, dropped = (split(PUBLISHED, groups, **ASKED | {"near_duplicates": leaks}) for leaks in ("keep", "drop"))
    assert straddling(dropped, *PARTITIONS) == 0
    in_test = [table.loc[table["partition"] == "test", "row"].tolist() for table in (kept, dropped)]
    assert in_test[0] == in_test[1]
    held = set(groups[in_test[0]])
    assert set(dropped["row"]) == {row for row in kept["row"] if row in set(in_test[0]) or groups[row] not in held}


def test_splits_of_one_collection_share_their_test_pictures_whatever_their_other_settings():
    groups = np.arange(len(UNPUBLISHED)) // 2
    tests = []
    for change in (
        {},
        {"validation": 0.3, "seed": 7},
        BALANCED,
        {"exclude_folders": ["human_b"]},
        {"exclude_sources": ["ai_ld"]},
    ):
        result = split(UNPUBLISHED, groups, **ASKED | change)
        tests.append(set(result.loc[result["partition"] == "test", "row"]))
    expected = np.flatnonzero(in_test(UNPUBLISHED, groups, published=True, test=0.2, test_seed=0))
    assert tests[0] == tests[1] == tests[2] == tests[4] == set(expected)
    assert tests[3] == {row for row in expected if UNPUBLISHED["folder"][row] != "human_b"}


def test_an_excluded_source_is_used_for_testing_only():
    result = split(PUBLISHED, **ASKED | {"exclude_sources": ["ai_sd", "no_such"]})
    assert counts(result[result["source"] == "ai_sd"], "partition") == {}
    result = split(PUBLISHED, **ASKED | {"exclude_sources": ["ai_ld"]})
    assert counts(result[result["source"] == "ai_ld"], "partition") == {"test": 40}
    assert counts(result[result["source"] != "ai_ld"], "partition")["test"] == 20


def drawn_folds(sizes: dict[str, int]) -> pd.DataFrame:
    table = catalogue({(None, folder): size for folder, size in sizes.items()})
    return split(table, **ASKED | {"folds": "auto"})


@few_examples
@given(
    st.dictionaries(st.sampled_from(["ai_ld", "ai_sd", "human_a", "human_b", "human_c"]), st.integers(1, 40)),
    st.integers(1, 4),
    st.one_of(st.just("auto"), st.integers(3, 6)),
)
def test_folds_hold_every_picture_once_keep_near_duplicates_together_and_spread_every_source_evenly(
    sizes: dict[str, int], twins: int, folds: int | str
):
    table = catalogue({(None, folder): size for folder, size in sizes.items()})
    try:
        result = split(table, np.arange(len(table)) // twins, **ASKED | {"folds": folds})
    except UserError as error:
        assert "\n" not in str(error)
        return
    fold, first = result["fold"], result.drop_duplicates("group")
    fewest = min((first["origin"] == origin).sum() for origin in ("human", "ai"))
    assert fold.nunique() == (folds if folds != "auto" else min(FOLDS, fewest) if fewest >= FEWEST_FOLDS else 1)
    assert result.groupby("group")["fold"].nunique().max() == 1
    if fold.max() >= 0:
        assert fold.min() == 0
        for by in ("origin", "source"):
            spread = (
                first.groupby(by)["fold"].value_counts().unstack(fill_value=0).reindex(columns=range(fold.max() + 1))
            )
            assert (spread.max(axis=1) - spread.fillna(0).min(axis=1)).max() <= 1
    # Folds change no partition.
    pd.testing.assert_frame_equal(
        result.drop(columns="fold"),
        split(table, np.arange(len(table)) // twins, **ASKED).drop(columns="fold"),
    )


def test_folds_are_automatic_for_few_pictures_without_a_published_test_set():
    for many in (FEW, 3 * FEW):
        assert set(drawn_folds({"ai_ld": many, "human_a": FEW - 1})["fold"]) == set(range(FOLDS))
        assert set(drawn_folds({"ai_ld": many, "human_a": FEW})["fold"]) == {-1}
    for how in ({"published": True}, BALANCED, AUGMENTED):
        table = PUBLISHED if "published" in how else catalogue({(None, "ai_ld"): 30, (None, "human_a"): 20})
        assert set(split(table, **ASKED | how | {"folds": "auto"})["fold"]) == {-1}


def test_published_test_pictures_are_in_no_fold():
    result = split(PUBLISHED, **ASKED | {"folds": 4})
    assert ((result["fold"] < 0) == (result["partition"] == "test")).all()
    assert set(result["fold"]) == {-1, 0, 1, 2, 3}


def test_an_excluded_source_is_in_no_fold_is_tested_whole_and_changes_no_other_fold():
    usual = split(UNPUBLISHED, **ASKED | {"folds": 5})
    result = split(UNPUBLISHED, **ASKED | {"folds": 5, "exclude_sources": ["ai_ld"]})
    excluded = result[result["source"] == "ai_ld"]
    assert len(excluded) == 300
    assert (set(excluded["fold"]), set(excluded["partition"])) == ({-1}, {"test"})
    others = [table[table["source"] != "ai_ld"].set_index("image_id")["fold"] for table in (usual, result)]
    pd.testing.assert_series_equal(*others)


def test_more_folds_than_pictures_of_an_origin_are_refused_in_one_line():
    table = catalogue({(None, "ai_ld"): 30, (None, "human_a"): 6})
    with pytest.raises(
        UserError, match=r"7 folds need as many pictures of each origin .* only 6; add pictures, or set"
    ):
        split(table, **ASKED | {"folds": 7})


def test_pictures_for_training_and_for_testing_need_both_origins():
    rows = [("train", "human"), ("train", "ai"), ("validation", "ai"), ("test", "human")]
    split = pd.DataFrame(rows, columns=["partition", "origin"])
    with pytest.raises(UserError, match="splits: no pictures for test by AI; add pictures or"):
        check_origins(split)
    check_origins(pd.concat([split, pd.DataFrame([("test", "ai")], columns=split.columns)]))
