"""The report: one HTML file with all results of a run, in which names are never parsed as markup."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brushprint.evaluation.mistakes import SCHEMA
from brushprint.features.embedding import spreads
from brushprint.features.latent import latent
from brushprint.figures import registry
from brushprint.figures.declaration import CollectionGroup
from brushprint.report.page import write_report
from brushprint.saliency.regions import REGIONS
from brushprint.settings.schema import Budget
from tests.support.labels import MANY, STYLES
from tests.support.latent import mapped, planted_clusters, points
from tests.support.report import (
    CARD,
    SCORES,
    UNDEFINED,
    UNUSABLE,
    Page,
    audited,
    claim,
    detected,
    explained,
    interval,
    leaked,
    ledger,
    metrics,
    provenance,
    recommended,
    sentence,
    trusted,
)
from tests.support.saliency import NOTHING_LEFT, checked, heat, of_all

FIGURES = {
    "examples": registry.of_collection("examples.jpg").text,
    "copies": registry.of_collection("copies-{split}.jpg").text,
    "trust": [figure.text for figure in registry.COLLECTION if figure.group is CollectionGroup.TRUST],
    "variant": [figure.text for figure in registry.VARIANT],
}
SPECIAL = "<script>alert('art & craft')</script>"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    folder = tmp_path / "figures"
    folder.mkdir()
    for figure in (*FIGURES["variant"], *FIGURES["trust"], FIGURES["examples"]):
        Image.new("RGB", (4, 4)).save(folder / figure["file"])
    latent = points({"correct": 29, "misclassified": 3}, 2, STYLES)[1]
    latent |= {"values": 2304, "components_full": 2, "explained_2d": 0.75, "explained": [0.5, 0.25]}
    catalogue = pd.DataFrame(
        {
            "source": ["human"] * 3 + ["dalle"] * 2,
            "published_split": ["train", "train", None, "test", "test"],
            "width": [256, 256, 256, 512, 640],
            "height": 256,
            "format": ["JPEG", "JPEG", "PNG", "JPEG", "JPEG"],
            "reduction": 1,
        }
    )

    def written(**changes: object) -> str:
        variant = {
            "provenance": provenance("origin", "natural"),
            "metrics": metrics(["ai", "human"]),
            "latent": latent,
            "heatmaps": explained(),
            "regions": of_all(heat()),
            "faithfulness": checked(),
            "embedding": mapped({"correct": 29, "misclassified": 3}, STYLES)[1],
            "figures": folder,
            "card": CARD,
            "external": None,
        }
        arguments = {
            "title": "A collection",
            "synthetic": False,
            "budget": {"images": None, "max_image_size": None, "epochs": None, "batch_size": None},
            "from_scratch": [],
            "catalogue": catalogue,
            "rejected": pd.DataFrame(columns=["path", "reason", "origin"], dtype=str),
            "ignored": pd.DataFrame(columns=["path", "reason"], dtype=str),
            "splits": {
                "natural": catalogue.assign(partition=["train", "validation", "test", "train", "test"], copy=0),
            },
            "copied": [],
            "figures": FIGURES,
            "folder": folder,
            "variants": {"cifake-32": variant},
            "trust": trusted(),
            "mistakes": SCHEMA.empty_table().to_pandas(),
            "claims": ledger(claim()),
        }
        write_report(tmp_path / "index.html", **arguments | changes)
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return written


def test_the_report_is_one_file_that_fetches_nothing(write):
    text = write()
    page = Page(text)
    assert not page.within
    assert not {"link", "iframe"} & set(page.tags)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert all(file.startswith(("data:image/webp;base64,", "data:image/jpeg;base64,")) for file in page.fetched)
    # The page requests nothing itself: only links that a reader follows lead out of it.
    assert {link for link in page.links if not link.startswith("#")} == {"https://example.org/study"}
    assert not re.search(r"https?://|url\(|@import", text.replace('<a href="https://example.org/study"', ""))


def test_every_internal_link_of_the_report_has_a_target(write):
    text = write()
    assert all(f'id="{target}"' in text for target in re.findall(r'href="#([^"]*)"', text))


def test_the_report_begins_with_the_recommended_variant_its_figures_and_their_baselines(write):
    def answer(**changes: object) -> str:
        [found] = re.findall('<p class="answer">(.*?)</p>', write(**changes), re.DOTALL)
        return " ".join(re.sub("<[^>]*>", "", found).split())

    found = answer()
    assert (
        "Recommended: cifake-32. On 617 human and 1,851 AI pictures, its ROC AUC is 0.400 (0.300 to 0.500); guessing "
        "gives 0.5. At a threshold for at most 5% false alarms, it detects 40.0% (30.0% to 50.0%) of the AI works"
    ) in found
    assert "It was chosen by validation pictures, not by these." in found
    few = recommended(why="fewer than 19 human validation pictures", folds={"0": "cifake-32"})
    found = answer(trust=trusted(recommended=few))
    assert "It never calls a picture AI: fewer than 19 human validation pictures." in found
    assert "Each picture was tested by a head that was fitted and chosen without its fold." in found


def test_every_picture_has_an_alternative_text_and_a_caption(write):
    page = Page(write())
    assert len(page.images) == len(page.captions) == len(FIGURES["variant"]) + len(FIGURES["trust"]) + 1
    assert all(len(image["alt"]) > 20 for image in page.images)
    assert all(re.search(r"[A-Z].+\.$", caption) for caption in page.captions)


def test_the_figures_of_a_variant_appear_under_their_headings_in_the_order_of_the_registry(write):
    section = write().split('<section id="cifake-32"')[1].split("</section>")[0]
    shown = re.findall(
        r'<h3 id="cifake-32/[^"]*">([^<]*)</h3>\n<div class="grid">|<figcaption><b><a [^>]*>([^<]*)</a>', section
    )
    heading, found = "", []
    for group, title in shown:
        heading = group or heading
        found += [(heading, title)] if title else []
    assert found == [(figure.group, figure.title) for figure in registry.VARIANT]


def test_a_figure_of_few_colours_is_embedded_without_loss(write, tmp_path: Path):
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8))
    drawn.convert("P").save(tmp_path / "figures/roc.png")
    shown = next(image for image in Page(write()).images if image["alt"].startswith("ROC curve"))
    assert (shown["width"], shown["height"]) == ("7", "9")
    with Image.open(io.BytesIO(base64.b64decode(shown["src"].partition(",")[2]))) as image:
        assert (np.array(image) == np.array(drawn.convert("P").convert("RGB"))).all()


def test_the_page_allows_only_its_own_script_and_style(write):
    text = write()
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', text)[1]
    for kind in ("style", "script"):
        inside = re.search(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", text.replace(inside, ""))


def test_the_same_results_give_a_report_with_the_same_bytes(write):
    assert write() == write()


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_sample_is_named_at_the_top_and_in_every_caption(write, synthetic: bool):
    text = write(synthetic=synthetic)
    assert ("they say nothing about art" in text) == synthetic
    assert sum("synthetic sample" in caption for caption in Page(text).captions) == synthetic * (
        len(FIGURES["variant"]) + len(FIGURES["trust"]) + 1
    )


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"images": None, "max_image_size": None, "epochs": None}, None),
        ({"images": None, "max_image_size": 64, "epochs": None}, "at most 64-pixel input)"),
        ({"images": 1200, "max_image_size": None, "epochs": 6}, "at most 1,200 pictures, at most 6 epochs a phase)"),
        ({"images": None, "batch_size": 16}, "at most 16 pictures a batch)"),
    ],
)
def test_a_budget_is_named_exactly_when_there_is_one(write, budget: dict, words: str | None):
    text = write(budget=budget)
    assert ("cannot be compared with published ones" in text) == bool(words)
    assert words is None or words in text


def test_variants_that_start_without_pretrained_weights_are_named(write):
    assert "Without ImageNet weights" not in write()
    assert "a, b start from random weights, and all layers are trained" in write(from_scratch=["a", "b"])


def test_the_report_names_every_cap_of_a_budget(write):
    caps = dict.fromkeys(Budget.model_fields, 7)
    assert len(re.findall("at most 7[ -]", write(budget=caps))) == len(caps)


def test_the_tables_show_the_numbers_of_the_results(write):
    rows = Page(write()).tables
    assert ["human", "2", "0", "1", "3"] in rows
    assert ["total", "2", "2", "1", "5"] in rows
    assert ["human", "1", "1", "1", "3"] in rows
    assert ["ai", *SCORES] in rows
    assert ["macro average", *SCORES] in rows
    headline = next(row for row in rows if row[0] == "cifake-32")
    assert [cell.strip() for cell in headline] == [
        "cifake-32",
        "32",
        "2,468",
        "0.7500.650 to 0.850",
        "0.500",
        "0.8130.713 to 0.913",
        "0.625",
        "not defined",
        "0.4560.356 to 0.556",
    ]


def test_the_share_of_unsure_answers_is_shown_beside_both_error_rates(write):
    tables = Page(write()).tables
    heads = next(row for row in tables if "false alarms on human works" in row)
    (told,) = (row for row in tables if row[0] == "cifake-32" and len(row) == len(heads))
    shown = {head: cell.strip() for head, cell in zip(heads, told, strict=True)}
    assert shown["unsure"] == "0.3000.200 to 0.400"
    assert shown["error rate when it answers"] == "0.1250.025 to 0.225"
    assert shown["error rate if forced to answer"] == "0.3750.275 to 0.475"


@pytest.fixture
def variant(tmp_path: Path) -> Callable[..., dict]:
    latent = points({"correct": 1}, 1, None)[1]
    embedding = mapped({"correct": 1}, None)[1]

    def made(task: str, classes: list[str], **changes: object) -> dict:
        return {
            "provenance": provenance(task, "natural"),
            "metrics": metrics(classes, **changes),
            "latent": latent,
            "heatmaps": explained(),
            "regions": of_all(heat()),
            "faithfulness": checked(),
            "embedding": embedding,
            "figures": tmp_path / "figures",
            "card": CARD,
            "external": None,
        }

    return made


def test_variants_are_grouped_by_task_and_shown_beside_the_chance_level_of_the_task(write, variant):
    page = Page(
        write(
            variants={
                "a": variant("origin", ["ai", "human"]),
                "b": variant("folder", MANY),
                "c": variant("origin", ["ai", "human"]),
            }
        )
    )
    names = ["variant", "Task origin", "a", "c", "Task folder", "b"]
    start = next(index for index, row in enumerate(page.tables) if row[0] == "variant")
    shown = page.tables[start : start + len(names)]
    assert [row[0] for row in shown] == names
    assert [row[4] for row in shown if len(row) > 1] == ["chance", "0.500", "0.500", "0.021"]


def test_top_k_and_origin_accuracy_are_shown_beside_their_baselines(write, variant):
    row = metrics(["a"])["test"]["report"]["a"]
    report = {name: row | {"support": 100 * number} for number, name in enumerate(MANY[:5], start=1)}
    changes = {
        "pictures": 1500,
        "report": report | {"macro avg": row, "weighted avg": row},
        "top": {"2": interval(0.5), "3": interval(0.7)},
        "parts": {"origin": {"accuracy": interval(0.8), "majority": 0.6}},
    }
    text = " ".join(write(variants={"v": variant("folder", MANY[:5], **changes)}).split())
    assert "For 50.0% (40.0% to 60.0%) of the test pictures, the true class is among the 2 most probable of 5" in text
    assert "always guessing the 2 commonest classes gives 60.0%" in text
    assert "always guessing the 3 commonest classes gives 80.0%" in text
    assert "The origin is correct for 80.0% (70.0% to 90.0%); always guessing the commonest gives 60.0%." in text
    assert "likeliest" not in write()


@pytest.mark.parametrize(("classes", "folded"), [(2, False), (4, False), (5, True), (47, True)])
def test_the_scores_of_many_classes_are_folded_and_their_averages_are_not(write, variant, classes: int, folded: bool):
    text = write(variants={"v": variant("folder", MANY[:classes])})
    section = text[text.index("Classification report</h3>") : text.index("The first two principal components hold")]
    open_part = section.split("<details>")[0]
    assert (f"<summary>Each of the {classes} classes</summary>" in section) == folded
    assert all(name in open_part for name in ("macro average", "weighted average"))
    assert all((name in open_part) == (not folded) and name in section for name in MANY[:classes])


def test_a_class_without_test_pictures_is_shown_as_not_judged(write, variant):
    row = metrics(["a"])["test"]["report"]["a"]
    empty = dict.fromkeys(["precision", "recall", "f1-score"], UNDEFINED) | {"support": 0}
    report = {"a": row, "b": row, "c": empty, "macro avg": row, "weighted avg": row}
    text = write(variants={"v": variant("source", ["a", "b", "c"], report=report)})
    assert ["c", "–", "–", "–", "0"] in Page(text).tables
    assert "A class without test pictures has no measures" in text
    assert "cannot be judged" not in write()


@pytest.fixture
def said_of(write, variant) -> Callable[[dict], str]:
    """What the report says about heatmaps."""

    def said(heatmaps: dict, **changes: object) -> str:
        text = write(variants={"v": variant("origin", ["ai", "human"]) | {"heatmaps": heatmaps}}, **changes)
        return " ".join(re.sub("<.*?>", "", text[text.index("<p>Each picture below") :].split("</p>")[0]).split())

    return said


def test_the_agreement_of_both_kinds_of_heatmaps_is_shown_beside_its_null(said_of):
    text = said_of(explained())
    assert "hides a square of 9 pixels a side at 36 positions of the picture (48 pixels a side)" in text
    assert "rank correlation is 0.40 (0.30 to 0.50) (Spearman, mean over 80 pictures)" in text
    assert "With the occlusion maps of other pictures it is 0.15 (0.05 to 0.25)" in text
    assert "The difference is 0.25 (0.15 to 0.35): " in text
    assert text.endswith("the two methods also agree in part on what is specific to each picture.")
    assert said_of(explained(difference=0.05)).endswith(
        "the two methods show no agreement on what is specific to each picture."
    )
    assert "80 pictures, synthetic sample)" in said_of(explained(), synthetic=True)


def test_the_agreement_of_too_few_pictures_is_not_defined(said_of):
    assert "Their agreement is not defined here" in said_of(explained(None))
    alone = {"value": 0.4, "low": None, "high": None}
    one = explained() | {"pictures": 1, "agreement": alone, "null": alone, "difference": alone}
    assert "The difference is 0.40." in said_of(one)


def test_the_report_says_so_if_there_are_fewer_pictures_than_requested(said_of):
    assert "the settings ask for" not in said_of(explained())
    assert "Only 5 test pictures are misclassified; the settings ask for 12." in said_of(explained(misclassified=5))
    assert "Only one test picture is correctly classified;" in said_of(explained(correct=1))
    assert "No test picture is misclassified;" in said_of(explained(misclassified=0))


def test_augmented_copies_are_counted_separately_and_shown_with_their_split(write, tmp_path: Path):
    split = pd.DataFrame(
        {"source": ["human", "human", "ai", "human"], "partition": ["train"] * 3 + ["test"], "copy": [0, 1, 0, 0]}
    )
    Image.new("RGB", (4, 4)).save(tmp_path / "figures/copies-augmented.jpg")
    text = write(splits={"augmented": split, "natural": split[split["copy"] == 0]}, copied=["augmented"])
    page = Page(text)
    assert ["source", "train", "copies to train", "test", "total"] in page.tables
    assert ["human", "1", "1", "1", "3"] in page.tables
    assert len(page.images) == len(FIGURES["variant"]) + len(FIGURES["trust"]) + 2
    assert sum("Augmented copies of the split augmented" in image["alt"] for image in page.images) == 1
    assert "Augmented copies (synthetic sample)" in write(
        synthetic=True, splits={"augmented": split}, copied=["augmented"]
    )


def test_each_claim_is_shown_with_the_obtained_figure_and_its_verdict(write):
    wide = {"what": "test loss", "published": "0.3549", "unit": "nats", "decimals": 4, "verdict": "below"}
    count = {"variant": None, "what": "pictures", "published": "over 180,000", "unit": "pictures", "source": "000"}
    text = write(
        claims=ledger(
            claim(),
            claim(**wide, obtained={"value": 0.5, "low": None, "high": None}, difference=0.1451, why=["worse"]),
            claim(**count, obtained=None, difference=None, verdict="not comparable", why=["another collection"]),
        )
    )
    rows = Page(text).tables
    assert [
        "cifake-32test accuracy",
        "over 90 %",
        "91.2 %90.5 % to 92.0 %",
        "+1.2 points",
        "reproducedthis run reaches it",
    ] in rows
    assert ["cifake-32test loss", "0.3549 nats", "0.5000", "+0.1451", "belowworse"] in rows
    assert ["the collectionpictures", "over 180,000", "–", "–", "not comparableanother collection"] in rows
    assert "Of 3 claims: <b>1</b> reproduced, <b>1</b> below, <b>1</b> not comparable." in text
    # A study of this run's collection comes first.
    assert text.index("<summary>Baker, 2024 (on ai-artbench): 2 claims") < text.index(
        "<summary>Abel, 2023 (on ai-artbench): 1 claims"
    )


def test_a_reason_that_excludes_every_claim_from_comparison_is_stated_once(write):
    reasons = ["synthetic sample", "shortened run"]
    apart = {"verdict": "not comparable", "difference": None}
    text = write(
        synthetic=True,
        claims=ledger(
            claim(**apart, why=reasons), claim(**apart, why=[*reasons, "impossible as stated: four"], published="99 %")
        ),
    )
    rows = Page(text).tables
    assert text.count("shortened run") == 1
    assert "Claims of the source documents (synthetic sample)" in text
    assert ["cifake-32test accuracy", "over 90 %", "91.2 %90.5 % to 92.0 %"] in rows
    assert ["cifake-32test accuracyimpossible as stated: four", "99 %", "91.2 %90.5 % to 92.0 %"] in rows


def test_details_that_the_sources_leave_open_are_listed_with_the_values_used(write):
    rows = Page(write()).tables
    where = rows.index(["Baker, 2024: cifake-32, cifake-128"])
    assert rows[where + 1 : where + 3] == [["batches", "of 64"], ["loss", "any"]]


def test_each_file_of_a_variant_is_traced_to_its_rule_and_code(write):
    text = write()
    rows = Page(text).tables
    assert ["model.safetensors", "train", "ab" * 8] in rows
    assert ["the catalogue", "", "ef" * 8] in rows
    assert "train@0123456789ab, torch@2.14.1" in text


def test_the_sizes_and_formats_of_each_source_are_listed(write):
    text = write()
    assert "<b>human</b>: 256×256 JPEG (2), 256×256 PNG (1)" in text
    assert "<b>dalle</b>: 512×256 JPEG (1), 640×256 JPEG (1)" in text


def test_rejected_files_are_counted_by_reason_and_origin_and_named(write):
    rejected = pd.DataFrame(
        {
            "path": ["a.jpg", "b.jpg", "c.txt", "d.jpg", "e.jpg"],
            "reason": [
                *("same content as x.jpg", "same content as y.jpg", "a text file"),
                *("cannot be decoded (cut: 7 bytes left)", "cannot be decoded (cut: 12 bytes left)"),
            ],
            "origin": ["human", "ai", None, "ai", "ai"],
        }
    )
    text = write(rejected=rejected)
    assert "rejected files: 5 (below)" in text
    rows = Page(text).tables
    assert ["reason", "files", "human", "AI", "no label"] in rows
    assert ["same content as another picture", "2", "1", "1", "0"] in rows
    assert ["cannot be decoded (cut: … bytes left)", "2", "0", "2", "0"] in rows
    assert ["a text file", "1", "0", "0", "1"] in rows
    assert ["b.jpg", "same content as y.jpg"] in rows
    assert "Rejected files" not in write()


def test_ignored_files_and_very_large_pictures_are_counted(write):
    ignored = pd.DataFrame({"path": ["human/.DS_Store"], "reason": ["file of a system or program"]})
    large = {"source": ["human"], "published_split": [None], "width": 9, "height": 9, "format": "JPEG", "reduction": 4}
    text = write(ignored=ignored, catalogue=pd.DataFrame(large))
    assert "ignored files, which only accompany the pictures: 1" in text
    assert "Very large pictures that were decoded at a smaller scale: 1" in text


def test_too_few_pictures_are_said_before_anything_else(write):
    few = {"lacking": {"test": "40 test"}, "independent": {"test": {"human": 40, "ai": 26}}}
    more = {"lacking": {"test": "41 test"}, "independent": {"test": {"human": 41, "ai": 41}}}
    validated = {"lacking": {"validation": "4 validation"}, "independent": {"validation": {"human": 4, "ai": 20}}}
    leaks = {"a": more, "b": few, "c": validated, "d": {}}
    text = write(trust=trusted(leaks={name: leaked(0) | split for name, split in leaks.items()}))
    said = "<b>Too few pictures.</b> In the split b, 40 test. In the split c, 4 validation. "
    assert text.index(said) < text.index('<section id="collection">')
    assert "Too few pictures" not in write()


def test_unusable_files_that_hit_one_origin_are_said(write):
    unusable = {"human": {"files": 30, "rejected": 0}, "ai": {"files": 31, "rejected": 9}, "p": 0.002, "reported": True}
    text = write(trust=trusted(audit={"margin": 0.05, "unusable": unusable, "raw": audited(False)}))
    assert "0 of 30 human ones and 9 of 31 AI ones. <b>The shares differ by more than chance</b> (p = 0.002)" in text


def test_names_are_shown_as_text_and_never_as_markup(write):
    catalogue = pd.DataFrame(
        {"source": [SPECIAL], "published_split": ["train"], "width": [1], "height": [1], "format": [SPECIAL]}
    ).assign(reduction=1)
    text = write(
        title=SPECIAL,
        catalogue=catalogue,
        rejected=pd.DataFrame({"path": [SPECIAL], "reason": [SPECIAL], "origin": [None]}),
        splits={SPECIAL: catalogue.assign(partition="train", copy=0)},
    )
    page = Page(text)
    assert page.tags.count("script") == text.count("<script") == 1
    assert [SPECIAL, SPECIAL] in page.tables


def test_classes_and_variants_may_have_any_name(write, tmp_path: Path):
    variant = {
        "provenance": provenance(SPECIAL, SPECIAL),
        "metrics": metrics([SPECIAL, "values"]),
        "heatmaps": explained(),
        "regions": of_all(heat()),
        "faithfulness": checked(),
        "latent": points({"correct": 30}, 2, [SPECIAL, "values"])[1],
        "embedding": mapped({"correct": 30}, [SPECIAL, "values"])[1],
        "figures": tmp_path / "figures",
        "card": [{"heading": SPECIAL, "sentences": [SPECIAL]}],
        "external": None,
    }
    page = Page(write(variants={SPECIAL: variant}))
    assert page.tags.count("script") == 1
    assert [SPECIAL, *SCORES] in page.tables
    assert ["values", *SCORES] in page.tables


def test_the_report_describes_the_clusters_in_words(write, variant):
    summary = planted_clusters({"correct": 60, "misclassified": 6})
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"latent": summary}})
    chance = next(fit for fit in summary["fits"] if (fit["outcome"], fit["space"]) == ("correct", "full"))
    low, high = (chance["labels"]["style"]["nmi"]["chance"][end] for end in ("low", "high"))
    assert (
        f"Agreement of the clusters of the correct pictures in the full space with labels: style 1.00 (NMI; {low:.2f} "
        f"to {high:.2f} by chance), "
        "more than by chance, and 3 of 3 clusters are mostly of one style; source unknown (only one source)."
    ) in text
    assert (
        "clusters of the misclassified pictures in the full space with labels: style unknown (fewer than 10 pictures)"
        in text
    )
    assert "Agreement of the clusters of all pictures in the full space with labels: style 1.00" in text
    rows = Page(text).tables
    assert ["misclassified", "full", "source", "6", "fewer than 10 pictures"] in rows
    assert any(row[:4] == ["correct", "full", "style", "60"] and row[4].startswith("1.000 by chance") for row in rows)
    assert ["misclassified", "full", "6", "3", "fewer than 10 pictures", "fewer than 10 pictures"] in [
        [cell.strip() for cell in row] for row in rows
    ]
    assert any("style baroque: 100.0%" in row[4] and "p < 0.001, mostly one" in row[4] for row in rows if len(row) == 7)


def test_the_report_says_that_no_picture_is_misclassified(write, variant):
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"latent": planted_clusters({"correct": 30})}})
    assert "No test picture is misclassified." in text
    assert "clusters of all pictures in the full space with labels: style 1.00" in text
    assert "outcome unknown (only one outcome)" in text


def test_the_report_says_how_far_the_groups_spread(write, variant):
    summary = mapped({"correct": 60}, STYLES)[1]
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"embedding": summary}})
    by_source = summary["spread"][0]["groups"]
    rows = [[cell.strip() for cell in row] for row in Page(text).tables]
    for group in by_source:
        measure = group["purity"]
        name = group["group"] or f"all {group['origin']}"
        started = f"{measure['value']:.3f} {measure['low']:.3f} to {measure['high']:.3f}by chance"
        found = [row for row in rows if row[:2] == [name, str(group["pictures"])] and len(row) == 5]
        assert any(row[4].startswith(started) for row in found)
    assert sum(row[0] == "AI minus human" for row in rows) == 2
    few = write(variants={"v": variant("origin", ["ai", "human"])})
    assert "By style: not measured (fewer than 10 pictures)." in few


def test_the_report_shows_the_answers_to_the_statements_of_the_sources(write, variant):
    told = [sentence(), sentence(answer="cannot be judged", why="no such picture", measured="", supported=0, judged=0)]
    page = Page(write(variants={"v": variant("origin", ["ai", "human"])}, claims=ledger(claim()) | {"sentences": told}))
    rows = [["".join(cell.split()) for cell in row] for row in page.tables if "the heat lies below" in " ".join(row)]
    assert [row[1:] for row in rows] == [
        ["+9points", "supported", "2of3variants"],
        ["–", "cannotbejudgednosuchpicture", "0of0variants"],
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"regions": of_all(heat(low=0.2))},
            "Regions whose share of the heat exceeds their share of the area and every baseline: lower.",
        ),
        ({"regions": of_all(heat())}, f"In none of the {len(REGIONS)} regions does the share of the heat exceed"),
        ({"regions": of_all(heat()).assign(pictures=0)}, "No test picture has a heatmap with any heat."),
        (
            {"faithfulness": checked()},
            "The heatmaps are faithful. Averaged over the curves, the probability of the prediction is 20",
        ),
        ({"faithfulness": checked()}, "random weights, 12% of the similarity to the original heatmaps remains."),
        (
            {"faithfulness": checked(better=0)},
            "hiding the hot parts changes the prediction no more than random parts do",
        ),
        ({"faithfulness": checked(4)}, "The heatmaps do not pass the faithfulness tests: fewer than 10 pictures."),
        ({"faithfulness": checked() | {"cascade": NOTHING_LEFT}}, "depend on what the network learned is unknown."),
    ],
)
def test_the_report_says_in_words_where_the_heat_lies_and_whether_the_maps_are_faithful(
    write, variant, changes: dict, words: str
):
    assert words in " ".join(write(variants={"v": variant("origin", ["ai", "human"]) | changes}).split())


def warnings_of(text: str) -> list[str]:
    return re.findall(r"<b>Warning.</b> (.*?)</p>", text)


def test_shortcuts_that_the_audit_reports_give_a_warning_at_the_top(write, tmp_path: Path):
    found = {"margin": 0.05, "unusable": UNUSABLE, "raw": audited(True)}
    (warning,) = warnings_of(write(trust=trusted(audit=found)))
    assert "(guessing gives 0.5): AI or human: dimensions 0.90." in warning
    cured = found | {"harmonised": audited(False)}
    text = write(trust=trusted(audit=cured))
    assert warnings_of(text) == warnings_of(write()) == []
    assert "aspect ratio: median 768 for AI, 256 for human works" in text
    assert "After harmonising, as the networks see them" in text and "only 3 human" in text


def test_near_duplicates_in_training_give_a_warning_and_their_effect_is_shown(write, variant, tmp_path: Path):
    leaking = variant("origin", ["ai", "human"])
    leaking["metrics"] |= {"leaked": 6, "apart": {"balanced_accuracy": interval(0.61)}}
    text = write(variants={"v": leaking}, trust=trusted(leaks={"natural": leaked(6)}))
    (warning,) = warnings_of(text)
    assert "near duplicates in other partitions: 6 (10.0%) in train of the split natural" in warning
    assert "without the 6 test pictures that have a near duplicate in training, balanced accuracy is 61.0%" in text
    assert "train: 2 of 90" in text


def test_unseen_generators_repeats_and_external_pictures_are_shown_separately(write, variant, tmp_path: Path):
    unseen = {"variant": "v", "source": "dalle", "pictures": 33, "why": None, "elsewhere": None}
    unseen["trained_on"] = ["imagen", "flux"]
    unseen |= {"seen": detected(0.8), "unseen": detected(0.6)}
    unseen["difference"] = {"balanced_accuracy": interval(-0.2)}
    recall = {"seen": interval(0.9), "unseen": interval(0.3), "difference": interval(-0.6)}
    unseen["recall"] = [{"rate": 0.05, **recall}, {"rate": 0.01, **recall}]
    few = {"variant": "v", "source": "other", "pictures": 3, "why": "fewer than 10 test pictures"}
    few["trained_on"] = ["dalle"]
    spread = {"mean": interval(0.7), "deviation": 0.02, "lowest": 0.66, "highest": 0.74}
    seeds = [{"variant": "v", "networks": 3, "balanced_accuracy": spread, "roc_auc": spread}]
    elsewhere = variant("origin", ["ai", "human"]) | {"external": detected(0.55) | {"left_out": 4}}
    arms = {"unseen": [unseen, few], "seeds": seeds}
    text = write(variants={"v": elsewhere}, trust=trusted(arms=arms, external="Elsewhere"))
    tables = Page(text).tables
    assert any(row[:5] == ["v", "dalle", "imagen, flux", "33", "5%"] and "-60.0" in row[7] for row in tables)
    assert any(row[:5] == ["", "", "", "", "1%"] and "-60.0" in row[7] for row in tables)
    assert ["v", "other", "dalle", "3", "fewer than 10 test pictures"] in tables
    assert any(row[:2] == ["v", "3"] and "0.660 to 0.740" in row for row in tables)
    assert "Elsewhere: pictures from elsewhere" in text and "4 pictures are excluded because" in text
    assert "pictures from elsewhere" not in write()


def test_each_variant_has_its_model_card_and_each_pair_of_variants_is_compared(write):
    text = write()
    assert "Of a thousand human artists, about 95." in text
    assert any(row[0] == "one, two" and row[3:5] == ["9", "4"] for row in Page(text).tables)


def test_source_documents_are_cited_by_authors_title_and_link(write):
    claims = ledger(claim(), claim(source="000", citation="Abel, 2023"))
    address = claims["sources"]["004"]["link"] = "https://example.org/study?a=1&b=2"
    text = write(claims=claims)
    assert "Abel, Others: <i>Paintings, and machines that paint</i>" in text
    link = address.replace("&", "&amp;")
    assert f'Baker, Others: <a href="{link}" rel="noreferrer">Telling pictures apart</a>' in text
    words = " ".join(cell for row in Page(text).tables for cell in row)
    assert not re.search(r"(?<![\d,.])00[04]\b", words)


@pytest.mark.parametrize("styled", [["human", "midjourney"], ["midjourney"], []])
def test_every_part_of_the_report_is_written_if_sources_have_no_styles(write, variant, styled: list[str]):
    number = np.arange(90)
    features = np.eye(3, 8)[number % 3] * 9 + np.random.default_rng(0).normal(size=(90, 8))
    table = pd.DataFrame({"image_id": number.astype(str), "outcome": "correct"})
    table["source"] = np.array(["human", "midjourney", "diffusiondb"])[number % 3]
    table["origin"] = np.where(table["source"] == "human", "human", "ai")
    style = pd.Series(np.array(["baroque", "realism", "cubism"])[number % 3], dtype=object)
    table["style"] = style.where(table["source"].isin(styled))
    summary = latent(features, table, variance=0.9, clusters=3, permutations=99, refits=5, seed=0)[1]
    spread = {"pictures": 90, "spread": spreads(features.astype(np.float32), table, 0)}
    v = variant("source", ["human", "midjourney", "diffusiondb"]) | {"latent": summary, "embedding": spread}
    mistakes = SCHEMA.empty_table().to_pandas()
    page = Page(write(variants={"v": v}, mistakes=mistakes))
    clusters = [row for row in page.tables if row[:2] == ["correct", "full"] and len(row) == 7]
    assert [("style unknown" in row[4]) for row in clusters].count(True) == 3 - len(styled)
    assert all("source " in row[4] and row[5] for row in clusters)


def test_undefined_measures_are_shown_as_dashes_or_words(write, variant):
    unknown = {"value": None, "low": None, "high": None}
    half_known = {"value": 0.5, "low": None, "high": None}
    v = variant("origin", ["ai", "human"], majority=None, accuracy=half_known, balanced_accuracy=unknown)
    v["metrics"]["calibration"]["before"]["ece"] = unknown | {"chance": {"mean": None}}
    v["metrics"]["detection"]["majority"] = None
    text = write(variants={"v": v})
    rows = [[cell.strip() for cell in row] for row in Page(text).tables if row[0] == "v"]
    assert rows[0][3:7] == ["not defined", "0.500", "0.500– to –", "–"]
    words = re.sub("<(script|style)>.*?</(script|style)>", "", text, flags=re.DOTALL)
    assert not re.search(r"\bnan\b|>None<|None%", words)
