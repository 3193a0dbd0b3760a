"""Too few pictures are said in words, with the numbers that are needed."""

import pandas as pd
import pytest
from scipy.stats import norm

from brushprint.evaluation.sufficiency import FEWEST_TESTED, counted, independent, lacking


def split(human: tuple[int, int, int], ai: tuple[int, int, int]) -> pd.DataFrame:
    """A split with so many pictures in training, validation and test."""
    rows = [
        (partition, origin)
        for origin, numbers in (("human", human), ("ai", ai))
        for partition, number in zip(("train", "validation", "test"), numbers, strict=True)
        for _ in range(number)
    ]
    return pd.DataFrame(rows, columns=["partition", "origin"]).assign(group=range(len(rows)), fold=-1)


def test_near_duplicates_and_copies_count_once() -> None:
    table = pd.concat([split((3, 1, 2), (2, 1, 1))] * 2)
    counts = independent(table, cross_validated=True)
    assert counts == {
        "train": {"human": 3, "ai": 2},
        "validation": {"human": 1, "ai": 1},
        "test": {"human": 2, "ai": 1},
        "all": {"human": 6, "ai": 4},
    }
    assert counted(counts) == (
        "independent pictures: 3 human and 2 AI train, 1 human and 1 AI validation, 2 human and 1 AI test"
    )


def test_folds_take_the_place_of_partitions() -> None:
    table = split((4, 1, 2), (3, 1, 2))
    inside = table.assign(fold=[0, 0, 1, 1, 1, 2, 2, 0, 1, 1, 2, 2, 2])
    assert independent(inside, cross_validated=False) == independent(table, cross_validated=False)
    fewest, whole = {"human": 4, "ai": 3}, {"human": 7, "ai": 6}
    assert independent(inside, cross_validated=True) == {
        **{"train": fewest, "validation": fewest, "test": whole, "all": whole}
    }
    # Published test pictures are in no fold.
    published = inside.assign(fold=inside["fold"].mask(inside["partition"] == "test", -1))
    others, tested = {"human": 5, "ai": 4}, {"human": 2, "ai": 2}
    assert independent(published, cross_validated=True) == {
        **{"train": others, "validation": others, "test": tested, "all": whole}
    }


def test_enough_pictures_lack_nothing() -> None:
    enough = (1, 9, FEWEST_TESTED)
    assert said(enough, enough) == {}
    assert list(said(enough, enough, rate=0.05)) == ["validation"]


def said(human: tuple[int, int, int], ai: tuple[int, int, int], rate: float = 0.1) -> dict[str, str]:
    return lacking(independent(split(human, ai), cross_validated=False), rate)


@pytest.mark.parametrize(
    ("human", "ai", "sentences"),
    [
        (
            (84, 9, 40),
            (58, 9, 26),
            [
                "40 human and 26 AI test pictures are too few for a balanced accuracy to within ten percentage points: "
                "49 of each are needed, which takes about 163 human and 176 AI pictures in all"
            ],
        ),
        (
            (60, 4, 60),
            (60, 9, 60),
            [
                "4 human and 9 AI validation pictures are too few for any verdict other than unsure: 9 of each are "
                "needed, which takes about 279 human pictures in all"
            ],
        ),
    ],
)
def test_what_lacks_pictures_says_how_many_are_needed(human: tuple, ai: tuple, sentences: list[str]) -> None:
    assert list(said(human, ai).values()) == sentences


def test_an_origin_without_pictures_is_said() -> None:
    found = said((8, 1, 0), (0, 0, 0))
    assert found["validation"].startswith("1 human and 0 AI validation pictures")
    assert found["test"].startswith("0 human and 0 AI test pictures")
    assert found["test"].endswith("about 441 human and 49 AI pictures in all")


def test_the_limits_follow_from_the_statistics() -> None:
    half_width = norm.ppf(0.975) * (0.25 / FEWEST_TESTED + 0.25 / FEWEST_TESTED) ** 0.5 / 2
    assert half_width <= 0.1 < half_width * (FEWEST_TESTED / (FEWEST_TESTED - 1)) ** 0.5
