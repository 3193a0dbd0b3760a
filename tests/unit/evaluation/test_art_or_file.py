"""Figures of a variant where size and encoding no longer differ between human and AI pictures."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.data.corruptions import CONDITIONS
from brushprint.evaluation import art_or_file as module
from brushprint.evaluation.art_or_file import art_or_file, matched
from brushprint.stats import bootstrap


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        yield


def pictures(sides: list[int], is_ai: list[bool], **changes: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and shortcut features of square JPEGs with these sides."""
    ids = [f"id{number}" for number in range(len(sides))]
    tested = pd.DataFrame({"image_id": ids, "origin": np.where(is_ai, "ai", "human"), "group": range(len(ids))})
    features = pd.DataFrame({"image_id": ids, "width": sides, "height": sides, "jpeg_quality": 90, "subsampling": 2})
    features = features.assign(progressive=0, format_jpeg=1, format_png=0, **changes)
    return tested, features


def rates(change: float | None) -> pd.DataFrame:
    rows = [(name, "balanced_accuracy", 0.7, change, change, change, 40) for name, _ in CONDITIONS]
    columns = ["name", "measure", "value", "change", "change_low", "change_high", "pictures"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], float))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 200), st.booleans(), st.sampled_from([75, 80, 90])), max_size=30))
def test_pairs_are_alike_and_no_more_could_be_formed_by_adding_one(rows: list[tuple[int, bool, int]]) -> None:
    sides, is_ai, quality = ([row[place] for row in rows] for place in range(3))
    tested, features = pictures(sides, is_ai)
    features["jpeg_quality"] = quality
    pairs = matched(tested, features, seed=0)
    used = pairs.to_numpy().ravel()
    assert len(set(used)) == len(used)
    about = features.set_index("image_id")

    def alike(human: str, ai: str) -> bool:
        one, other = about.loc[human], about.loc[ai]
        near = max(one["width"], other["width"]) <= 1.1 * min(one["width"], other["width"]) * (1 + 1e-9)
        return bool(near and abs(one["jpeg_quality"] - other["jpeg_quality"]) <= 5)

    assert all(alike(*pair) for pair in pairs.itertuples(index=False))
    left = tested[~tested["image_id"].isin(used)]
    humans, others = (left.loc[left["origin"] == origin, "image_id"] for origin in ("human", "ai"))
    assert not any(alike(human, ai) for human in humans for ai in others)


def test_pictures_of_different_formats_are_never_paired() -> None:
    tested, features = pictures([100] * 4, [False, False, True, True])
    features.loc[[0, 2], ["format_jpeg", "format_png"]] = [0, 1]
    assert sorted(matched(tested, features, seed=0).itertuples(index=False, name=None)) == [
        ("id0", "id2"),
        ("id1", "id3"),
    ]
    features["progressive"] = [0, 1, 1, 0]
    assert matched(tested, features, seed=0).empty


def test_of_many_pictures_a_sample_is_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    tested, features = pictures([100] * 30, [False, True] * 15)
    assert len(matched(tested, features, seed=0)) == 5


def test_a_variant_that_recognises_sizes_is_left_with_nothing_when_sizes_are_matched_or_harmonised() -> None:
    generator = np.random.default_rng(0)
    is_ai = np.arange(400) % 2 == 0
    # Half of the AI pictures are large, and the rest have the sizes of human ones.
    large = is_ai & (np.arange(400) % 4 == 0)
    tested, features = pictures(np.where(large, 768, 256).tolist(), is_ai.tolist())
    score = np.where(large, 0.9, generator.uniform(0.1, 0.6, 400))
    tested = tested.assign(ai_probability=score, called_ai=score > 0.5)
    guessed = generator.random(400)
    harmonised = tested.assign(ai_probability=guessed, called_ai=guessed > 0.5)
    found = art_or_file(tested, harmonised, features, rates(-0.2), seed=0)
    assert found["all"]["roc_auc"]["value"] > 0.7
    assert (found["matched"]["human"], found["matched"]["ai"]) == (100, 100)
    assert max(found["left"].values()) < 0.35
    assert found["swap"] == {"value": 0.7, "change": -0.2, "change_low": -0.2, "change_high": -0.2, "pictures": 40}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_with_too_few_matches_or_no_swap_nothing_is_claimed() -> None:
    tested, features = pictures([100] * 20 + [500] * 20, [False] * 20 + [True] * 20)
    score = np.linspace(0, 1, 40)
    tested = tested.assign(ai_probability=score, called_ai=score > 0.5)
    found = art_or_file(tested, tested, features, rates(np.nan), seed=0)
    assert (found["matched"]["pictures"], found["left"]) == (0, {"harmonised": 1.0, "matched": None})
    assert found["swap"]["change"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found
