import pandas as pd
import pytest

from brushprint.evaluation.comparison import HEADLINES, compare_variants, headlines
from brushprint.stats import bootstrap


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        yield


def table(ids: str, origins: str, called: str, outcomes: str) -> pd.DataFrame:
    """Test pictures, one per letter: origin and answer (`a`i or `h`uman), and whether the class is `c`orrect."""
    rows = {"image_id": list(ids), "group": [ord(letter) for letter in ids]}
    rows |= {"origin": ["ai" if letter == "a" else "human" for letter in origins]}
    rows |= {"called_ai": [letter == "a" for letter in called]}
    rows |= {"outcome": ["correct" if letter == "c" else "misclassified" for letter in outcomes]}
    return pd.DataFrame(rows)


PREDICTIONS = {
    "one": table("pqrs", "aahh", "aahh", "cccc"),
    "two": table("srqp", "hhaa", "aaaa", "xxcc"),
    "three": table("pqrx", "aaha", "hhhh", "ccxx"),
    "four": table("pqrs", "aahh", "aaha", "xccx"),
}
TASKS = {"one": "origin", "two": "source", "three": "source", "four": "folder"}


def test_all_variants_are_compared_on_human_or_ai_and_variants_of_one_task_on_its_classes() -> None:
    rows = compare_variants(PREDICTIONS, TASKS, seed=0)
    questions = [(row["question"], row["first"], row["second"]) for row in rows]
    assert questions == [
        ("human or AI", "one", "two"),
        ("human or AI", "one", "three"),
        ("human or AI", "one", "four"),
        ("human or AI", "two", "three"),
        ("human or AI", "two", "four"),
        ("human or AI", "three", "four"),
        ("source", "two", "three"),
    ]
    by_pair = {(row["question"], row["first"], row["second"]): row for row in rows}
    origin = by_pair["human or AI", "one", "two"]
    assert (origin["pictures"], origin["first_alone"], origin["second_alone"]) == (4, 2, 0)
    # Both variants test p, q and r. Only `two` is right on p and q, and only `three` is right on r.
    shared = by_pair["human or AI", "two", "three"]
    assert (shared["pictures"], shared["first_alone"], shared["second_alone"]) == (3, 2, 1)
    classes = by_pair["source", "two", "three"]
    assert (classes["pictures"], classes["first_alone"], classes["second_alone"]) == (3, 0, 0)


def test_headlines_are_measures_on_test_pictures() -> None:
    measured = {name: number for number, name in enumerate((*HEADLINES, "top"))}
    found = headlines({"v": {"test": measured, "validation": {}}})
    assert found == {"v": {name: measured[name] for name in HEADLINES}}
