"""The claims file: the content of the shipped file, and the errors for mistakes in a claims file."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from brushprint.core.errors import UserError
from brushprint.report import claims_schema
from brushprint.report.claims_schema import Claim, load
from tests.conftest import REPOSITORY

SHIPPED = REPOSITORY / "config/claims.yaml"


def shipped() -> dict[str, Claim]:
    """The claims of the shipped file, by id."""
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


def test_every_measure_and_every_partition_has_a_name():
    assert set(claims_schema.MEASURES) == set(get_args(claims_schema.Measure))
    assert set(claims_schema.PARTITIONS) == set(get_args(claims_schema.Partition))


def test_every_source_document_is_cited_by_title_and_authors():
    citations = [source.citation for source in load(SHIPPED).sources.values()]
    for citation in citations:
        assert citation.short.startswith(citation.authors[0].split()[-1])
        assert citation.title.startswith(citation.short.partition(", ")[2])
    assert len({citation.short for citation in citations}) == len(citations)


def test_the_readme_cites_every_source_document():
    readme = (REPOSITORY / "README.md").read_text()
    for source in load(SHIPPED).sources.values():
        title = source.citation.title
        cited = f"[{title}]({source.citation.link})" if source.citation.link else title
        assert f"| {cited} | {', '.join(source.citation.authors)} |" in readme


def test_a_source_without_a_citation_is_refused(tmp_path: Path):
    shipped = yaml.safe_load(SHIPPED.read_text())
    del shipped["sources"]["002"]["citation"]
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(shipped))
    with pytest.raises(UserError, match=r"sources\.002\.citation: missing; add it$"):
        load(tmp_path / "claims.yaml")


def test_importing_the_schema_does_not_import_pandas_numpy_or_scipy():
    """Snakemake reads the claims file at every start, so this must be fast."""
    heavy = "import sys, brushprint.report.claims_schema; print({'pandas', 'numpy', 'scipy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_variant_with_a_claim_lists_the_details_that_its_source_leaves_open():
    for source in load(SHIPPED).sources.values():
        assert set(source.claims) - {"collection"} <= {name for entry in source.open for name in entry.variants}


def test_no_text_of_the_shipped_file_is_longer_than_100_characters():
    sources = yaml.safe_load(SHIPPED.read_text())["sources"].values()
    assert max(len(text) for source in sources for text in texts(source | {"citation": None})) <= 100


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
def test_the_shipped_figures_equal_those_of_the_sources(place: str, published: list[str], n: int | None):
    source, variant, measure, of, partition = place.split("/")
    claims = [
        claim
        for claim in load(SHIPPED).sources[source].claims[variant]
        if (claim.measure, claim.of or "", claim.partition) == (measure, of, partition)
    ]
    assert [claim.published for claim in claims] == published
    assert {claim.n for claim in claims} == {n}


def test_impossible_claims_are_marked_and_a_claim_may_be_directional():
    claims = shipped()
    assert {claim.id for claim in claims.values() if claim.impossible} == {"000-latent-width", "003-source-top-5"}
    assert claims["002-aggressive-worse"].worse_than == "resnet18-frozen"


def test_the_uncertainty_of_a_published_figure_combines_its_rounding_and_its_sample_size():
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
        ("published: 91.49 %", "published: 101.49 %", "above the maximum"),
        ("id: 000-accuracy", "id: 001-accuracy", "the id must begin with '000-'"),
        ("id: 000-report-accuracy", "id: 000-accuracy", "be unique"),
        ("measure: accuracy, published: 91.49 %", "measure: acuracy, published: 91.49 %", "'accuracy'"),
        ("measure: accuracy, published: 91.49 %", "measure: accuracy", "either `published` or `worse_than`"),
        ("measure: accuracy, published: 91.49 %, n: 30000", "measure: correct, of: ai, n: 3", "either `published`"),
        ("measure: precision, of: ai,", "measure: precision,", "needs a class"),
        ('measure: loss, published: "0.3549"', "measure: loss, published: 35 %", "is not a percentage"),
        ("accuracy, partition: train, published: at", "accuracy, published: at", "is possible only for"),
        ("measure: styles", "measure: classes", "is not a measure of a collection"),
        ('published: "17,608", n: 20000', 'published: "17,608", n: 2000', "above `n`"),
        ("authors: [Viktoriia Ovsianik]", "authors: []", "must not be empty"),
        ("      short: Ovsianik, Artistic Insights\n", "", "missing; add it"),
        ("link: https://github.com/nibras", "link: github.com/nibras", "match pattern"),
    ],
)
def test_a_mistake_in_the_file_is_reported_in_one_line_that_names_it(tmp_path: Path, old: str, new: str, words: str):
    file, text = tmp_path / "claims.yaml", SHIPPED.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as raised:
        load(file)
    line = str(raised.value)
    assert line.startswith(f"{file}: sources.00")
    assert words in line
    assert "\n" not in line


def test_a_missing_or_invalid_file_is_reported_in_one_line(tmp_path: Path):
    for text in (None, "sources: [", "3", "sources: {}"):
        file = tmp_path / "claims.yaml"
        if text:
            file.write_text(text)
        with pytest.raises(UserError) as raised:
            load(file)
        assert str(raised.value).startswith(f"{file}: ")
        assert "\n" not in str(raised.value)


LOWER = {"id": "000-lower", "says": "the heat lies below", "region": "lower", "of": "correct"}


@pytest.mark.parametrize("change", [{"clusters": "correct"}, {"region": None, "of": None}, {"of": None}])
def test_a_statement_asks_for_exactly_one_measurement(change: dict, tmp_path: Path) -> None:
    shipped = yaml.safe_load((REPOSITORY / "config/claims.yaml").read_text())
    entry = {name: value for name, value in (LOWER | change).items() if value}
    shipped["sources"]["000"]["sentences"]["tapering-cnn"].append(entry)
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(shipped))
    with pytest.raises(UserError, match="000-lower: give either `region` and `of`, or `clusters`, or `apart`"):
        load(tmp_path / "claims.yaml")
