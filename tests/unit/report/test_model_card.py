"""The model card: every sentence follows from measurements that are made by hand here."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brushprint.data.corruptions import CONDITIONS
from brushprint.report.model_card import Section, as_markdown, card

UNKNOWN = {"value": None, "low": None, "high": None}


def about(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def detected(**given: Any) -> dict[str, Any]:
    usual = {
        **{"pictures": 300, "human": 200, "ai": 100, "why": None, "threshold": 0.43},
        "balanced_accuracy": about(0.9, 0.85, 0.94),
        "false_alarms": about(0.0384, 0.0112, 0.0702),
        "misses": about(0.15, 0.1, 0.21),
    }
    return usual | given


def verdicts(**given: Any) -> dict[str, Any]:
    always = {"wrong": about(0.12, 0.1, 0.15)}
    test = {"unsure": about(0.3, 0.25, 0.35), "wrong": about(0.05, 0.02, 0.09), "always": always}
    test |= {"human_called_ai": about(0.02, 0.01, 0.04), "ai_called_human": about(0.06, 0.03, 0.1)}
    return {"level": 0.1, "low": 0.3, "high": 0.6, "why": None, "test": test} | given


def measured(**given: Any) -> dict[str, Any]:
    usual = {
        "classes": ["human", "dalle", "diffusion", "imagen"],
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
    return usual | given


STYLES = ["origin", "source", "style", "pictures", "right", "right_low", "right_high"]


def styles(*rows: tuple) -> pd.DataFrame:
    """As a job reads them: from text."""
    table = pd.DataFrame(rows, columns=STYLES)
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


def robustness(change: dict[tuple[str, int], float] | None = None) -> pd.DataFrame:
    """Balanced accuracy under every condition, which changes by so much."""
    rows = []
    for name, severity in CONDITIONS:
        by = (change or {}).get((name, severity), 0.0)
        rows.append((name, severity, "balanced_accuracy", 0.9 + by, by, by - 0.03, by + 0.03, 240))
        rows.append((name, severity, "accuracy", 0.1, -0.8, -0.9, -0.7, 240))
    columns = ["name", "severity", "measure", "value", "change", "change_low", "change_high", "pictures"]
    return pd.DataFrame(rows, columns=columns)


def cues(question: str, group: str, balanced: float | None, found: bool | None, why: str | None = None) -> dict:
    return {"question": question, "cues": group, "balanced_accuracy": {"value": balanced}, "found": found, "why": why}


def split(copies: int = 0) -> pd.DataFrame:
    rows = [("train", "human", 0)] * 1000 + [("train", "dalle", 0)] * 40 + [("test", "human", 0)] * 500
    rows += [("train", "dalle", 1)] * copies
    return pd.DataFrame(rows, columns=["partition", "source", "copy"])


RECIPE = {"architecture": "conv3", "image_size": 128}
NO_ARMS = {"seeds": [], "unseen": []}


def written(**given: Any) -> dict[str, list[str]]:
    """The sentences by heading."""
    usual = {
        **{"title": "AI-ArtBench", "task": "origin_style", "recipe": RECIPE, "synthetic": False, "split": split()},
        **{"metrics": measured(), "styles": styles(("human", "human", "baroque", 40, 0.9, 0.8, 0.95))},
        **{"robustness": robustness(), "audit": [cues("ai or human", "format", 0.5, False)]},
        **{"arms": NO_ARMS, "external": None},
    }
    return {section.heading: section.sentences for section in card(**usual | given)}


def test_it_says_what_the_network_is_and_what_it_learned_from() -> None:
    assert written()["What it is"] == [
        "A conv3 network on pictures of 128 pixels a side, for the task origin and style.",
        "Trained on 1,040 pictures of AI-ArtBench (1,000 human, 40 dalle).",
    ]


def test_it_tells_copies_and_a_synthetic_sample() -> None:
    said = written(split=split(copies=900), synthetic=True)["What it is"]
    assert said[1:] == [
        "Trained on 1,940 pictures of AI-ArtBench (1,000 human, 940 dalle), of which 900 are augmented copies.",
        "Its pictures are a synthetic sample, so its figures are about the software, not about art.",
    ]


def test_every_figure_has_its_interval_and_its_baseline() -> None:
    assert written()["What it can do"] == [
        "Of 1,300 test pictures it names 81.2% (77.0% to 85.0%) rightly, where always the most frequent class would "
        "reach 40.0%; its balanced accuracy is 75.0% (70.0% to 80.0%), where guessing reaches 25.0%.",
        "Asked for human or AI, its balanced accuracy is 90.0% (85.0% to 94.0%), where guessing reaches 50.0%.",
    ]


def test_few_pictures_are_said_to_be_few() -> None:
    few = detected(human=7, why="fewer than 10 human pictures")
    said = written(metrics=measured(detection=few))["What it can do"]
    assert said[-1] == "It was tested on fewer than 10 human pictures, which says little."


def test_false_alarms_are_told_as_artists_of_a_thousand() -> None:
    assert written()["Whom it wrongs"] == [
        "Of a thousand human artists who each show one work, it would wrongly accuse about 38 (11 to 70) of using AI "
        "if it always answered, by its threshold of 0.43, and about 20 (10 to 40) where it may answer unsure.",
        "It would call 15.0% (10.0% to 21.0%) of AI works human if it always answered, and 6.0% (3.0% to 10.0%) where "
        "it may answer unsure.",
    ]


@pytest.mark.parametrize(
    ("alarms", "words"),
    [
        (about(0, 0, 0.0185), "about 0 (0 to 18) of"),
        (about(1, 0.98, 1), "about 1000 (980 to 1000) of"),
        (about(0.0126, 0.0094, 0.02), "about 13 (9 to 20) of"),
        ({"value": 0.5, "low": None, "high": None}, "about 500 of"),
    ],
)
def test_artists_are_whole(alarms: dict, words: str) -> None:
    said = written(metrics=measured(detection=detected(false_alarms=alarms)))["Whom it wrongs"][0]
    assert f"wrongly accuse {words} using AI" in said


def test_without_human_or_ai_works_nobody_knows_whom_it_wrongs() -> None:
    of_ai = measured(detection=detected(human=0, false_alarms=UNKNOWN, why="fewer than 10 human pictures"))
    said = written(metrics=of_ai)
    assert said["Whom it wrongs"] == [
        "No human work was tested, so nobody knows how many it would call AI.",
        "It would call 15.0% (10.0% to 21.0%) of AI works human if it always answered, and 6.0% (3.0% to 10.0%) where "
        "it may answer unsure.",
    ]
    assert (
        "Its test pictures are all human or all AI, so nobody knows how well it tells these apart."
        in said["What it can do"]
    )
    human = measured(detection=detected(ai=0, misses=UNKNOWN, why="fewer than 10 AI pictures"))
    assert len(written(metrics=human)["Whom it wrongs"]) == 1


def test_the_three_worst_styles_that_have_enough_pictures_are_named() -> None:
    table = styles(
        ("ai", "dalle", "baroque", 1200, 0.7, 0.67, 0.73),
        ("ai", "dalle", None, 12, 0.5, 0.25, 0.75),
        ("human", "human", "cubism", 9, 0.0, 0.0, 0.3),
        ("human", "human", "baroque", 10, 0.6, 0.31, 0.83),
        ("human", "human", "realism", 40, 0.9, 0.8, 0.95),
    )
    assert written(styles=table)["Where it fails"][0] == (
        "It does worst on works without a known style of dalle: 50% of 12 right (25% to 75%); "
        "baroque of human: 60% of 10 right (31% to 83%); baroque of dalle: 70% of 1,200 right (67% to 73%)."
    )


def test_of_styles_with_few_pictures_nothing_is_said() -> None:
    said = written(styles=styles(("human", "human", "cubism", 9, 0.0, 0.0, 0.3)))["Where it fails"][0]
    assert said == "No style of any source has 10 test pictures, so nothing is said of single styles."
    assert written(styles=styles())["Where it fails"][0] == said


def test_the_three_changes_that_cost_most_are_named_once_each() -> None:
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
    assert written(robustness=table)["Where it fails"][1] == (
        "Of 240 changed test pictures, balanced accuracy falls most by "
        "noise of severity 5: -30 points (-33 to -27); blur of severity 5: -25 points (-28 to -22); "
        "jpeg of severity 3: -10 points (-13 to -7)."
    )


def test_where_no_change_costs_anything_that_is_said() -> None:
    said = written(robustness=robustness({("blur", 5): 0.1}))["Where it fails"][1]
    assert said == "Of 240 changed test pictures, balanced accuracy falls by no change that was tried."


def test_changes_that_could_not_be_judged_are_not_known() -> None:
    unknown = robustness().assign(value=np.nan, change=np.nan, change_low=np.nan, change_high=np.nan)
    said = written(robustness=unknown)
    assert said["Where it fails"][1] == "Too few pictures were changed to say what it does on changed ones."
    assert len(said["What it may have learned in place of art"]) == 1


def test_an_unseen_generator_stands_beside_a_seen_one() -> None:
    row = {
        **{"source": "dalle", "pictures": 50, "human": 200, "why": None},
        "seen": detected(misses=about(0.1, 0.05, 0.2)),
        "unseen": detected(misses=about(0.7, 0.6, 0.8)),
        "difference": {"balanced_accuracy": about(-0.295, -0.36, -0.2304), "misses": about(0.6, 0.5, 0.7)},
        "elsewhere": None,
    }
    few = {"source": "imagen", "pictures": 3, "human": 200, "why": "fewer than 10 test pictures of the generator"}
    assert written(arms=NO_ARMS | {"unseen": [row, few]})["On what it never saw"] == [
        "Trained without dalle, it misses 70.0% (60.0% to 80.0%) of its works, beside 10.0% (5.0% to 20.0%) when it "
        "had learned from some: balanced accuracy -29.5 points (-36.0 to -23.0).",
        "Nothing is known of imagen as an unseen generator: fewer than 10 test pictures of the generator.",
    ]


def test_of_no_difference_there_is_no_sign_of_one() -> None:
    row = {
        **{"source": "dalle", "why": None, "seen": detected(), "unseen": detected()},
        "difference": {"balanced_accuracy": about(-0.0, -0.0001, 0.0001)},
    }
    (said,) = written(arms=NO_ARMS | {"unseen": [row]})["On what it never saw"]
    assert said.endswith("balanced accuracy +0.0 points (+0.0 to +0.0).")


def test_without_arms_it_warns_of_unseen_generators() -> None:
    assert written()["On what it never saw"] == [
        "It was not tried on a generator that it never saw: expect it to do worse there than here."
    ]


def test_other_seeds_and_pictures_from_elsewhere_are_told() -> None:
    seeds = {"networks": 3, "balanced_accuracy": {"lowest": 0.71, "highest": 0.756}}
    external = {"title": "Somebody's pictures", **detected(human=8, why="fewer than 10 human pictures")}
    assert written(arms=NO_ARMS | {"seeds": [seeds]}, external=external)["On what it never saw"][1:] == [
        "On Somebody's pictures, which is from elsewhere, its balanced accuracy is 90.0% (85.0% to 94.0%); "
        "3.8% (1.1% to 7.0%) of human works are called AI.",
        "There it was tested on fewer than 10 human pictures, which says little.",
        "Trained 3 times from different seeds, its balanced accuracy lies between 71.0% and 75.6%.",
    ]


SHORTCUTS = "What it may have learned in place of art"


def test_cues_that_tell_are_named_by_question() -> None:
    audit = [
        cues("ai or human", "file size", 0.883, True),
        cues("ai or human", "format", 0.5, False),
        cues("ai or human", "all cues together", 0.951, True),
        cues("dalle or human", "dimensions", 0.999, True),
        cues("imagen or human", "format", None, None, "only 3 AI pictures differ"),
    ]
    assert written(audit=audit)[SHORTCUTS][0] == (
        "Without looking at the art, one can tell ai or human by file size (88%), all cues together (95%); "
        "dalle or human by dimensions (100%): it may have learned that."
    )


def test_an_audit_that_found_nothing_is_not_one_that_could_not_look() -> None:
    assert written()[SHORTCUTS][0] == (
        "How the pictures were made and saved does not tell AI from human, as far as the audit sees."
    )
    unjudged = [cues("ai or human", group, None, None, "there is no AI picture") for group in ("format", "file size")]
    assert written(audit=unjudged)[SHORTCUTS][0] == (
        "Nobody knows whether how the pictures were made and saved tells AI from human: there is no AI picture."
    )


def test_what_swapping_size_and_encoding_does_is_told() -> None:
    assert written(robustness=robustness({("swap", 1): -0.124}))[SHORTCUTS][1] == (
        "When human and AI pictures swap size and encoding, its balanced accuracy changes by "
        "-12.4 points (-15.4 to -9.4)."
    )


def test_confidence_is_told_before_and_after_the_temperature_and_beside_chance() -> None:
    assert written()["How sure its scores are"] == [
        "Its confidence is off by 8.0% (5.0% to 11.0%) on average (expected calibration error); divided by the "
        "temperature 1.50, which validation pictures chose, by 3.0% (0.0% to 5.0%). A perfectly calibrated network of "
        "so many pictures would seem off by 2.1%.",
        "It answers unsure on 30.0% (25.0% to 35.0%) of test pictures, with the aim that at most 10% of the works of "
        "either origin are called the other; of the others it gets 5.0% (2.0% to 9.0%) wrong, where it would get 12.0% "
        "(10.0% to 15.0%) wrong of all if it always answered.",
    ]


def test_what_it_never_answers_is_said_and_why() -> None:
    few = verdicts(high=None, why="fewer than 9 human works that validate")
    assert written(metrics=measured(verdict=few))["How sure its scores are"][-1] == (
        "With fewer than 9 human works that validate it never answers AI."
    )


def test_it_always_says_what_it_must_not_be_used_for() -> None:
    said = written()["What it must not be used for"]
    assert "not proof of authorship" in said[0]
    assert "No person should be accused" in said[1]


@pytest.mark.parametrize("unknown", [None, np.nan])
def test_what_is_unknown_is_said_in_words(unknown: float | None) -> None:
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
            **{"low": None, "high": None, "why": "fewer than 9 human and AI works that validate"},
            test={"unsure": nothing, "wrong": nothing, "always": {"wrong": nothing}},
        ),
    )
    row = {"source": "dalle", "why": None, "seen": no_detection, "unseen": no_detection}
    arms = {
        "seeds": [{"networks": 2, "balanced_accuracy": {"lowest": unknown, "highest": unknown}}],
        "unseen": [row | {"difference": {"balanced_accuracy": nothing}}],
    }
    half_known = robustness({("blur", 5): -0.2, ("swap", 1): -0.1}).assign(change_low=np.nan, change_high=np.nan)
    told = written(
        metrics=metrics,
        arms=arms,
        robustness=half_known,
        styles=styles(("ai", "dalle", None, 12, 0.5, 0.25, 0.75)),
        external={"title": "Elsewhere", **no_detection},
    )
    words = " ".join(sentence for sentences in told.values() for sentence in sentences)
    assert "nan" not in words
    assert "None" not in words
    assert "an unknown share" in words
    assert "blur of severity 5: -20 points." in words


def test_as_markdown_each_sentence_is_a_point_below_its_heading() -> None:
    sections = [Section("What it is", ["One.", "Two."]), Section("What not", ["Three."])]
    assert as_markdown("conv3-origin", sections) == (
        "# Model card: conv3-origin\n\n## What it is\n\n- One.\n- Two.\n\n## What not\n\n- Three.\n"
    )
