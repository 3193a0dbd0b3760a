"""Too few pictures are said in words, with the numbers that are needed."""

import pandas as pd
import pytest
from scipy.stats import norm

from brushprint.evaluation.abstention import ONE_IN
from brushprint.evaluation.sufficiency import FEWEST_TESTED, FEWEST_VALIDATED, counted, independent, lacking


def split(human: tuple[int, int, int], ai: tuple[int, int, int]) -> pd.DataFrame:
    """A split with so many pictures in training, validation and test."""
    rows = [
        (partition, origin)
        for origin, numbers in (("human", human), ("ai", ai))
        for partition, number in zip(("train", "validation", "test"), numbers, strict=True)
        for _ in range(number)
    ]
    return pd.DataFrame(rows, columns=["partition", "origin"]).assign(group=range(len(rows)))


def test_near_duplicates_and_copies_count_once() -> None:
    table = pd.concat([split((3, 1, 2), (2, 1, 1))] * 2)
    assert independent(table) == {
        "train": {"human": 3, "ai": 2},
        "validation": {"human": 1, "ai": 1},
        "test": {"human": 2, "ai": 1},
    }
    assert counted(independent(table)) == (
        "independent pictures: 3 human and 2 AI train, 1 human and 1 AI validation, 2 human and 1 AI test"
    )


def test_enough_pictures_lack_nothing() -> None:
    enough = (1, FEWEST_VALIDATED, FEWEST_TESTED)
    assert lacking(independent(split(enough, enough))) == {}


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
    assert list(lacking(independent(split(human, ai))).values()) == sentences


def test_an_origin_without_pictures_is_said() -> None:
    said = lacking(independent(split((8, 1, 0), (0, 0, 0))))
    assert said["validation"].startswith("1 human and 0 AI validation pictures")
    assert said["test"].startswith("0 human and 0 AI test pictures")
    assert said["test"].endswith("about 441 human and 49 AI pictures in all")


def test_the_limits_follow_from_the_statistics() -> None:
    half_width = norm.ppf(0.975) * (0.25 / FEWEST_TESTED + 0.25 / FEWEST_TESTED) ** 0.5 / 2
    assert half_width <= 0.1 < half_width * (FEWEST_TESTED / (FEWEST_TESTED - 1)) ** 0.5
    assert FEWEST_VALIDATED == ONE_IN - 1
