"""The statements of source documents: each answer, tested on handmade results."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brushprint.features.embedding import spreads
from brushprint.features.latent import latent
from brushprint.report import statements
from brushprint.report.claims_schema import Sentence
from tests.support.results import effects, variant

LOWER = {"id": "000-lower", "says": "the heat lies below", "region": "lower", "of": "correct"}


def answered(entry: dict[str, Any], about: str = "net", **changes: dict[str, Any]) -> dict[str, Any]:
    """The answer to a statement about the variant `about`; `changes` holds the results of each variant of the run."""
    variants = {name: variant(**results) for name, results in changes.items()}
    row = statements.answer(Sentence.model_validate(entry, strict=True), about, variants)
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["answer"] in statements.ANSWERS
    return row


@pytest.mark.parametrize(
    ("changes", "answer", "why"),
    [
        ({}, "supported", ""),
        (
            {"effect": "none", "why": "less than two points from its area"},
            "not supported",
            "less than two points from its area",
        ),
        ({"effect": "less"}, "not supported", "it holds less heat than its share of the area"),
        ({"pictures": 9}, "cannot be judged", "9 pictures, fewer than 10"),
        ({"value": "misclassified"}, "cannot be judged", "there is no such picture"),
        ({"region": "upper"}, "cannot be judged", "there is no such picture"),
    ],
)
def test_a_statement_on_heat_is_answered_from_the_measurements(changes: dict, answer: str, why: str) -> None:
    row = answered(LOWER, net={"effects": effects(**changes)})
    assert (row["answer"], row["why"]) == (answer, why)


def test_the_answer_on_heat_gives_the_effect_its_interval_and_its_null() -> None:
    assert answered(LOWER, net={"effects": effects(random_low=0.1)})["measured"] == (
        "lower: 50.0% of the heat on 25.0% of the area, +25.0 points (+20.0 to +30.0; +1.50 standard deviations); "
        "networks with random weights -15 to +15 points; 90 pictures"
    )


def test_a_statement_about_one_variant_is_tested_on_all_variants() -> None:
    others = {"other": effects(effect="none", why="less than two points from its area"), "third": effects(pictures=3)}
    row = answered(LOWER, net={}, **{name: {"effects": table} for name, table in others.items()})
    assert (row["supported"], row["judged"]) == (1, 2)
    assert answered(LOWER, about="absent", net={})["why"] == "absent is not in this run"


def test_a_statement_on_a_style_uses_only_the_pictures_of_that_style() -> None:
    table = {"effects": effects(by="outcome and style", value="correct baroque")}
    assert answered(LOWER | {"of": "correct baroque"}, net=table)["answer"] == "supported"
    assert answered(LOWER, net=table)["answer"] == "cannot be judged"


def fitted(supported: list[bool | None], why: str | None = None) -> dict[str, Any]:
    """A cluster for each value: supported as one style, not supported, or None if none of its styles is known."""
    chance = {"low": 0.1, "high": 0.2}
    style = {"pictures": 50, "why": why, "nmi": None if why else {"value": 0.4, "p": 0.01, "chance": chance}}
    of = {"outcome": "correct", "space": "2d"}
    styles = [held if held is None else {"supported": held} for held in supported]
    clusters = [{**of, "labels": {"style": style}} for style in styles]
    return {"latent": {"values": 512, "fits": [{**of, "labels": {"style": style}}], "clusters": clusters}}


STYLED = {"id": "000-styles", "says": "clusters are styles", "clusters": "correct"}


@pytest.mark.parametrize(
    ("results", "answer", "why"),
    [
        (fitted([True, True, False]), "supported", ""),
        (fitted([True, False]), "not supported", "most clusters are mixed"),
        (fitted([True, None, None]), "supported", ""),
        (fitted([True, False, None]), "not supported", "most clusters are mixed"),
        (fitted([False], "only one style"), "cannot be judged", "only one style"),
        ({"latent": {"fits": [], "clusters": [], "values": 1}}, "cannot be judged", "no test picture is correct"),
    ],
)
def test_clusters_count_as_styles_if_most_are_of_one_style_beyond_chance(results: dict, answer: str, why: str) -> None:
    row = answered(STYLED, net=results)
    assert (row["answer"], row["why"]) == (answer, why)


def spread_out(value: float, low: float, high: float) -> dict[str, Any]:
    difference = {name: {"value": value, "low": low, "high": high} for name in ("spread", "silhouette")}
    return {"embedding": {"spread": [{"grouping": "style", "why": None, "pictures": 40, "difference": difference}]}}


@pytest.mark.parametrize(
    ("apart", "interval", "answer"),
    [
        ("spread", (-0.3, -0.4, -0.2), "supported"),
        ("spread", (0.3, 0.2, 0.4), "not supported"),
        ("spread", (-0.01, -0.015, -0.005), "not supported"),
        ("silhouette", (0.3, 0.2, 0.4), "supported"),
        ("silhouette", (0.3, -0.1, 0.6), "not supported"),
    ],
)
def test_generators_are_tighter_only_if_the_difference_is_meaningful(apart: str, interval: tuple, answer: str) -> None:
    entry = {"id": "000-tight", "says": "generators are tight", "apart": apart}
    assert answered(entry, net=spread_out(*interval))["answer"] == answer


def test_generators_cannot_be_compared_without_human_styles() -> None:
    alone = {"embedding": {"spread": [{"grouping": "style", "why": None, "pictures": 40, "difference": None}]}}
    entry = {"id": "000-tight", "says": "generators are tight", "apart": "spread"}
    assert answered(entry, net=alone)["why"] == "all pictures have one origin"


TIGHT = {"id": "000-tight", "says": "generators are tight", "apart": "spread"}


def planted(styled: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Three clouds of features, one for each source, and their labels; only the `styled` sources have styles."""
    number = np.arange(90)
    features = np.eye(3, 8)[number % 3] * 9 + np.random.default_rng(0).normal(size=(90, 8))
    table = pd.DataFrame({"image_id": number.astype(str), "outcome": "correct"})
    table["source"] = np.array(["human", "midjourney", "diffusiondb"])[number % 3]
    table["origin"] = np.where(table["source"] == "human", "human", "ai")
    style = np.array(["baroque", "realism"])[number // 3 % 2]
    return features, table.assign(style=pd.Series(style, dtype=object).where(table["source"].isin(styled)))


@pytest.mark.parametrize(
    ("styled", "clusters", "apart"),
    [
        (["human", "midjourney"], "most clusters are mixed", "human styles are at least as compact"),
        (["midjourney"], "only one cluster", "all pictures have one origin"),
        ([], "no picture has a known style", "fewer than 10 pictures"),
    ],
)
def test_statements_are_answered_even_if_sources_have_no_styles(styled: list[str], clusters: str, apart: str) -> None:
    features, table = planted(styled)
    results = {
        "latent": latent(features, table, variance=0.9, clusters=3, permutations=99, refits=20, seed=0)[1],
        "embedding": {"spread": spreads(features.astype(np.float32), table, seed=0)},
        "effects": effects(by="outcome and style", value="correct baroque").iloc[: len(styled)],
    }
    assert any(row["labels"]["style"] is None for row in results["latent"]["clusters"])
    assert answered(STYLED, net=results)["why"] == clusters
    assert answered(TIGHT, net=results)["why"] == apart
    heat = answered(LOWER | {"of": "correct baroque"}, net=results)
    assert heat["why"] == ("" if styled else "there is no such picture")
