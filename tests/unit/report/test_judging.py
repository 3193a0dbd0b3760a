"""The claims ledger: each verdict, tested on handmade results."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brushprint.report.claims_schema import Claims, load
from brushprint.report.judging import VERDICTS, judge
from tests.conftest import REPOSITORY
from tests.support.results import CATALOGUE, SPLIT, interval, metrics, variant

SHIPPED = REPOSITORY / "config/claims.yaml"
NO_BUDGET = {"images": None, "max_image_size": None, "epochs": None}


CITATION = {"title": "Pictures: a Study", "authors": ["A. Author", "B. Author"], "short": "Author et al., Pictures"}


def ledger(*, about: str = "net", pictures: int = 3, test_pictures: int = 1000, **claim: Any) -> Claims:
    """A claims file with a single claim about `about`, a variant or `collection`."""
    numbers = {"pictures": pictures, "test_pictures": test_pictures}
    source = {"citation": CITATION, "collection": "pictures", **numbers, "open": []}
    source["claims"] = {about: [{"id": "000-one", **claim}]}
    return Claims.model_validate({"sources": {"000": source}}, strict=True)


def judged(claims: Claims, net: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The row of the ledger for its single claim."""
    arguments = {
        "collection": "pictures",
        "synthetic": False,
        "budget": NO_BUDGET,
        "from_scratch": [],
        "changed": [],
        "catalogue": CATALOGUE,
        "variants": {"net": net or variant()},
    }
    (row,) = judge(claims, **(arguments | changes))["claims"]
    return row


def of_accuracy(value: float, half: float = 0.0) -> dict[str, Any]:
    return variant(metrics=metrics(["ai", "human"], 1000, value, half))


@pytest.mark.parametrize(
    ("published", "n", "obtained", "half", "verdict"),
    [
        ("90.00 %", None, 0.90, 0.0, "reproduced"),
        ("90.00 %", None, 0.905, 0.006, "reproduced"),
        ("90.00 %", None, 0.905, 0.004, "close"),
        ("90.00 %", 1000, 0.905, 0.0, "reproduced"),
        ("90 %", None, 0.9049, 0.0, "reproduced"),
        ("0.9", None, 0.949, 0.0, "reproduced"),
        ("90.00 %", None, 0.88, 0.0, "close"),
        ("0.90", None, 0.92, 0.0, "close"),
        ("90.00 %", None, 0.8799, 0.0, "below"),
        ("90.00 %", None, 0.9201, 0.0, "exceeded"),
        ("over 90 %", None, 0.90, 0.0, "reproduced"),
        ("over 90 %", None, 0.99, 0.0, "reproduced"),
        ("over 90 %", None, 0.89, 0.02, "close"),
        ("over 90 %", None, 0.87, 0.0, "below"),
    ],
)
def test_a_share_is_judged_by_its_interval_and_by_its_distance_in_points(published, n, obtained, half, verdict):
    row = judged(ledger(measure="accuracy", published=published, n=n), of_accuracy(obtained, half))
    assert row["verdict"] == verdict
    assert row["why"]
    assert row["unit"] == ("%" if "%" in published else "")


@pytest.mark.parametrize(
    ("loss", "half", "verdict"),
    [
        (0.4, 0.0, "reproduced"),
        (0.41, 0.02, "reproduced"),
        (0.419, 0.0, "close"),
        (0.381, 0.0, "close"),
        (0.5, 0.0, "below"),
        (0.3, 0.0, "exceeded"),
    ],
)
def test_a_lower_loss_is_better(loss: float, half: float, verdict: str):
    net = variant(metrics=metrics(["ai", "human"], 1000, loss=interval(loss, half)))
    assert judged(ledger(measure="loss", published="0.4000"), net)["verdict"] == verdict


@pytest.mark.parametrize(("published", "verdict"), [("450", "reproduced"), ("445", "close"), ("430", "exceeded")])
def test_a_count_of_correct_pictures_has_the_interval_of_the_recall(published: str, verdict: str):
    claims = ledger(measure="correct", of="ai", published=published)
    row = judged(claims, of_accuracy(0.9, 0.004))
    assert row["verdict"] == verdict
    assert row["obtained"] == pytest.approx({"value": 450, "low": 448, "high": 452})


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ({"measure": "pictures", "partition": "train"}, 28),
        ({"measure": "pictures", "partition": "train+validation", "of": "human"}, 15),
        ({"measure": "originals", "partition": "train+validation", "of": "human"}, 10),
        ({"measure": "copies", "partition": "train+validation", "of": "human"}, 5),
        ({"measure": "pictures", "of": "stable_diffusion", "partition": "train"}, 14),
        ({"measure": "fewest", "partition": "train"}, 14),
        ({"measure": "classes"}, 2),
        ({"measure": "features"}, 512),
        ({"measure": "support", "of": "ai"}, 500),
        ({"about": "collection", "measure": "pictures", "partition": "all"}, 32),
        ({"about": "collection", "measure": "pictures", "of": "ai", "partition": "all"}, 14),
        ({"about": "collection", "measure": "pictures", "of": "human", "partition": "test"}, 3),
        ({"about": "collection", "measure": "styles"}, 1),
        ({"about": "collection", "measure": "side", "of": "stable_diffusion"}, 768),
    ],
)
def test_counts_come_from_the_split_or_from_the_catalogue(claim: dict[str, Any], value: int):
    row = judged(ledger(**claim, published=str(value)))
    assert row["obtained"]["value"] == value
    assert row["verdict"] == "reproduced"
    assert judged(ledger(**claim, published=str(2 * value)))["verdict"] == "below"
    assert judged(ledger(**claim, published="0"))["verdict"] == "exceeded"


@pytest.mark.parametrize(
    ("unstyled", "styles", "fewest"),
    [(["stable_diffusion"], 1, 14), (["human"], 1, 14), (["human", "stable_diffusion"], 0, None)],
)
def test_pictures_without_a_style_do_not_count_as_a_style(unstyled: list[str], styles: int, fewest: int | None):
    split = SPLIT.assign(style=SPLIT["style"].where(~SPLIT["source"].isin(unstyled)))
    catalogue = split.rename(columns={"partition": "published_split"})
    row = judged(ledger(about="collection", measure="styles", published="1"), catalogue=catalogue)
    assert row["obtained"]["value"] == styles
    row = judged(ledger(measure="fewest", partition="train", published="14"), variant(split=split))
    if fewest is None:
        assert row["obtained"] is None
        assert row["why"] == ["this run has no such figure"]
    else:
        assert row["obtained"]["value"] == fewest


@pytest.mark.parametrize(
    ("partition", "published", "value"),
    [
        ("train", "over 75 %", 80),
        ("train", "at most about 95 %", 95),
        ("validation", "at most about 85 %", 85),
        ("validation", "about 90 %", 90),
    ],
)
def test_training_figures_are_of_the_chosen_epoch_or_the_highest_of_all(partition: str, published: str, value: float):
    row = judged(ledger(measure="accuracy", partition=partition, published=published))
    assert row["obtained"]["value"] == pytest.approx(value)
    assert row["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("worse", "half", "better", "verdict"),
    [
        (0.5, 0.0, 0.6, "reproduced"),
        (0.5, 0.09, 0.6, "reproduced"),
        (0.5, 0.11, 0.6, "close"),
        (0.6, 0.0, 0.6, "close"),
        (0.61, 0.0, 0.6, "close"),
        (0.7, 0.2, 0.6, "exceeded"),
    ],
)
def test_a_directional_claim_holds_only_in_its_own_direction(worse: float, half: float, better: float, verdict: str):
    claims = ledger(measure="accuracy", worse_than="other")
    row = judged(claims, variants={"net": of_accuracy(worse, half), "other": of_accuracy(better)})
    assert row["verdict"] == verdict
    assert row["difference"] == pytest.approx(100 * (worse - better))
    assert judged(claims)["why"] == ["other is not in this run"]


ACCURACY = ledger(measure="accuracy", published="90 %")


@pytest.mark.parametrize(
    ("claims", "changes", "why"),
    [
        (ACCURACY, {"synthetic": True, "collection": "sample"}, ["synthetic sample"]),
        (ACCURACY, {"collection": "own"}, ["another collection"]),
        (ACCURACY, {"budget": NO_BUDGET | {"epochs": 5}}, ["shortened run"]),
        (
            ACCURACY,
            {"synthetic": True, "budget": NO_BUDGET | {"max_image_size": 64}, "variants": {}},
            ["synthetic sample", "shortened run"],
        ),
        (ACCURACY, {"variants": {}}, ["net is not in this run"]),
        (ACCURACY, {"from_scratch": ["net"]}, ["net started without the pretrained weights"]),
        (ACCURACY, {"changed": ["net"]}, ["the settings of net are not the published ones"]),
        (
            ledger(measure="pictures", published="3"),
            {"changed": ["net"]},
            ["the settings of net are not the published ones"],
        ),
        (
            ledger(measure="accuracy", published="90 %", test_pictures=30000),
            {},
            ["1,000 test pictures instead of 30,000"],
        ),
        (ledger(measure="top-5", published="90 %"), {}, ["this run has no such figure"]),
        (ledger(measure="recall", of="dalle", published="0.9"), {}, ["this run has no such figure"]),
    ],
)
def test_a_claim_that_cannot_be_compared_gives_the_reason(claims: Claims, changes: dict[str, Any], why: list[str]):
    row = judged(claims, **changes)
    assert row["verdict"] == "not comparable"
    assert row["why"] == why
    assert row["difference"] is None


def test_accuracies_need_similar_numbers_of_test_pictures_and_counts_do_not():
    assert judged(ledger(measure="accuracy", published="90 %", test_pictures=1010))["verdict"] == "reproduced"
    assert judged(ledger(measure="accuracy", published="90 %", test_pictures=1012))["verdict"] == "not comparable"
    counted = ledger(measure="pictures", published="3", test_pictures=30000)
    assert judged(counted, from_scratch=["net"])["verdict"] == "reproduced"


def test_nothing_is_compared_with_a_run_on_a_part_of_the_collection():
    size, catalogue = (
        {"about": "collection", "measure": "pictures", "partition": "all", "published": "100"},
        CATALOGUE.sample(90, replace=True, random_state=0),
    )
    assert judged(ledger(pictures=100, **size), catalogue=catalogue)["verdict"] == "below"
    row = judged(ledger(pictures=101, **size), catalogue=catalogue)
    assert (row["verdict"], row["why"]) == ("not comparable", ["only 90 of 101 pictures"])
    # Other reasons already say that the run cannot be compared.
    for changes, why in (({"synthetic": True}, "synthetic sample"), ({"budget": {"epochs": 1}}, "shortened run")):
        assert judged(ledger(pictures=101, **size), catalogue=catalogue, **changes)["why"] == [why]


def test_an_impossible_claim_is_impossible_in_every_run_of_its_collection():
    claims = ledger(measure="top-5", published="99.42 %", impossible="there are four")
    for variants in ({}, {"net": variant()}):
        row = judged(claims, variants=variants)
        assert (row["verdict"], row["why"]) == ("impossible as stated", ["there are four"])
    row = judged(claims, synthetic=True)
    assert row["verdict"] == "not comparable"
    assert row["why"] == ["synthetic sample", "impossible as stated: there are four"]


def run_of_all(claims: Claims) -> dict[str, dict[str, Any]]:
    names = {name for source in claims.sources.values() for name in source.claims} - {"collection"}
    return {name: variant() for name in names}


@pytest.mark.parametrize(
    "changes",
    [
        {"synthetic": True, "collection": "sample"},
        {"synthetic": True, "collection": "ai-artbench"},
        *({"budget": NO_BUDGET | {key: 10**6}} for key in NO_BUDGET),
    ],
)
def test_no_shipped_claim_is_compared_on_the_sample_or_under_a_budget(changes: dict[str, Any]):
    claims = load(SHIPPED)
    arguments = {"collection": "ai-artbench", "synthetic": False, "budget": NO_BUDGET}
    arguments |= {"from_scratch": [], "changed": []}
    result = judge(claims, **(arguments | changes), catalogue=CATALOGUE, variants=run_of_all(claims))
    total = sum(len(listed) for source in claims.sources.values() for listed in source.claims.values())
    assert result["verdicts"] == {"not comparable": total}
    assert all(row["difference"] is None and row["why"] for row in result["claims"])


def test_every_shipped_claim_gets_a_verdict_on_a_run_of_its_collection():
    shipped = load(SHIPPED)
    small = {key: source.model_copy(update={"pictures": 32}) for key, source in shipped.sources.items()}
    claims = shipped.model_copy(update={"sources": small})
    variants = {
        name: variant(metrics=metrics(["ai", "human"], 54399 if name.startswith("conv3") else 30000))
        for name in run_of_all(claims)
    }
    for collection in ("ai-artbench", "human-ai-artwork"):
        result = judge(
            claims,
            collection=collection,
            synthetic=False,
            budget=NO_BUDGET,
            from_scratch=[],
            changed=[],
            catalogue=CATALOGUE,
            variants=variants,
        )
        for row in result["claims"]:
            other = row["collection"] != collection
            assert (row["why"][0] == "another collection") == other
            if not other:
                assert row["verdict"] != "not comparable" or row["why"] == ["this run has no such figure"]
    assert [entry["source"] for entry in result["open"]] == sorted(entry["source"] for entry in result["open"])


SHARE = st.floats(0, 1)


@given(published=st.integers(0, 10000), obtained=SHARE, half=st.floats(0, 0.5), n=st.none() | st.integers(1, 10**6))
def test_verdicts_are_total_and_consistent(published: int, obtained: float, half: float, n: int | None):
    """Every share gets one of the four verdicts, and the verdict agrees with the numbers."""
    claims = ledger(measure="accuracy", published=f"{published / 100:.2f} %", n=n)
    row = judged(claims, of_accuracy(obtained, half))
    distance = abs(100 * obtained - published / 100)
    assert row["verdict"] in VERDICTS[:4]
    assert abs(row["difference"]) == pytest.approx(distance, abs=1e-6)
    if distance <= 2:
        assert row["verdict"] in ("reproduced", "close")
    if row["verdict"] in ("exceeded", "below"):
        assert (row["difference"] > 0) == (row["verdict"] == "exceeded")
    wider = judged(claims, of_accuracy(obtained, half + 0.1))
    assert row["verdict"] != "reproduced" or wider["verdict"] == "reproduced"


@given(value=st.integers(0, 10000), half=st.floats(0, 0.2), word=st.sampled_from(["", "about ", "over "]))
def test_a_figure_equal_to_the_published_one_is_reproduced(value: int, half: float, word: str):
    share = value / 10000
    for measure, of, text, net in (
        ("accuracy", None, f"{share:.4f}", of_accuracy(share, half)),
        ("precision", "ai", f"{100 * share:.2f} %", of_accuracy(share, half)),
        ("loss", None, f"{share:.4f}", variant(metrics=metrics(["a"], 1000, loss=interval(share, half)))),
        ("features", None, str(value), variant(latent={"values": value})),
    ):
        assert judged(ledger(measure=measure, of=of, published=word + text), net)["verdict"] == "reproduced"


def words(**claim: Any) -> str:
    return judged(ledger(**claim))["what"]


def test_a_claim_is_described_in_words():
    assert words(measure="accuracy", published="1 %") == "test accuracy"
    assert words(measure="accuracy", published="1 %", partition="unsaid") == (
        "test accuracy (the document does not state which pictures)"
    )
    assert words(measure="precision", of="latent_diffusion", published="1 %") == ("test precision, latent diffusion")
    assert words(measure="f1", of="macro avg", published="1 %") == "test F1, macro average"
    assert words(measure="accuracy", published="at most about 9 %", partition="train") == "highest training accuracy"
    assert words(about="collection", measure="pictures", published="1", partition="all") == "pictures"


def test_every_row_names_its_source_document():
    claims = load(SHIPPED)
    result = judge(
        claims,
        collection="ai-artbench",
        synthetic=False,
        budget=NO_BUDGET,
        from_scratch=[],
        changed=[],
        catalogue=CATALOGUE,
        variants={},
    )
    assert set(result["sources"]) == set(claims.sources)
    for row in (*result["claims"], *result["open"], *result["sentences"]):
        assert row["citation"] == claims.sources[row["source"]].citation.short
    assert result["sources"]["004"] == {
        "title": "AI art vs non AI art",
        "authors": ["Nibras Sajjad"],
        "short": "Sajjad, AI art vs non AI art",
        "link": "https://github.com/nibrassajjad/AI-art-vs-non-AI-art",
    }
