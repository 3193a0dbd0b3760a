"""Retrained networks: the effect of leaving out a generator, and the effect of chance alone."""

import json

import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation import detection
from brushprint.evaluation.arms import Answers, Arm, answers, evaluate_arms, over_seeds, unseen
from brushprint.stats import bootstrap

COUNTS = {"human": 200, "dalle": 50, "diffusion": 80}


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 200)
        yield


def pictures(**counts: int) -> pd.DataFrame:
    source = np.repeat(list(counts), list(counts.values()))
    origin = np.where(source == "human", "human", "ai")
    return pd.DataFrame({"origin": origin, "source": source, "group": np.arange(len(source))})


def called(table: pd.DataFrame, **share: float) -> Answers:
    """The answers of a network that calls the given share of each source AI, starting with its first works."""
    place = table.groupby("source").cumcount() / table.groupby("source")["origin"].transform("size")
    is_called = (place < table["source"].map(share)).to_numpy()
    return Answers(np.where(is_called, 0.8, 0.2), is_called)


SEEN = {"human": 0.05, "dalle": 0.9, "diffusion": 0.9}
LEFT_OUT = {"human": 0.04, "dalle": 0.3, "diffusion": 0.95}


def planted(source: str = "dalle", **counts: int) -> dict:
    table = pictures(**COUNTS | counts)
    return unseen(called(table, **SEEN), called(table, **LEFT_OUT), table, source, [source], rate=0.05, seed=0)


def test_a_planted_effect_of_an_unseen_generator_is_measured() -> None:
    found = planted()
    assert (found["source"], found["pictures"], found["human"], found["why"]) == ("dalle", 50, 200, None)
    assert found["seen"]["misses"]["value"] == pytest.approx(0.1)
    assert found["unseen"]["misses"]["value"] == pytest.approx(0.7)
    assert found["seen"]["balanced_accuracy"]["value"] == pytest.approx((0.95 + 0.9) / 2)
    assert found["unseen"]["balanced_accuracy"]["value"] == pytest.approx((0.96 + 0.3) / 2)
    assert found["difference"]["misses"]["value"] == pytest.approx(0.6)
    assert found["difference"]["balanced_accuracy"]["value"] == pytest.approx(0.63 - 0.925)
    for name, sign in (("misses", 1), ("balanced_accuracy", -1)):
        ends = found["difference"][name]
        assert ends["low"] < ends["value"] < ends["high"]
        assert sign * ends["low"] > 0 and sign * ends["high"] > 0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_recall_is_compared_at_equal_rates_of_false_alarms() -> None:
    table = pictures(human=200, dalle=50)
    is_ai = (table["origin"] == "ai").to_numpy()
    place = table.groupby("source").cumcount().to_numpy()
    # The scores of human works are evenly spread; those of the second network are all lower, which makes no difference.
    seen = np.where(is_ai, np.where(place < 40, 0.99, 0.5), place / 210)
    left_out = np.where(is_ai, np.where(place < 10, 0.99, 0.5), place / 210) / 2
    given = [Answers(score, score > 0.7) for score in (seen, left_out)]
    strict, usual = sorted(
        unseen(*given, table, "dalle", ["dalle"], rate=0.05, seed=0)["recall"], key=lambda row: row["rate"]
    )
    assert (strict["rate"], usual["rate"]) == (0.01, 0.05)
    for row in (strict, usual):
        assert (row["seen"]["value"], row["unseen"]["value"]) == pytest.approx((0.8, 0.2))
        assert row["difference"]["value"] == pytest.approx(-0.6)
        assert row["difference"]["low"] < -0.6 < row["difference"]["high"] < 0
    # If one work in two may be a false alarm, all are detected.
    [lenient] = [
        row for row in unseen(*given, table, "dalle", ["dalle"], rate=0.5, seed=0)["recall"] if row["rate"] == 0.5
    ]
    assert lenient["seen"]["value"] == lenient["unseen"]["value"] == 1
    few = table[is_ai | (place < 99)]
    kept = [Answers(answers.score[few.index], answers.called_ai[few.index]) for answers in given]
    assert [row["rate"] for row in unseen(*kept, few, "dalle", ["dalle"], rate=0.05, seed=0)["recall"]] == [0.05]


def test_only_human_works_and_works_of_the_generator_are_evaluated() -> None:
    table = pictures(**COUNTS)
    given = [called(table, **share) for share in (SEEN, LEFT_OUT)]
    found = unseen(*given, table, "dalle", ["dalle"], rate=0.05, seed=3)
    is_ai, group = (table["origin"] == "ai").to_numpy(), table["group"].to_numpy()

    def judged(network: Answers, without: str) -> dict:
        rows = (table["source"] != without).to_numpy()
        return detection.evaluate(
            is_ai[rows], network.score[rows], called_ai=network.called_ai[rows], groups=group[rows], seed=3
        )

    assert found["seen"] == judged(given[0], without="diffusion")
    assert found["unseen"] == judged(given[1], without="diffusion")
    assert found["elsewhere"] == judged(given[1], without="dalle")


def test_elsewhere_evaluates_the_arm_on_the_generators_that_it_was_trained_on() -> None:
    found = planted()["elsewhere"]
    assert (found["human"], found["ai"]) == (200, 80)
    assert found["misses"]["value"] == pytest.approx(0.05)


def test_a_network_that_was_trained_on_earlier_generators_is_judged_elsewhere_on_these_alone() -> None:
    table = pictures(**COUNTS, newest=30)
    given = called(table, **SEEN, newest=1), called(table, **LEFT_OUT, newest=0)
    found = unseen(*given, table, "dalle", ["dalle", "newest"], rate=0.05, seed=0)
    assert (found["source"], found["trained_on"]) == ("dalle", ["diffusion"])
    assert (found["elsewhere"]["ai"], found["unseen"]["ai"]) == (80, 50)


@pytest.mark.parametrize("others", [0, 9])
def test_elsewhere_is_none_without_enough_works_of_another_generator(others: int) -> None:
    found = planted(diffusion=others)
    assert found["elsewhere"] is None
    assert found["why"] is None


@pytest.mark.parametrize("counts", [{"dalle": 9}, {"human": 9}, {"dalle": 0}])
def test_with_too_few_pictures_only_the_counts_and_the_reason_are_reported(counts: dict[str, int]) -> None:
    found = planted(**counts)
    expected = COUNTS | counts
    assert found.pop("why") == "fewer than 10 test pictures of the generator or of human works"
    assert found == {
        "source": "dalle",
        "trained_on": ["diffusion"],
        "pictures": expected["dalle"],
        "human": expected["human"],
    }


def test_each_network_is_evaluated_at_its_own_threshold() -> None:
    table = pictures(**COUNTS)
    seen, left_out = called(table, **SEEN), called(table, **LEFT_OUT)
    lenient = Answers(left_out.score, left_out.score > 0.1)
    found = unseen(seen, lenient, table, "dalle", ["dalle"], rate=0.05, seed=0)
    assert found["unseen"]["misses"]["value"] == 0
    assert found["difference"]["misses"]["value"] == pytest.approx(-0.1)
    assert found["difference"]["balanced_accuracy"]["value"] == pytest.approx(0.5 - 0.925)


def test_a_paired_difference_has_a_narrower_interval_than_one_of_independent_samples() -> None:
    table = pictures(human=300, dalle=300)
    score = called(table, human=0.5, dalle=0.5).score
    # Both networks are wrong on the same half; the arm is wrong on three more works.
    worse = score.copy()
    worse[np.flatnonzero((table["source"] == "dalle") & (score > 0.5))[:3]] = 0.2
    given = Answers(score, score > 0.5), Answers(worse, worse > 0.5)
    found = unseen(*given, table, "dalle", ["dalle"], rate=0.05, seed=0)["difference"]["misses"]
    assert found["value"] == pytest.approx(0.01)
    assert 0 <= found["low"] < found["high"] < 0.03


def test_near_duplicates_are_resampled_together_and_widen_the_interval() -> None:
    table = pictures(human=200, dalle=200)
    given = called(table, human=0, dalle=1), called(table, human=0, dalle=0.5)
    alone, together = (
        unseen(*given, table.assign(group=table.index // size), "dalle", ["dalle"], rate=0.05, seed=0)["difference"][
            "misses"
        ]
        for size in (1, 10)
    )
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_identical_answers_on_few_works_still_give_an_interval_around_zero() -> None:
    table = pictures(human=100, dalle=50)
    same = called(table, human=0.1, dalle=0.8)
    found = unseen(same, same, table, "dalle", ["dalle"], rate=0.05, seed=0)["difference"]
    # 1.96² / (50 + 1.96²); for the balanced accuracy, the mean of this and 1.96² / (100 + 1.96²)
    assert found["misses"] == pytest.approx({"value": 0, "low": -0.07135, "high": 0.07135}, abs=1e-5)
    assert found["balanced_accuracy"] == pytest.approx({"value": 0, "low": -0.05417, "high": 0.05417}, abs=1e-5)
    assert str(found["misses"]["value"]) == "0.0"


@pytest.mark.filterwarnings("error")
def test_resamples_without_a_work_of_the_generator_are_left_out() -> None:
    table = pictures(human=40, dalle=12)
    table.loc[table["source"] == "dalle", "group"] = 99
    given = called(table, human=0, dalle=1), called(table, human=0, dalle=0.5)
    found = unseen(*given, table, "dalle", ["dalle"], rate=0.05, seed=0)["difference"]["misses"]
    # All resamples with the generator give the same value, but a single group is little evidence.
    assert found == pytest.approx({"value": 0.5, "low": 0.5 - 0.79345, "high": 1}, abs=1e-5)


def answered(table: pd.DataFrame, score: np.ndarray, threshold: float = 0.5) -> pd.DataFrame:
    """The predictions table of a network for human or AI, with these probabilities of AI."""
    table = table.assign(image_id=[f"id{number}" for number in table.index], ai_probability=score)
    table = table.assign(
        called_ai=score > threshold, label=table["origin"], predicted=np.where(score > 0.5, "ai", "human")
    )
    return table.assign(p_ai=score, p_human=1 - score)


def test_answers_are_in_the_order_of_the_ids() -> None:
    predictions = answered(pictures(human=1, dalle=2), np.array([0.1, 0.6, 0.9]))
    asked = answers(predictions, pd.Series(["id2", "id0"]))
    assert (asked.score.tolist(), asked.called_ai.tolist()) == ([0.9, 0.1], [True, False])


def test_arms_are_evaluated_together_with_their_parent_variant() -> None:
    table = pictures(**COUNTS)
    generator = np.random.default_rng(0)
    is_ai = (table["origin"] == "ai").to_numpy()
    names = ["first", "second", "first again", "first without dalle", "second without diffusion"]
    predictions = {
        name: answered(table, generator.beta(2 + 2 * is_ai, 4 - 2 * is_ai), 0.4 + 0.02 * number)
        for number, name in enumerate(names)
    }
    predictions["first without dalle"] = predictions["first without dalle"].iloc[::-1]
    arms: dict[str, Arm] = {
        "first again": {"parent": "first", "unseen": None, "without": []},
        "first without dalle": {"parent": "first", "unseen": "dalle", "without": ["dalle"]},
        "second without diffusion": {"parent": "second", "unseen": "diffusion", "without": ["diffusion"]},
    }
    found = evaluate_arms(predictions, arms, rate=0.05, seed=2)
    (row,) = found["seeds"]
    assert (row["variant"], row["networks"]) == ("first", 2)
    accuracies = [
        (predictions[name]["label"] == predictions[name]["predicted"]).mean() for name in ("first", "first again")
    ]
    assert row["accuracy"]["mean"]["value"] == pytest.approx(np.mean(accuracies))
    assert [(row["variant"], row["source"]) for row in found["unseen"]] == [("first", "dalle"), ("second", "diffusion")]
    both = (answers(predictions[name], predictions["first"]["image_id"]) for name in ("first", "first without dalle"))
    expected = unseen(*both, predictions["first"], "dalle", ["dalle"], rate=0.05, seed=2)
    assert found["unseen"][0] == {"variant": "first", **expected}


def test_each_measure_has_its_mean_and_spread_over_seeds() -> None:
    names = ("accuracy", "balanced_accuracy", "roc_auc", "loss")
    metrics = [{name: {"value": value, "low": 0, "high": 1} for name in names} for value in (0.7, 0.8, 0.9)]
    metrics[0]["roc_auc"] = {"value": None, "low": None, "high": None}
    found = over_seeds(metrics)
    assert found.keys() == set(names)
    assert found["accuracy"]["mean"]["value"] == pytest.approx(0.8)
    assert (found["loss"]["networks"], found["loss"]["lowest"], found["loss"]["highest"]) == (3, 0.7, 0.9)
    assert found["roc_auc"]["networks"] == 2
