"""The sentences of the report, tested on handmade results."""

import numpy as np
import pandas as pd
import pytest

from brushprint.features.latent import latent
from brushprint.report import findings
from brushprint.settings.schema import Budget


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        ({}, ""),
        ({"max_image_size": 64}, "at most 64-pixel input"),
        ({"images": 1200, "epochs": 6}, "at most 1,200 pictures, at most 6 epochs a phase"),
        ({"batch_size": 16}, "at most 16 pictures a batch"),
    ],
)
def test_the_caps_of_a_shortened_run_are_named(caps: dict[str, int], words: str) -> None:
    assert findings.shortened(dict.fromkeys(Budget.model_fields) | caps) == words


def test_every_cap_of_a_budget_has_a_wording() -> None:
    assert set(findings.CAPS) == set(Budget.model_fields)


def audited(*rows: tuple[str, str, float, bool | None]) -> list[dict]:
    return [
        {"question": question, "features": group, "balanced_accuracy": {"value": value}, "reported": reported}
        for question, group, value, reported in rows
    ]


SIZE, COLOURS = ("AI or human", "file size", 0.94, True), ("dalle or human", "colour statistics", 0.7, True)
NOTHING = ("AI or human", "format", 0.5, False)


def leaking(pictures: int) -> dict:
    across = [{"of": "test", "in": "train", "pictures": pictures, "share": 0.1}]
    return {"across": [*across, {"of": "train", "in": "test", "pictures": 9, "share": 0.1}]}


def test_shortcuts_are_listed_by_question() -> None:
    (warning,) = findings.warnings({"audit": {"raw": audited(SIZE, NOTHING)}, "leaks": {}})
    assert warning.endswith("(guessing gives 0.5): AI or human: file size 0.94.")
    (warning,) = findings.warnings({"audit": {"raw": audited(SIZE, COLOURS)}, "leaks": {}})
    assert warning.endswith(
        "AI or human: file size 0.94; dalle or human: colour statistics 0.70. Colours may be part of the art itself."
    )


def test_shortcuts_that_harmonising_removed_give_no_warning() -> None:
    audit = {"raw": audited(SIZE), "harmonised": audited(NOTHING)}
    assert findings.warnings({"audit": audit, "leaks": {"natural": leaking(0)}}) == []


def test_test_pictures_with_near_duplicates_in_training_give_a_warning() -> None:
    (warning,) = findings.warnings({"audit": {"raw": audited(NOTHING)}, "leaks": {"natural": leaking(6)}})
    assert "in other partitions: 6 (10.0%) in train of the split natural. " in warning


def planted(styled: list[str]) -> dict:
    """The measurements of three clusters, each of one source; only the `styled` sources have styles."""
    number = np.arange(90)
    features = np.eye(3, 8)[number % 3] * 9 + np.random.default_rng(0).normal(size=(90, 8))
    table = pd.DataFrame({"image_id": number.astype(str), "outcome": "correct"})
    table["source"] = np.array(["human", "midjourney", "diffusiondb"])[number % 3]
    style = pd.Series(np.array(["baroque", "realism", "cubism"])[number % 3], dtype=object)
    table["style"] = style.where(table["source"].isin(styled))
    return latent(features, table, variance=0.9, clusters=3, permutations=99, refits=20, seed=0)[1]


def test_a_cluster_without_known_styles_is_not_counted_among_the_clusters_of_one_style() -> None:
    misclassified, correct, every = findings.clusters(planted(["human", "midjourney"]))
    assert misclassified == "No test picture is misclassified."
    assert "and 2 of 2 clusters are mostly of one style; source 1.00" in correct
    assert "and 3 of 3 clusters are mostly of one source" in correct
    assert "outcome unknown (only one outcome)" in every


def test_if_no_picture_has_a_known_style_the_clusters_say_nothing_about_styles() -> None:
    correct = findings.clusters(planted([]))[1]
    assert "style unknown (no picture has a known style); source 1.00" in correct


def regions(**effect: str) -> pd.DataFrame:
    return pd.DataFrame({"region": list(effect), "effect": list(effect.values()), "pictures": 20})


def test_regions_that_hold_more_heat_are_listed() -> None:
    assert findings.heat(regions(lower="more", upper="less", faces="more")).endswith("every baseline: lower, faces.")
    assert findings.heat(regions(lower="none", upper="less")).startswith("In none of the 2 regions")
    assert findings.heat(regions(lower="none").assign(pictures=0)) == "No test picture has a heatmap with any heat."


def faithful(found: bool, first: float | None, last: float | None, left: float | None) -> dict:
    better = {"better": {"value": 0.2}}
    stages = [{"similarity": {"value": first}}, {"similarity": {"value": last}}]
    tests = {"faithful": found, "why": "fewer than 10 pictures", "deletion": better, "insertion": better}
    return tests | {"cascade": {"stages": stages, "left": left}}


@pytest.mark.parametrize(
    ("tests", "sentences"),
    [
        (
            faithful(True, 1, 0.12, 0.12),
            "The heatmaps are faithful. Averaged over the curves, the probability of the prediction is 20 points lower "
            "when the hottest parts are hidden than when random parts are hidden, and 20 points higher when only the "
            "hottest parts are shown than when only random parts are shown. When all layers get random weights, 12% "
            "of the similarity to the original heatmaps remains.",
        ),
        (
            faithful(False, 1, -0.1, -0.1),
            "The heatmaps do not pass the faithfulness tests: fewer than 10 pictures. When all layers get "
            "random weights, 0% of the similarity to the original heatmaps remains.",
        ),
        (
            faithful(False, 1, None, None),
            "The heatmaps do not pass the faithfulness tests: fewer than 10 pictures. When all layers get "
            "random weights, no heatmap has any heat left.",
        ),
        (
            faithful(False, None, None, None),
            "The heatmaps do not pass the faithfulness tests: fewer than 10 pictures. Whether they depend on what the "
            "network learned is unknown.",
        ),
    ],
)
def test_the_sentences_on_faithfulness_report_both_tests(tests: dict, sentences: str) -> None:
    assert findings.faithfulness(tests) == sentences


def test_the_reasons_that_all_claims_share_are_returned() -> None:
    claims = [
        {"verdict": "not comparable", "why": ["synthetic sample", "shortened run"]},
        {"verdict": "not comparable", "why": ["synthetic sample", "shortened run", "impossible as stated: four"]},
    ]
    assert findings.not_comparable(claims) == ["synthetic sample", "shortened run"]
    assert findings.not_comparable([*claims, {"verdict": "close", "why": ["within 2 points"]}]) == []
    elsewhere = {"verdict": "not comparable", "why": ["shortened run", "another collection"]}
    assert findings.not_comparable([*claims, elsewhere]) == ["synthetic sample", "shortened run"]
    assert findings.not_comparable([elsewhere]) == ["shortened run", "another collection"]
