"""The claims ledger: what the shipped file holds, and each verdict from hand-made results."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.report.claims import VERDICTS, Claim, Claims, judge, load
from tests.conftest import REPOSITORY

SHIPPED = REPOSITORY / "config/claims.yaml"
NO_BUDGET = {"images": None, "pixels": None, "epochs": None}


def shipped() -> dict[str, Claim]:
    """Each claim of the shipped file by its id."""
    sources = load(SHIPPED).sources.values()
    return {claim.id: claim for source in sources for claims in source.claims.values() for claim in claims}


def texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for pair in node.items() for part in pair for text in texts(part)]
    if isinstance(node, list):
        return [text for part in node for text in texts(part)]
    return [node] if isinstance(node, str) else []


def test_every_shipped_figure_is_well_formed():
    sources = load(SHIPPED).sources
    assert list(sources) == ["000", "001", "002", "003", "004"]
    assert {name: source.collection for name, source in sources.items() if name != "003"} == dict.fromkeys(
        ["000", "001", "002", "004"], "ai-artbench"
    )
    assert sources["003"].collection == "human-ai-artwork"
    assert [source.test_pictures for source in sources.values()] == [30000, 30000, 30000, 54399, 30000]
    for claim in shipped().values():
        if claim.published:
            assert claim.value > 0
            assert claim.uncertainty > 0
            assert claim.decimals == len((re.search(r"\.(\d+)", claim.published) or ["", ""])[1])


def test_every_variant_with_a_claim_says_what_is_left_open_of_it():
    for source in load(SHIPPED).sources.values():
        assert set(source.claims) - {"collection"} <= {name for entry in source.open for name in entry.variants}


def test_no_text_of_the_file_is_a_long_sentence():
    found = texts(yaml.safe_load(SHIPPED.read_text()))
    assert max(map(len, found)) <= 100


@pytest.mark.parametrize(
    ("place", "published", "n"),
    [
        ("000/tapering-cnn/accuracy//test", ["91.49 %", "0.91"], 30000),
        ("000/tapering-cnn/loss//test", ["0.3549"], None),
        ("000/tapering-cnn/recall/ai/test", ["0.96"], 20000),
        ("000/tapering-cnn/recall/human/test", ["0.83"], 10000),
        ("000/tapering-cnn/f1/macro avg/test", ["0.90"], None),
        ("000/tapering-cnn/accuracy//train", ["at most about 99 %"], None),
        ("000/tapering-cnn/accuracy//validation", ["at most about 93 %"], None),
        ("000/tapering-cnn/features//test", ["2,097,152"], None),
        ("001/resnet50-finetuned/accuracy//test", ["about 87.8 %"], 30000),
        ("001/resnet50-finetuned/accuracy//train", ["over 90 %"], None),
        ("001/resnet50-finetuned/correct/ai/test", ["17,608"], 20000),
        ("001/resnet50-finetuned/correct/human/test", ["8,734"], 10000),
        ("001/resnet50-finetuned/copies/human/train+validation", ["55,000"], None),
        ("001/resnet50-finetuned/pictures/ai/train+validation", ["105,000"], None),
        ("001/resnet50-finetuned/pictures/human/train+validation", ["105,000"], None),
        ("001/efficientnet-b0/accuracy//train", ["at most about 67 %"], None),
        ("001/efficientnet-b0/accuracy//validation", ["about 57 %"], None),
        ("002/simple-cnn/pictures//train", ["90,000"], None),
        ("002/simple-cnn/pictures//validation", ["10,000"], None),
        ("002/simple-cnn/pictures//test", ["30,000"], None),
        ("002/simple-cnn/accuracy//test", ["45.12 %", "about 45 %"], 30000),
        ("002/resnet18-frozen/accuracy//test", ["63.36 %"], 30000),
        ("002/resnet18-frozen/precision/weighted avg/test", ["63.60 %"], None),
        ("002/resnet18-augmented/accuracy//test", ["67.04 %"], 30000),
        ("002/resnet18-224/accuracy//test", ["82.90 %", "about 83 %"], 30000),
        ("002/resnet18-224/loss//test", ["0.4600"], None),
        ("003/conv3-origin/correct/human/test", ["14,391"], None),
        ("003/conv3-origin/correct/ai/test", ["36,586"], None),
        ("003/conv3-origin/accuracy//test", ["93.71 %"], 54399),
        ("003/conv3-source/top-5//test", ["99.42 %"], 54399),
        ("003/conv3-folder/accuracy//test", ["44.38 %"], 54399),
        ("003/conv3-folder/top-5//test", ["84.22 %"], 54399),
        ("004/cifake-32/pictures/human/train+validation", ["50,000"], None),
        ("004/cifake-32/pictures/ai/train+validation", ["50,000"], None),
        ("004/cifake-32/accuracy//unsaid", ["over 90 %"], None),
        ("004/cifake-128/accuracy//unsaid", ["over 90 %"], None),
        ("004/cifake-128/f1/human/unsaid", ["over 90 %"], None),
    ],
)
def test_the_shipped_figures_are_those_of_the_sources(place: str, published: list[str], n: int | None):
    source, variant, measure, of, partition = place.split("/")
    found = [
        claim
        for claim in load(SHIPPED).sources[source].claims[variant]
        if (claim.measure, claim.of or "", claim.partition) == (measure, of, partition)
    ]
    assert [claim.published for claim in found] == published
    assert {claim.n for claim in found} == {n}


def test_what_cannot_be_is_marked_so_and_the_direction_is_a_claim():
    claims = shipped()
    assert {claim.id for claim in claims.values() if claim.impossible} == {"000-latent-width", "003-source-top-5"}
    assert claims["002-aggressive-worse"].worse_than == "resnet18-frozen"


def test_a_published_figure_has_the_uncertainty_of_its_rounding_and_its_n():
    claims = shipped()
    assert claims["000-accuracy"].uncertainty == pytest.approx(0.316 + 0.005, abs=1e-3)
    assert claims["000-human-recall"].uncertainty == pytest.approx(0.00736 + 0.005, abs=1e-5)
    assert claims["001-human-correct"].uncertainty == pytest.approx(65.2 + 0.5, abs=0.1)
    assert claims["002-224-loss"].uncertainty == pytest.approx(0.00005)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "measure: accuracy, published: 91.49 %",
            "measure: accuracy, publishd: 1, published: 91.49 %",
            "did you mean 'published'",
        ),
        ("published: 91.49 %", "published: 91.49%", "write the figure as printed"),
        ("published: 91.49 %", "published: 91.49", "string"),
        ("published: 91.49 %", "published: 101.49 %", "more than all"),
        ("id: 000-accuracy", "id: 001-accuracy", "begin the id with '000-'"),
        ("id: 000-report-accuracy", "id: 000-accuracy", "no two"),
        ("measure: accuracy, published: 91.49 %", "measure: acuracy, published: 91.49 %", "'accuracy'"),
        ("measure: accuracy, published: 91.49 %", "measure: accuracy", "either `published` or `worse_than`"),
        ("measure: accuracy, published: 91.49 %, n: 30000", "measure: correct, of: ai, n: 3", "either `published`"),
        ("measure: precision, of: ai,", "measure: precision,", "needs a class"),
        ('measure: loss, published: "0.3549"', "measure: loss, published: 35 %", "has no percent"),
        ("accuracy, partition: train, published: at", "accuracy, published: at", "highest of all epochs"),
        ("measure: styles", "measure: classes", "is not known of a collection"),
        ('published: "17,608", n: 20000', 'published: "17,608", n: 2000', "more than n"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_it(tmp_path: Path, old: str, new: str, words: str):
    file, text = tmp_path / "claims.yaml", SHIPPED.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as raised:
        load(file)
    said = str(raised.value)
    assert said.startswith(f"{file}: sources.00")
    assert words in said
    assert "\n" not in said


def test_a_file_that_is_missing_or_not_yaml_is_one_line(tmp_path: Path):
    for text in (None, "sources: [", "3", "sources: {}"):
        file = tmp_path / "claims.yaml"
        if text:
            file.write_text(text)
        with pytest.raises(UserError) as raised:
            load(file)
        assert str(raised.value).startswith(f"{file}: ")
        assert "\n" not in str(raised.value)


def interval(value: float | None, half: float = 0.0) -> dict[str, float | None]:
    if value is None:
        return dict.fromkeys(["value", "low", "high"])
    return {"value": value, "low": value - half, "high": value + half}


def metrics(classes: list[str], pictures: int, accuracy: float = 0.9, half: float = 0.0, **more: Any) -> dict:
    scores = {key: interval(accuracy, half) for key in ("precision", "recall", "f1-score")}
    report = {name: scores | {"support": pictures // len(classes)} for name in classes}
    report |= {name: scores | {"support": pictures} for name in ("macro avg", "weighted avg")}
    judged = {
        "pictures": pictures,
        **{key: interval(accuracy, half) for key in ("accuracy", "balanced_accuracy")},
        "roc_auc": interval(None),
        "majority": 0.5,
        "loss": interval(0.4, 0.01),
        "top": {str(k): interval(accuracy, half) for k in (2, 3, 5) if k < len(classes)},
        "parts": {},
        "report": report,
        "confusion": [[0] * len(classes)] * len(classes),
    }
    return {"classes": classes, "validation": judged, "test": judged | more}


def table(**counts: int) -> pd.DataFrame:
    """A split or catalogue: so many rows of a source and partition, as `human__train=3`; `copies__train` are copies."""
    rows = []
    for key, count in counts.items():
        source, partition = key.split("__")
        made = {"source": "human" if source == "copies" else source, "partition": partition, "copy": source == "copies"}
        rows += [made] * count
    frame = pd.DataFrame(rows).astype({"copy": int})
    frame["origin"] = frame["source"].where(frame["source"] == "human", "ai")
    return frame.assign(style="baroque", width=frame["source"].map({"stable_diffusion": 768}).fillna(256))


SPLIT = table(human__train=9, human__validation=1, copies__train=5, stable_diffusion__train=14, human__test=3)
CATALOGUE = SPLIT.rename(columns={"partition": "published_split"})
HISTORY = pd.DataFrame(
    {
        "phase": 1,
        "epoch": [1, 2, 3],
        "train_accuracy": [0.7, 0.8, 0.95],
        "validation_accuracy": [0.7, 0.85, 0.8],
        "train_loss": [0.6, 0.5, 0.4],
        "validation_loss": [0.6, 0.5, 0.7],
        "best": [False, True, False],
    }
)


LATENT = {"values": 512, "fits": [], "clusters": []}
UNSTYLED = {"grouping": "style", "why": "only one group", "pictures": 0, "difference": None}


def variant(**changes: Any) -> dict[str, Any]:
    made = {"metrics": metrics(["ai", "human"], 1000), "history": HISTORY, "latent": LATENT, "split": SPLIT}
    return made | {"effects": effects(), "embedding": {"spread": [UNSTYLED]}} | changes


def effects(**changes: Any) -> pd.DataFrame:
    row = {"by": "outcome", "value": "correct", "region": "lower", "pictures": 90, "share": 0.5, "area": 0.25}
    row |= {"over_area": 0.25, "over_area_low": 0.2, "over_area_high": 0.3, "cohens_d": 1.5}
    return pd.DataFrame([row | {"random_low": -np.inf, "random_high": 0.4, "found": "more", "why": ""} | changes])


def ledger(*, about: str = "net", test_pictures: int = 1000, **claim: Any) -> Claims:
    """A file of one claim about a variant `net`."""
    claims = [{"id": "000-one", **claim}]
    source = {"collection": "pictures", "test_pictures": test_pictures, "claims": {about: claims}, "open": []}
    return Claims.model_validate({"sources": {"000": source}}, strict=True)


def judged(claims: Claims, net: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The row of the one claim."""
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
def test_a_share_is_judged_by_the_interval_and_by_points(published, n, obtained, half, verdict):
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
def test_of_a_loss_less_is_better(loss: float, half: float, verdict: str):
    net = variant(metrics=metrics(["ai", "human"], 1000, loss=interval(loss, half)))
    assert judged(ledger(measure="loss", published="0.4000"), net)["verdict"] == verdict


@pytest.mark.parametrize(("published", "verdict"), [("450", "reproduced"), ("445", "close"), ("430", "exceeded")])
def test_a_count_of_pictures_named_rightly_has_the_interval_of_the_recall(published: str, verdict: str):
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
def test_counts_are_of_the_split_or_of_the_catalogue(claim: dict[str, Any], value: int):
    row = judged(ledger(**claim, published=str(value)))
    assert row["obtained"]["value"] == value
    assert row["verdict"] == "reproduced"
    assert judged(ledger(**claim, published=str(2 * value)))["verdict"] == "below"
    assert judged(ledger(**claim, published="0"))["verdict"] == "exceeded"


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
def test_a_directional_claim_is_reproduced_one_way_alone(worse: float, half: float, better: float, verdict: str):
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
        (ACCURACY, {"budget": NO_BUDGET | {"epochs": 5}}, ["under a budget"]),
        (
            ACCURACY,
            {"synthetic": True, "budget": NO_BUDGET | {"pixels": 64}, "variants": {}},
            ["synthetic sample", "under a budget"],
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
def test_what_cannot_be_compared_says_why(claims: Claims, changes: dict[str, Any], why: list[str]):
    row = judged(claims, **changes)
    assert row["verdict"] == "not comparable"
    assert row["why"] == why
    assert row["difference"] is None


def test_a_test_of_almost_as_many_pictures_compares_and_counts_do_so_always():
    assert judged(ledger(measure="accuracy", published="90 %", test_pictures=1010))["verdict"] == "reproduced"
    assert judged(ledger(measure="accuracy", published="90 %", test_pictures=1012))["verdict"] == "not comparable"
    counted = ledger(measure="pictures", published="3", test_pictures=30000)
    assert judged(counted, from_scratch=["net"])["verdict"] == "reproduced"


def test_what_is_impossible_is_so_on_any_run_of_its_collection():
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
    found = judge(claims, **(arguments | changes), catalogue=CATALOGUE, variants=run_of_all(claims))
    total = sum(len(listed) for source in claims.sources.values() for listed in source.claims.values())
    assert found["verdicts"] == {"not comparable": total}
    assert all(row["difference"] is None and row["why"] for row in found["claims"])


def test_every_shipped_claim_gets_a_verdict_on_a_run_of_its_collection():
    claims = load(SHIPPED)
    variants = {
        name: variant(metrics=metrics(["ai", "human"], 54399 if name.startswith("conv3") else 30000))
        for name in run_of_all(claims)
    }
    for collection in ("ai-artbench", "human-ai-artwork"):
        found = judge(
            claims,
            collection=collection,
            synthetic=False,
            budget=NO_BUDGET,
            from_scratch=[],
            changed=[],
            catalogue=CATALOGUE,
            variants=variants,
        )
        for row in found["claims"]:
            other = row["collection"] != collection
            assert (row["why"][0] == "another collection") == other
            if not other:
                assert row["verdict"] != "not comparable" or row["why"] == ["this run has no such figure"]
    assert [entry["source"] for entry in found["open"]] == sorted(entry["source"] for entry in found["open"])


SHARE = st.floats(0, 1)


@given(published=st.integers(0, 10000), obtained=SHARE, half=st.floats(0, 0.5), n=st.none() | st.integers(1, 10**6))
def test_verdicts_are_total_and_consistent(published: int, obtained: float, half: float, n: int | None):
    """On any share: one verdict, whose words hold."""
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
def test_what_comes_out_as_published_is_reproduced(value: int, half: float, word: str):
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


def test_a_claim_is_put_into_words():
    assert words(measure="accuracy", published="1 %") == "test accuracy"
    assert words(measure="accuracy", published="1 %", partition="unsaid") == (
        "test accuracy (of which pictures is unsaid)"
    )
    assert words(measure="precision", of="latent_diffusion", published="1 %") == ("test precision, latent diffusion")
    assert words(measure="f1", of="macro avg", published="1 %") == "test F1, macro average"
    assert words(measure="accuracy", published="at most about 9 %", partition="train") == "highest training accuracy"
    assert words(about="collection", measure="pictures", published="1", partition="all") == "pictures"


def sentences(*entries: dict[str, Any], about: str = "net") -> Claims:
    source = {"collection": "ai-artbench", "test_pictures": 1000, "claims": {"net": [CLAIM]}, "open": []}
    return Claims.model_validate({"sources": {"000": source | {"sentences": {about: list(entries)}}}})


CLAIM = {"id": "000-accuracy", "measure": "accuracy", "published": "90 %"}
LOWER = {"id": "000-lower", "says": "the heat lies below", "region": "lower", "of": "correct"}


def answered(entry: dict[str, Any], about: str = "net", **variants: dict[str, Any]) -> dict[str, Any]:
    run = {name: variant(**found) for name, found in variants.items()}
    settings = {"collection": "ai-artbench", "synthetic": False, "budget": {}, "from_scratch": [], "changed": []}
    told = judge(sentences(entry, about=about), catalogue=CATALOGUE, variants=run, **settings)["sentences"][0]
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    return told


@pytest.mark.parametrize(
    ("changes", "answer", "why"),
    [
        ({}, "supported", ""),
        ({"found": "none", "why": "less than two points"}, "not supported", "less than two points"),
        ({"found": "less"}, "not supported", "it holds less than its area"),
        ({"pictures": 9}, "cannot be judged", "9 pictures, fewer than 10"),
        ({"value": "misclassified"}, "cannot be judged", "no such picture"),
        ({"region": "upper"}, "cannot be judged", "no such picture"),
    ],
)
def test_a_sentence_on_heat_is_answered_by_what_was_measured(changes: dict, answer: str, why: str) -> None:
    found = answered(LOWER, net={"effects": effects(**changes)})
    assert (found["answer"], found["why"]) == (answer, why)


def test_a_sentence_on_heat_comes_with_its_effect_its_interval_and_its_null() -> None:
    assert answered(LOWER, net={"effects": effects(random_low=0.1)})["measured"] == (
        "lower: 50.0% of the heat on 25.0% of the area, +25.0 points (+20.0 to +30.0; +1.50 standard deviations), with "
        "random weights -15 to +15; 90 pictures"
    )


def test_a_sentence_about_one_variant_is_asked_of_all() -> None:
    others = {"other": effects(found="none", why="less than two points"), "third": effects(pictures=3)}
    found = answered(LOWER, net={}, **{name: {"effects": table} for name, table in others.items()})
    assert (found["supported"], found["judged"]) == (1, 2)
    assert answered(LOWER, about="absent", net={})["why"] == "absent is not in this run"


def test_a_sentence_on_a_style_looks_at_its_pictures() -> None:
    table = {"effects": effects(by="outcome and style", value="correct baroque")}
    assert answered(LOWER | {"of": "correct baroque"}, net=table)["answer"] == "supported"
    assert answered(LOWER, net=table)["answer"] == "cannot be judged"


def fitted(supported: list[bool | None], why: str | None = None) -> dict[str, Any]:
    """Clusters that are supported as one style or not, or None: no picture of the cluster has a known style."""
    chance = {"low": 0.1, "high": 0.2}
    style = {"pictures": 50, "why": why, "nmi": None if why else {"value": 0.4, "p": 0.01, "chance": chance}}
    of = {"outcome": "correct", "space": "2d"}
    styles = [held if held is None else {"supported": held} for held in supported]
    clusters = [{**of, "labels": {"style": style}} for style in styles]
    return {"latent": {"values": 512, "fits": [{**of, "labels": {"style": style}}], "clusters": clusters}}


STYLED = {"id": "000-styles", "says": "clusters are styles", "clusters": "correct"}


@pytest.mark.parametrize(
    ("found", "answer", "why"),
    [
        (fitted([True, True, False]), "supported", ""),
        (fitted([True, False]), "not supported", "most clusters are mixed"),
        (fitted([True, None, None]), "supported", ""),
        (fitted([True, False, None]), "not supported", "most clusters are mixed"),
        (fitted([False], "only one style"), "cannot be judged", "only one style"),
        ({"latent": {"fits": [], "clusters": [], "values": 1}}, "cannot be judged", "no test picture is correct"),
    ],
)
def test_clusters_are_styles_where_most_of_them_are_beyond_chance(found: dict, answer: str, why: str) -> None:
    told = answered(STYLED, net=found)
    assert (told["answer"], told["why"]) == (answer, why)


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
def test_generators_are_tighter_where_they_are_by_more_than_chance(apart: str, interval: tuple, answer: str) -> None:
    entry = {"id": "000-tight", "says": "generators are tight", "apart": apart}
    assert answered(entry, net=spread_out(*interval))["answer"] == answer


def test_generators_alone_cannot_be_told_from_human_styles() -> None:
    alone = {"embedding": {"spread": [{"grouping": "style", "why": None, "pictures": 40, "difference": None}]}}
    entry = {"id": "000-tight", "says": "generators are tight", "apart": "spread"}
    assert answered(entry, net=alone)["why"] == "pictures of one origin alone"


@pytest.mark.parametrize("change", [{"clusters": "correct"}, {"region": None, "of": None}, {"of": None}])
def test_a_sentence_asks_for_one_thing(change: dict, tmp_path: Path) -> None:
    shipped = yaml.safe_load((REPOSITORY / "config/claims.yaml").read_text())
    entry = {name: value for name, value in (LOWER | change).items() if value}
    shipped["sources"]["000"]["sentences"]["tapering-cnn"].append(entry)
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(shipped))
    with pytest.raises(UserError, match="000-lower: give either `region` and `of`, or `clusters`, or `apart`"):
        load(tmp_path / "claims.yaml")
