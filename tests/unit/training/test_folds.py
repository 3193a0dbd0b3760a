"""Heads that are cross-validated: no answer depends on the fold of its picture."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from brushprint.evaluation.predictions import predictions_table
from brushprint.models.encoders import EncoderNetwork
from brushprint.models.files import restore
from brushprint.models.model import Model
from brushprint.training.corrupted_inference import ai_scores, fold_scores
from brushprint.training.folds import cross_validated, left_out, rows_to_answer, with_head
from brushprint.training.heads import Fitted, fit_head, fit_heads, head_state

ORIGINS = {"ai": "ai", "human": "human"}


class Encoderless(nn.Module):
    """In place of an encoder, for networks that are given features only."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features


def pictures(number: int = 60, folds: int = 4, *, published: bool = False) -> pd.DataFrame:
    """A split whose pictures are human and AI in turn; if `published`, the last third is tested and in no fold."""
    label = np.array(["ai", "human"])[np.arange(number) % 2]
    table = pd.DataFrame({"row": np.arange(number), "label": label, "origin": label, "source": label})
    table = table.assign(image_id=[f"id{row}" for row in table.index], group=table.index, style=None, copy=0)
    table["fold"] = table.index // 2 % folds
    table["partition"] = np.where(table.index % 5 == 0, "test", np.where(table.index % 5 == 1, "validation", "train"))
    if published:
        table["partition"] = np.where(table.index < 2 * number // 3, "train", "test")
        table["fold"] = table["fold"].mask(table["partition"] == "test", -1)
    return table


def measured(table: pd.DataFrame, apart: float = 1.0, width: int = 6, seed: int = 0) -> np.ndarray:
    """Features of the pictures, the first of which tells the origins apart."""
    features = np.random.default_rng(seed).normal(size=(len(table), width)).astype(np.float32)
    features[:, 0] += apart * (table["origin"] == "ai")
    return features


def fitted(features: np.ndarray, table: pd.DataFrame) -> tuple[Fitted, Model]:
    found = fit_heads(features, table, balanced=False, seed=0, label="head")
    network = EncoderNetwork(Encoderless(features.shape[1]), len(found.classes)).eval()
    restore(network, network.state_dict() | head_state(found.head))
    return found, Model(network, {"classes": found.classes})


def p_of(model: Model, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.network(torch.from_numpy(features)).double().softmax(1).numpy()


def answered(features: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    found, model = fitted(features, table)
    asked = rows_to_answer(table, found.folds)
    answers = asked[["image_id", "partition", "label"]].reset_index(drop=True)
    answers[["p_ai", "p_human"]] = p_of(model, features[asked["row"]])
    return cross_validated(model, found.folds, features, asked, answers)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.booleans())
def test_each_head_is_fitted_to_all_pictures_outside_its_folds(folds: list[int], nested: bool) -> None:
    numbers, array = sorted(set(folds)), np.array(folds)
    found = dict(left_out(array, nested=nested))
    for first in numbers:
        assert (found.pop(str(first)) == (array != first)).all()
        for second in numbers if nested else ():
            if first < second:
                assert (found.pop(f"{first}.{second}") == ((array != first) & (array != second))).all()
    assert not found


@pytest.mark.parametrize("published", [False, True])
def test_each_answer_is_that_of_a_head_fitted_without_the_folds_that_it_must_not_know(published: bool) -> None:
    table = pictures(published=published)
    features = measured(table)
    answers, rows = answered(features, table), table.set_index("image_id")
    for row in answers.iloc[::7].itertuples():
        own = rows.loc[row.image_id]
        unknown = {row.fold, own["fold"]} - {-1}
        known = table[(table["fold"] >= 0) & ~table["fold"].isin(unknown)]
        targets = (known["label"] == "human").astype(int).to_numpy()
        head, _ = fit_head(
            features[known["row"]],
            targets,
            known["group"].to_numpy(),
            classes=2,
            balanced=False,
            seed=0,
            label="head",
        )
        expected = (features[own["row"]] - head.mean) / head.deviation @ head.coefficients[0] + head.intercepts[0]
        assert np.log(row.p_human / row.p_ai) == pytest.approx(expected, abs=1e-4)


def test_every_picture_is_tested_once_and_inner_answers_for_each_fold_come_from_the_others() -> None:
    table = pictures()
    answers = answered(measured(table), table)
    outer, inner = answers[answers["partition"] == "test"], answers[answers["partition"] == "inner"]
    assert len(answers) == len(outer) + len(inner)
    assert outer["image_id"].tolist() == table["image_id"].tolist()
    assert outer["fold"].tolist() == table["fold"].tolist()
    for fold in range(4):
        assert set(inner.loc[inner["fold"] == fold, "image_id"]) == set(table.loc[table["fold"] != fold, "image_id"])
    assert not inner.duplicated(["image_id", "fold"]).any()


def test_with_published_test_pictures_the_network_answers_them_and_folds_validate_the_others() -> None:
    table = pictures(published=True)
    answers = answered(measured(table), table)
    assert set(answers.loc[answers["partition"] == "test", "fold"]) == {-1}
    validated = answers[answers["partition"] == "validation"]
    assert validated["image_id"].tolist() == table.loc[table["fold"] >= 0, "image_id"].tolist()
    assert len(answers) == len(table)


def test_without_folds_the_head_is_fitted_to_the_training_pictures_and_the_network_answers() -> None:
    table = pictures().assign(fold=-1)
    features = measured(table)
    found, model = fitted(features, table)
    assert found.folds == {}
    changed = features.copy()
    changed[table["partition"] != "train"] = 99
    assert all((one == other).all() for one, other in zip(found.head, fitted(changed, table)[0].head, strict=True))
    answers = answered(features, table)
    held_out = table[table["partition"] != "train"]
    assert answers["partition"].tolist() == held_out["partition"].tolist()
    np.testing.assert_array_equal(answers[["p_ai", "p_human"]], p_of(model, features[held_out["row"]]))


def test_a_picture_has_no_influence_on_its_own_answer_and_its_cut_offs() -> None:
    table = pictures()
    features = measured(table)
    other = features.copy()
    other[table["fold"] == 1] += 3
    ours, theirs = (predictions_table(answered(given, table), table, 0.25)[1] for given in (features, other))
    assert ours["folds"]["1"] == theirs["folds"]["1"]
    assert ours["folds"]["0"] != theirs["folds"]["0"]


def test_corrupted_pictures_are_scored_by_the_heads_that_do_not_know_their_folds() -> None:
    table = pictures()
    features = measured(table)
    found, model = fitted(features, table)
    corrupted = np.stack([features[:9], features[:9] + 0.5], axis=1)
    folds = [-1, *table["fold"][1:9]]
    given = {"origins": ORIGINS, "device": "cpu"}
    temperatures = {fold: 1 + fold / 4 for fold in set(folds)} | {-1: 2.0}
    scores = fold_scores(model, found.folds, corrupted, folds, temperatures=temperatures, **given)
    for place, fold in enumerate(folds):
        judge = model if fold < 0 else with_head(model, found.folds, str(fold))
        expected = ai_scores(judge, corrupted[[place]], temperature=temperatures[fold], **given)
        np.testing.assert_allclose(scores[place], expected[0], atol=1e-7)
