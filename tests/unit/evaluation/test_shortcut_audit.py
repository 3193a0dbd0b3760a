"""The shortcut audit reports planted shortcuts, and reports nothing where none is planted."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import fisher_exact
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from threadpoolctl import threadpool_limits

from brushprint.data.catalogue import build_catalogue
from brushprint.data.shortcut_features import COLUMNS, GROUPS, measure
from brushprint.evaluation.shortcut_audit import ALL, STRONGEST, _balanced_accuracy, audit, compared
from brushprint.stats import bootstrap
from brushprint.stats.intervals import FEWEST
from brushprint.stats.roc import RocAuc
from tests.conftest import encoded, picture
from tests.support.collections import LABELS
from tests.support.real_pictures import archive, labels

HARMONISE = {"side": 32, "resize": "lanczos", "format": "jpeg", "quality": 90}
MARGIN = 0.05

Encode = Callable[[Image.Image], bytes]
Drawn = tuple[pd.DataFrame, pd.DataFrame, np.ndarray]


def jpeg(quality: int) -> Encode:
    return lambda image: encoded(image, quality=quality)


def collection(root: Path, ai: Encode, human: Encode, seed: int = 0, pictures: int = 80) -> pd.DataFrame:
    """Write a collection of drawn pictures, every second of them labelled AI, and return its catalogue."""
    for number in range(pictures):
        origin, encode = [("human", human), ("ai", ai)][number % 2]
        (root / origin).mkdir(parents=True, exist_ok=True)
        (root / origin / f"{number}.png").write_bytes(encode(picture(1000 * seed + number, (96, 96))))
    return build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)[0]


def found(root: Path, table: pd.DataFrame, harmonise: dict | None = None) -> dict[str, dict]:
    """The rows of an audit that report a shortcut, by their group of features."""
    measured = measure(root, table, jobs=1, harmonise=harmonise)
    rows = audit(measured, table, np.arange(len(table)), margin=MARGIN, pictures=1000, seed=0)
    assert {row["question"] for row in rows} == {"AI or human"}
    assert [row["features"] for row in rows] == [*GROUPS, ALL]
    return {row["features"]: row for row in rows if row["reported"]}


def test_a_jpeg_quality_shared_by_all_ai_pictures_is_reported_and_removed_by_harmonising(tmp_path: Path) -> None:
    table = collection(tmp_path, ai=jpeg(60), human=jpeg(90))
    caught = found(tmp_path, table)
    assert {"JPEG quality", "file size", ALL} <= set(caught)
    assert not {"format", "dimensions"} & set(caught)
    first = caught["JPEG quality"]["strongest"][0]
    assert (first["feature"], first["is"], first["ai"], first["human"]) == ("jpeg_quality", "median", 60, 90)
    assert caught["JPEG quality"]["balanced_accuracy"]["value"] == 1
    assert found(tmp_path, table, HARMONISE) == {}


def larger(image: Image.Image) -> bytes:
    return encoded(image.resize((144, 144), Image.Resampling.BICUBIC), quality=90)


def test_a_size_shared_by_all_ai_pictures_is_reported_and_removed_by_harmonising(tmp_path: Path) -> None:
    table = collection(tmp_path, ai=larger, human=jpeg(90))
    caught = found(tmp_path, table)
    assert "dimensions" in caught
    assert not {"format", "JPEG quality"} & set(caught)
    widths = [told for told in caught["dimensions"]["strongest"] if told["feature"] == "width"]
    assert [(told["ai"], told["human"]) for told in widths] == [(144, 96)]
    assert found(tmp_path, table, HARMONISE) == {}


def test_a_format_shared_by_all_ai_pictures_is_reported_and_removed_by_harmonising(tmp_path: Path) -> None:
    table = collection(tmp_path, ai=lambda image: encoded(image, "PNG"), human=jpeg(90))
    caught = found(tmp_path, table)
    assert "format" in caught
    assert "dimensions" not in caught
    assert {"feature": "format_png", "roc_auc": 1, "is": "share", "ai": 1, "human": 0} in caught["format"]["strongest"]
    assert found(tmp_path, table, HARMONISE) == {}


def reddish(image: Image.Image) -> bytes:
    return encoded(image.point([value * 7 // 10 + 76 for value in range(256)] + [*range(256)] * 2), quality=90)


def test_a_colour_shared_by_all_ai_pictures_is_reported_even_after_harmonising(tmp_path: Path) -> None:
    table = collection(tmp_path, ai=reddish, human=jpeg(90))
    for harmonise in (None, HARMONISE):
        caught = found(tmp_path, table, harmonise)
        assert "colour statistics" in caught
        assert not {"format", "dimensions", "JPEG quality"} & set(caught)
        assert {told["feature"] for told in caught["colour statistics"]["strongest"]} <= {
            *("red_mean", "red_deviation", "red_skewness"),
            *("saturation", "colourfulness", "black"),
        }


def noise(seed: int, ai: int, human: int, *, copies: int = 1, sources: int = 1) -> Drawn:
    """Features unrelated to the origin, catalogue and groups of pictures that each occur `copies` times."""
    generator = np.random.default_rng(seed)
    different = ai + human
    values = generator.normal(size=(different, len(COLUMNS))).astype(np.float32)
    values[:, ::4] = values[:, ::4] > 0
    origin = np.repeat(["ai", "human"], [ai, human])
    source = np.where(origin == "ai", [f"generator {number % sources}" for number in range(different)], "human")
    table = pd.DataFrame({"origin": np.repeat(origin, copies), "source": np.repeat(source, copies)})
    groups = np.repeat(np.arange(different), copies)
    return pd.DataFrame(values.repeat(copies, axis=0), columns=list(COLUMNS)), table, groups


def judged(drawn: Drawn, **options: object) -> list[dict]:
    return audit(*drawn, **{"margin": MARGIN, "pictures": 1000, "seed": 0} | options)


def test_near_duplicates_are_no_shortcut_if_their_groups_are_given() -> None:
    values, table, groups = noise(0, 25, 25, copies=4)
    assert not any(row["reported"] for row in judged((values, table, groups)))
    assert all(row["reported"] for row in judged((values, table, np.arange(len(table)))))


def test_with_several_ai_sources_each_source_is_also_audited_separately() -> None:
    values, table, groups = noise(0, 60, 40, sources=2)
    values["width"] = np.where(table["source"] == "generator 1", 768, 256)
    rows = judged((values, table, groups))
    assert list(dict.fromkeys(row["question"] for row in rows)) == [
        "AI or human",
        "generator 0 or human",
        "generator 1 or human",
    ]
    assert len(rows) == 3 * (len(GROUPS) + 1)
    assert {row["question"]: row["pictures"] for row in rows} == {
        "AI or human": 100,
        "generator 0 or human": 70,
        "generator 1 or human": 70,
    }
    caught = {(row["question"], row["features"]) for row in rows if row["reported"]}
    assert {question for question, _ in caught} <= {"AI or human", "generator 1 or human"}
    assert {("generator 1 or human", "dimensions"), ("generator 1 or human", ALL)} <= caught


def test_a_row_holds_its_result_and_the_uncertainty() -> None:
    values, table, groups = noise(0, 60, 40)
    values["bytes_per_pixel"] += 3 * (table["origin"] == "ai").to_numpy()
    row = judged((values, table, groups))[0]
    assert list(row) == [
        *("question", "pictures", "why", "features", "balanced_accuracy", "roc_auc", "bound", "reported", "strongest")
    ]
    for key in ("balanced_accuracy", "roc_auc"):
        assert row[key]["low"] < row[key]["value"] < row[key]["high"]
    assert 0.5 + MARGIN < row["bound"] < row["balanced_accuracy"]["low"]
    assert row["reported"] is True
    assert row["strongest"][0]["feature"] == "bytes_per_pixel"
    assert row["strongest"][0]["roc_auc"] > 0.85
    assert len(row["strongest"]) <= STRONGEST
    assert not any(row["strongest"] for row in judged((values, table, groups)) if not row["reported"])


def test_a_shortcut_is_reported_only_if_its_lower_bound_exceeds_the_margin() -> None:
    values, table, groups = noise(0, 60, 40)
    values["bytes_per_pixel"] += 3 * (table["origin"] == "ai").to_numpy()
    found = [judged((values, table, groups), margin=margin)[0]["reported"] for margin in (0, 0.05, 0.49)]
    assert found == [True, True, False]


@pytest.mark.parametrize(
    ("ai", "human", "copies", "why"),
    [
        (0, 40, 1, "there is no AI picture"),
        (40, 0, 1, "there is no human picture"),
        (40, FEWEST - 1, 1, "only 9 human pictures differ, and at least 10 are needed"),
        (FEWEST - 1, 40, 3, "only 9 AI pictures differ, and at least 10 are needed"),
    ],
)
def test_too_few_pictures_are_not_audited(ai: int, human: int, copies: int, why: str) -> None:
    rows = judged(noise(0, ai, human, copies=copies))
    assert [row["features"] for row in rows] == [*GROUPS, ALL]
    for row in rows:
        assert row["why"] == why
        assert row["balanced_accuracy"] == row["roc_auc"] == {"value": None, "low": None, "high": None}
        assert (row["bound"], row["reported"], row["strongest"]) == (None, None, [])
    json.dumps(rows, allow_nan=False)


def test_a_source_with_too_few_pictures_does_not_affect_the_other_questions() -> None:
    values, table, groups = noise(0, 60, 40)
    table.loc[:4, "source"] = "rare"
    why = {row["question"]: row["why"] for row in judged((values, table, groups))}
    assert why["AI or human"] is why["generator 0 or human"] is None
    assert why["rare or human"] == "only 5 AI pictures differ, and at least 10 are needed"


def test_cues_that_are_constant_score_exactly_one_half() -> None:
    values, table, groups = noise(0, 60, 40)
    values[list(GROUPS["format"])] = 1
    row = judged((values, table, groups))[1]
    assert row["features"] == "format"
    assert row["balanced_accuracy"] == row["roc_auc"] == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_the_audit_uses_at_most_the_given_number_of_pictures_and_each_source_keeps_its_share() -> None:
    rows = judged(noise(0, 120, 80, sources=2), pictures=100)
    assert {row["question"]: row["pictures"] for row in rows} == {
        "AI or human": 100,
        "generator 0 or human": 70,
        "generator 1 or human": 70,
    }


def test_the_rows_depend_on_the_seed_but_not_on_the_number_of_threads() -> None:
    drawn = noise(0, 40, 30)
    told = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            told.append(json.dumps(judged(drawn), allow_nan=False))
    assert told[0] == told[1]
    assert told[0] != json.dumps(judged(drawn, seed=1))


scores = st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.6, 0.9]), st.booleans(), st.integers(0, 3)), min_size=2)


@given(scores)
def test_resampled_statistics_match_scikit_learn(drawn: list[tuple[float, bool, int]]) -> None:
    score, is_ai, weight = map(np.array, zip(*drawn, strict=True))
    columns = np.stack([weight, np.ones_like(weight)], axis=1).astype(np.float32)
    areas, accuracies = RocAuc(is_ai, score)(columns), _balanced_accuracy(score, is_ai, columns)
    for column, area, accuracy in zip(columns.T, areas, accuracies, strict=True):
        if len(set(is_ai[column > 0])) < 2:
            assert np.isnan([area, accuracy]).all()
            continue
        assert area == pytest.approx(roc_auc_score(is_ai, score, sample_weight=column))
        assert accuracy == pytest.approx(balanced_accuracy_score(is_ai, score > 0.5, sample_weight=column))


def test_near_duplicates_are_resampled_together() -> None:
    groups = np.array([4, 7, 4, 9, 7, 7])
    drawn = np.concatenate(list(bootstrap.weights(groups, 0, share=0.5)), axis=1)
    assert drawn.shape == (6, 1000)
    for name in (4, 7, 9):
        assert (drawn[groups == name] == drawn[groups == name][0]).all()
    # Half of three groups is rounded to two.
    assert (drawn[[0, 1, 3]].sum(0) == 2).all()


@pytest.mark.parametrize("side", [64, 128])
def test_sizes_and_qualities_of_real_pictures_are_reported_and_removed_by_harmonising(side: int) -> None:
    source = archive("ai-artbench-native-sizes.zip")
    table, *_ = build_catalogue(source, labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2)
    caught = found(source, table)
    assert {"file size", "dimensions", "JPEG quality"} <= set(caught)
    widths = [(told["ai"], told["human"]) for told in caught["dimensions"]["strongest"] if told["feature"] == "width"]
    assert widths == [(768, 256)]
    cured = found(source, table, {"side": side, "resize": "lanczos", "format": "jpeg", "quality": 90})
    assert not {"file size", "format", "dimensions", "JPEG quality"} & set(cured)


@pytest.mark.parametrize(("human", "ai", "reported"), [(0, 0, False), (1, 2, False), (0, 12, True), (30, 5, True)])
def test_unusable_files_are_reported_if_they_hit_one_origin_by_more_than_chance(human: int, ai: int, reported: bool):
    unusable = {"human": {"files": 60 + human, "rejected": human}, "ai": {"files": 50 + ai, "rejected": ai}}
    found = compared(unusable)
    assert {origin: found[origin] for origin in unusable} == unusable
    assert found["reported"] is reported
    assert found["p"] == pytest.approx(fisher_exact([[human, 60], [ai, 50]]).pvalue)
