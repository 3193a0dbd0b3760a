"""The sentences of the model card, tested on handmade measurements."""

import io
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brushprint.data.corruptions import CONDITIONS
from brushprint.report.model_card import Section, as_markdown, card
from tests.conftest import REPOSITORY

UNKNOWN = {"value": None, "low": None, "high": None}


def about(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def detected(**changes: Any) -> dict[str, Any]:
    usual = {
        **{"pictures": 300, "human": 200, "ai": 100, "why": None},
        "balanced_accuracy": about(0.9, 0.85, 0.94),
        "false_alarms": about(0.0384, 0.0112, 0.0702),
        "misses": about(0.15, 0.1, 0.21),
    }
    return usual | changes


def verdicts(**changes: Any) -> dict[str, Any]:
    always = {"wrong": about(0.12, 0.1, 0.15)}
    test = {"unsure": about(0.3, 0.25, 0.35), "wrong": about(0.05, 0.02, 0.09), "always": always}
    test |= {"human_called_ai": about(0.02, 0.01, 0.04), "ai_called_human": about(0.06, 0.03, 0.1)}
    usual = {"rate": 0.1, "threshold": 0.43, "low": 0.3, "high": 0.6, "why": None, "test": test}
    return usual | changes


def measured(**changes: Any) -> dict[str, Any]:
    usual = {
        "classes": ["human", "dalle", "diffusion", "imagen"],
        "validation": {},
        "folds": 0,
        "test": {
            "pictures": 1300,
            "accuracy": about(0.8123, 0.77, 0.85),
            "balanced_accuracy": about(0.75, 0.7, 0.8),
            "majority": 0.4,
        },
        "detection": detected(),
        "calibration": {
            "temperature": 1.5,
            "before": {"ece": about(0.08, 0.05, 0.11) | {"chance": {"mean": 0.021}}},
            "after": {"ece": about(0.03, 0.0, 0.05) | {"chance": {"mean": 0.02}}},
        },
        "verdict": verdicts(),
    }
    return usual | changes


STYLES = ["origin", "source", "style", "pictures", "right", "right_low", "right_high"]


def styles(*rows: tuple) -> pd.DataFrame:
    """The table of styles as a job reads it, parsed from CSV."""
    table = pd.DataFrame(rows, columns=STYLES)
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


def robustness(change: dict[tuple[str, int], float] | None = None) -> pd.DataFrame:
    """Measures under every condition; balanced accuracy changes by `change`, or by 0 where it gives nothing."""
    rows = []
    for name, severity in CONDITIONS:
        by = (change or {}).get((name, severity), 0.0)
        rows.append((name, severity, "balanced_accuracy", 0.9 + by, by, by - 0.03, by + 0.03, 240))
        rows.append((name, severity, "accuracy", 0.1, -0.8, -0.9, -0.7, 240))
    columns = ["name", "severity", "measure", "value", "change", "change_low", "change_high", "pictures"]
    return pd.DataFrame(rows, columns=columns)


def cues(question: str, group: str, balanced: float | None, found: bool | None, why: str | None = None) -> dict:
    return {
        "question": question,
        "features": group,
        "balanced_accuracy": {"value": balanced},
        "reported": found,
        "why": why,
    }


def split(copies: int = 0) -> pd.DataFrame:
    rows = [("train", "human", 0)] * 1000 + [("train", "dalle", 0)] * 40 + [("test", "human", 0)] * 500
    rows += [("train", "dalle", 1)] * copies
    return pd.DataFrame(rows, columns=["partition", "source", "copy"])


RECIPE = {"architecture": "conv3", "image_size": 128}
NO_ARMS = {"seeds": [], "unseen": []}


def written(**changes: Any) -> dict[str, list[str]]:
    """The sentences of the card, by heading."""
    usual = {
        **{"title": "AI-ArtBench", "task": "origin_style", "recipe": RECIPE, "synthetic": False, "split": split()},
        **{"metrics": measured(), "styles": styles(("human", "human", "baroque", 40, 0.9, 0.8, 0.95))},
        **{"robustness": robustness(), "audit": [cues("AI or human", "format", 0.5, False)]},
        **{"arms": NO_ARMS, "external": None},
    }
    return {section.heading: section.sentences for section in card(**usual | changes)}


def test_it_states_the_network_and_its_training_data() -> None:
    assert written()["Model and training data"] == [
        "A conv3 network on pictures of 128 pixels a side, for the task origin and style.",
        "Trained on 1,040 pictures of AI-ArtBench (1,000 human, 40 dalle).",
    ]


def test_it_mentions_augmented_copies_and_a_synthetic_sample() -> None:
    sentences = written(split=split(copies=900), synthetic=True)["Model and training data"]
    assert sentences[1:] == [
        "Trained on 1,940 pictures of AI-ArtBench (1,000 human, 940 dalle), of which 900 are augmented copies.",
        "Its pictures are a synthetic sample, so its figures are about the software, not about art.",
    ]


def test_every_figure_has_its_interval_and_its_baseline() -> None:
    assert written()["Accuracy on test pictures"] == [
        "Of 1,300 test pictures, 81.2% (77.0% to 85.0%) are classified correctly; always guessing the commonest class "
        "gives 40.0%. Balanced accuracy is 75.0% (70.0% to 80.0%); guessing gives 25.0%.",
        "On the question human or AI, its balanced accuracy is 90.0% (85.0% to 94.0%); guessing gives 50.0%.",
    ]


def test_too_few_test_pictures_are_reported() -> None:
    few = detected(human=7, why="fewer than 10 human pictures")
    sentences = written(metrics=measured(detection=few))["Accuracy on test pictures"]
    assert sentences[-1] == "It was tested on fewer than 10 human pictures: too few to rely on."


def test_false_alarms_are_given_as_a_number_of_artists_in_a_thousand() -> None:
    assert written()["False accusations and misses"] == [
        "Of 1,000 human artists who each show one work, it would falsely accuse about 38 (11 to 70) if it always "
        "answered (threshold 0.43), and about 20 (10 to 40) if it may answer unsure.",
        "It would call 15.0% (10.0% to 21.0%) of AI works human if it always answered, and 6.0% (3.0% to 10.0%) if "
        "it may answer unsure.",
    ]


@pytest.mark.parametrize(
    ("alarms", "words"),
    [
        (about(0, 0, 0.0185), "about 0 (0 to 18)"),
        (about(1, 0.98, 1), "about 1000 (980 to 1000)"),
        (about(0.0126, 0.0094, 0.02), "about 13 (9 to 20)"),
        ({"value": 0.5, "low": None, "high": None}, "about 500"),
    ],
)
def test_numbers_of_artists_are_whole(alarms: dict, words: str) -> None:
    sentence = written(metrics=measured(detection=detected(false_alarms=alarms)))["False accusations and misses"][0]
    assert f"falsely accuse {words} if it always" in sentence


def test_without_human_or_ai_works_false_accusations_and_misses_are_unknown() -> None:
    of_ai = measured(detection=detected(human=0, false_alarms=UNKNOWN, why="fewer than 10 human pictures"))
    sentences = written(metrics=of_ai)
    assert sentences["False accusations and misses"] == [
        "No human work was tested, so the rate of false accusations is unknown.",
        "It would call 15.0% (10.0% to 21.0%) of AI works human if it always answered, and 6.0% (3.0% to 10.0%) if "
        "it may answer unsure.",
    ]
    assert (
        "All test pictures are human or all are AI, so how well it tells the two apart is unknown."
        in sentences["Accuracy on test pictures"]
    )
    human = measured(detection=detected(ai=0, misses=UNKNOWN, why="fewer than 10 AI pictures"))
    assert len(written(metrics=human)["False accusations and misses"]) == 1


def test_the_three_worst_styles_that_have_enough_pictures_are_named() -> None:
    table = styles(
        ("ai", "dalle", "baroque", 1200, 0.7, 0.67, 0.73),
        ("ai", "dalle", None, 12, 0.5, 0.25, 0.75),
        ("human", "human", "cubism", 9, 0.0, 0.0, 0.3),
        ("human", "human", "baroque", 10, 0.6, 0.31, 0.83),
        ("human", "human", "realism", 40, 0.9, 0.8, 0.95),
    )
    assert written(styles=table)["Weakest styles and image changes"][0] == (
        "On the question human or AI, it is least accurate on dalle works without a known style, 50% of 12 correct "
        "(25% to 75%); "
        "human baroque works, 60% of 10 correct (31% to 83%); dalle baroque works, 70% of 1,200 correct (67% to 73%)."
    )


def test_a_collection_without_styles_is_judged_by_source() -> None:
    table = styles(("ai", "diffusiondb", None, 12, 0.5, 0.25, 0.75), ("human", "human", None, 40, 0.9, 0.8, 0.95))
    assert written(styles=table)["Weakest styles and image changes"][0] == (
        "On the question human or AI, it is least accurate on diffusiondb works without a known style, 50% of 12 "
        "correct (25% to 75%); human works without a known style, 90% of 40 correct (80% to 95%)."
    )


def test_styles_with_few_pictures_are_not_judged() -> None:
    sentences = written(styles=styles(("human", "human", "cubism", 9, 0.0, 0.0, 0.3)))[
        "Weakest styles and image changes"
    ][0]
    assert sentences == "No style of any source has 10 test pictures, so no style is judged by itself."
    assert written(styles=styles())["Weakest styles and image changes"][0] == sentences


def test_the_three_most_harmful_corruptions_are_named_once_each() -> None:
    table = robustness(
        {
            ("blur", 5): -0.25,
            ("blur", 4): -0.2,
            ("jpeg", 3): -0.1,
            ("noise", 5): -0.3,
            ("crop", 1): -0.05,
            ("swap", 1): -1,
        }
    )
    assert written(robustness=table)["Weakest styles and image changes"][1] == (
        "On 240 changed test pictures, balanced accuracy falls most under "
        "noise of severity 5, -30 points (-33 to -27); blur of severity 5, -25 points (-28 to -22); "
        "jpeg of severity 3, -10 points (-13 to -7)."
    )


def test_the_card_says_so_if_no_corruption_reduces_the_accuracy() -> None:
    sentences = written(robustness=robustness({("blur", 5): 0.1}))["Weakest styles and image changes"][1]
    assert sentences == "On 240 changed test pictures, balanced accuracy falls under none of the changes."


def test_the_card_says_so_if_too_few_pictures_were_corrupted() -> None:
    unknown = robustness().assign(value=np.nan, change=np.nan, change_low=np.nan, change_high=np.nan)
    sentences = written(robustness=unknown)
    assert (
        sentences["Weakest styles and image changes"][1]
        == "Too few pictures were changed to judge its accuracy on changed ones."
    )
    assert len(sentences["Dataset shortcuts"]) == 1


def test_misses_on_an_unseen_generator_are_compared_with_those_after_training_on_it() -> None:
    row = {
        **{"source": "dalle", "trained_on": ["flux", "imagen"], "pictures": 50, "human": 200, "why": None},
        "seen": detected(misses=about(0.1, 0.05, 0.2)),
        "unseen": detected(misses=about(0.7, 0.6, 0.8)),
        "difference": {"balanced_accuracy": about(-0.295, -0.36, -0.2304), "misses": about(0.6, 0.5, 0.7)},
        "elsewhere": None,
    }
    few = {"source": "imagen", "pictures": 3, "human": 200, "why": "fewer than 10 test pictures of the generator"}
    assert written(arms=NO_ARMS | {"unseen": [row, few]})["Unseen generators and other seeds"] == [
        "Trained on flux, imagen and not on dalle, the network misses 70.0% (60.0% to 80.0%) of the works of dalle; "
        "trained on all, it misses 10.0% (5.0% to 20.0%). This changes balanced accuracy by -29.5 points (-36.0 to "
        "-23.0).",
        "How it does on imagen as an unseen generator is unknown: fewer than 10 test pictures of the generator.",
    ]


def test_a_difference_of_zero_has_no_minus_sign() -> None:
    row = {
        **{"source": "dalle", "trained_on": [], "why": None, "seen": detected(), "unseen": detected()},
        "difference": {"balanced_accuracy": about(-0.0, -0.0001, 0.0001)},
    }
    (sentences,) = written(arms=NO_ARMS | {"unseen": [row]})["Unseen generators and other seeds"]
    assert sentences.endswith("changes balanced accuracy by +0.0 points (+0.0 to +0.0).")


def test_it_warns_if_it_was_not_tested_on_an_unseen_generator() -> None:
    assert written()["Unseen generators and other seeds"] == [
        "It was not tested on an unseen generator: expect lower accuracy there than here."
    ]


def test_other_seeds_and_an_external_collection_are_described() -> None:
    seeds = {"networks": 3, "balanced_accuracy": {"lowest": 0.71, "highest": 0.756}}
    external = {"title": "Somebody's pictures", **detected(human=8, why="fewer than 10 human pictures")}
    assert written(arms=NO_ARMS | {"seeds": [seeds]}, external=external)["Unseen generators and other seeds"][1:] == [
        "On Somebody's pictures, pictures from elsewhere, its balanced accuracy is 90.0% (85.0% to 94.0%); "
        "3.8% (1.1% to 7.0%) of human works are called AI.",
        "There it was tested on fewer than 10 human pictures: too few to rely on.",
        "Trained 3 times from different seeds, its balanced accuracy lies between 71.0% and 75.6%.",
    ]


SHORTCUTS = "Dataset shortcuts"


def test_shortcuts_that_the_audit_reports_are_listed_by_question() -> None:
    audit = [
        cues("AI or human", "file size", 0.883, True),
        cues("AI or human", "format", 0.5, False),
        cues("AI or human", "all features together", 0.951, True),
        cues("dalle or human", "dimensions", 0.999, True),
        cues("imagen or human", "format", None, None, "only 3 AI pictures differ"),
    ]
    assert written(audit=audit)[SHORTCUTS][:3] == [
        "File properties alone separate AI or human with this balanced accuracy: file size 88%, all features together "
        "95%; guessing gives 50%.",
        "File properties alone separate dalle or human with this balanced accuracy: dimensions 100%; guessing gives "
        "50%.",
        "The network may have learned these properties in place of the art.",
    ]


def test_an_audit_without_shortcuts_differs_from_an_audit_that_could_not_be_made() -> None:
    assert written()[SHORTCUTS][0] == ("The audit detected no dataset shortcut.")
    unjudged = [cues("AI or human", group, None, None, "there is no AI picture") for group in ("format", "file size")]
    assert written(audit=unjudged)[SHORTCUTS][0] == (
        "Whether the files' encoding, size or colours separate AI from human is unknown: there is no AI picture."
    )


def test_the_effect_of_swapping_size_and_encoding_is_stated() -> None:
    assert written(robustness=robustness({("swap", 1): -0.124}))[SHORTCUTS][1] == (
        "When human and AI pictures swap size and encoding, its balanced accuracy changes by "
        "-12.4 points (-15.4 to -9.4)."
    )


def test_calibration_is_described_before_and_after_temperature_scaling_and_beside_chance() -> None:
    assert written()["Calibration and abstention"] == [
        "The expected calibration error is 8.0% (5.0% to 11.0%), and 3.0% (0.0% to 5.0%) after division by a "
        "temperature that other pictures chose (1.50 for this network). A perfectly calibrated network would show 2.1% "
        "on so many pictures.",
        "It answers unsure on 30.0% (25.0% to 35.0%) of test pictures; the target is that at most 10% of human works "
        "are called AI, and at most 10% of AI works are called human.",
        "Its error rate is 5.0% (2.0% to 9.0%) when it answers, and 12.0% (10.0% to 15.0%) if forced to answer.",
    ]


def test_the_reason_is_stated_if_one_of_the_answers_is_never_given() -> None:
    few = verdicts(high=None, why="fewer than 9 human validation pictures")
    assert written(metrics=measured(verdict=few))["Calibration and abstention"][-1] == (
        "With fewer than 9 human validation pictures it never answers AI."
    )


def test_without_a_threshold_it_says_that_no_picture_is_called_ai_and_why() -> None:
    few = verdicts(threshold=None, high=None, why="fewer than 9 human validation pictures")
    assert written(metrics=measured(verdict=few))["False accusations and misses"][0] == (
        "It never calls a picture AI: fewer than 9 human validation pictures."
    )


def test_a_cross_validated_network_says_which_network_was_tested_and_which_pictures_it_is_fitted_to() -> None:
    in_folds = split().assign(fold=0)
    nested = written(split=in_folds, metrics=measured(folds=5, validation=None))
    assert nested["Accuracy on test pictures"][0].startswith(
        "Each picture was tested by a network that was fitted and chosen without the picture's fold, one of 5."
    )
    assert nested["Model and training data"][1].startswith("Trained on 1,540 pictures")
    published = written(split=in_folds, metrics=measured(folds=5))
    assert published["Accuracy on test pictures"][0] == (
        "Networks that were fitted without one of 5 folds of the training pictures chose the limits of the verdict."
    )


def test_it_always_names_uses_that_are_out_of_scope() -> None:
    sentences = written()["Out-of-scope uses"]
    assert "not proof of authorship" in sentences[0]
    assert "Do not use it to accuse" in sentences[1]


@pytest.mark.parametrize("unknown", [None, np.nan])
def test_unknown_values_are_written_in_words(unknown: float | None) -> None:
    nothing = about(unknown, unknown, unknown)
    no_detection = detected(
        **dict.fromkeys(("balanced_accuracy", "misses", "false_alarms"), nothing),
        **{"human": 0, "ai": 0, "why": "fewer than 10 human and AI pictures"},
    )
    uncalibrated = {"ece": nothing | {"chance": {"mean": unknown}}}
    metrics = measured(
        test={"pictures": 0, "accuracy": nothing, "balanced_accuracy": nothing, "majority": unknown},
        detection=no_detection,
        calibration={"temperature": 1.0, "before": uncalibrated, "after": uncalibrated},
        verdict=verdicts(
            **{"low": None, "high": None, "why": "fewer than 9 human and AI validation pictures"},
            test={"unsure": nothing, "wrong": nothing, "always": {"wrong": nothing}},
        ),
    )
    row = {"source": "dalle", "trained_on": [], "why": None, "seen": no_detection, "unseen": no_detection}
    arms = {
        "seeds": [{"networks": 2, "balanced_accuracy": {"lowest": unknown, "highest": unknown}}],
        "unseen": [row | {"difference": {"balanced_accuracy": nothing}}],
    }
    half_known = robustness({("blur", 5): -0.2, ("swap", 1): -0.1}).assign(change_low=np.nan, change_high=np.nan)
    sections = written(
        metrics=metrics,
        arms=arms,
        robustness=half_known,
        styles=styles(("ai", "dalle", None, 12, 0.5, 0.25, 0.75)),
        external={"title": "Elsewhere", **no_detection},
    )
    words = " ".join(sentence for sentences in sections.values() for sentence in sentences)
    assert "nan" not in words
    assert "None" not in words
    assert "an unknown share" in words
    assert "blur of severity 5, -20 points." in words


def test_in_markdown_each_sentence_is_a_list_item_below_its_heading() -> None:
    sections = [Section("Data", ["One.", "Two."]), Section("What not", ["Three."])]
    assert as_markdown("conv3-origin", sections) == (
        "# Model card: conv3-origin\n\n## Data\n\n- One.\n- Two.\n\n## What not\n\n- Three.\n"
    )


def test_the_card_has_the_headings_that_the_browser_page_looks_for() -> None:
    script = (REPOSITORY / "demo/cards.js").read_text()
    headings = re.findall(r'^const (?:FORBIDDEN|WRONG) = "(.+)";$', script, re.MULTILINE)
    assert len(headings) == 2
    assert set(headings) <= set(written())
