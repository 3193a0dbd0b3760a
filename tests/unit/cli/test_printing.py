"""Answers are printed as text, JSON and CSV; tables, comparisons, claims and errors as text."""

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from brushprint.cli import printing
from brushprint.predict.answer import Answer


class Results:
    """Results whose variants all were, or all were not, trained on the embedded sample."""

    def __init__(self, *, synthetic: bool) -> None:
        self._synthetic = synthetic

    def synthetic(self, variant: str) -> bool:
        return self._synthetic


REAL, SAMPLE = Results(synthetic=False), Results(synthetic=True)


def row(variant: str = "small", partition: str | None = None, picture: str = "a.jpg") -> SimpleNamespace:
    """The answer of a variant of the task `source_style` about a picture."""
    sources, styles = {"latent_diffusion": 0.876, "human": 0.124}, {"art_nouveau": 0.6, "baroque": 0.4}
    return SimpleNamespace(
        picture=Path(picture),
        sha256="ab" * 32,
        variant=variant,
        answer=Answer("ai", 0.876, "latent_diffusion art_nouveau", sources, styles),
        probabilities={"latent_diffusion art_nouveau": 0.876, "human baroque": 0.124},
        partition=partition,
        heatmap=None,
    )


def binary_row(variant: str = "binary") -> SimpleNamespace:
    """The answer of a variant of the task `origin`, whose classes name no source or style, about a picture."""
    answer = Answer("unsure", 0.5, "ai", None, None)
    return SimpleNamespace(**vars(row(variant)) | {"answer": answer, "heatmap": Path("maps/a.png")})


def test_an_error_stays_on_one_line(capsys: pytest.CaptureFixture) -> None:
    printing.print_error("two\nlines\x1b[0m\u2028é: bad")
    assert capsys.readouterr() == ("", "error: two\\nlines\\x1b[0m\\u2028é: bad\n")


def test_a_table_is_aligned_without_spaces_at_its_end(capsys: pytest.CaptureFixture) -> None:
    printing.print_table([("name", "x"), ("a", "10"), ("longer", "1")], indent="> ")
    assert capsys.readouterr().out == "> name    x\n> a       10\n> longer  1\n"


def test_text_answers_show_a_block_for_each_picture_and_then_the_warnings(capsys: pytest.CaptureFixture) -> None:
    printing.print_answers([[row(), binary_row()]], SAMPLE, ["small", "binary"])
    assert capsys.readouterr().out.splitlines() == [
        "a.jpg",
        "variant  verdict  AI   source                style",
        "small    ai       88%  latent diffusion 88%  art nouveau 60%",
        "binary   unsure   50%  -                     -",
        "",
        *printing.NO_PROOF.splitlines(),
        printing.SYNTHETIC,
    ]


@pytest.mark.parametrize(
    ("partitions", "lines"),
    [
        ((None, None), []),
        (("train", None), ["Training picture of first."]),
        (("train", "test"), ["Training picture of first.", "Test picture of second."]),
        (("validation", "validation"), ["Validation picture of every variant."]),
    ],
)
def test_training_and_test_pictures_of_a_variant_are_marked(partitions, lines, capsys: pytest.CaptureFixture) -> None:
    rows = [row(name, partition) for name, partition in zip(("first", "second"), partitions, strict=True)]
    printing.print_answers([rows], REAL, ["first", "second"])
    assert [line for line in capsys.readouterr().out.splitlines() if "picture of" in line] == lines


def test_a_single_variant_is_named_and_not_called_every_variant(capsys: pytest.CaptureFixture) -> None:
    printing.print_answers([[row("only", "train")]], REAL, ["only"])
    assert "\nTraining picture of only.\n" in capsys.readouterr().out


def test_without_answers_text_output_is_empty_and_json_and_csv_output_is_valid(capsys: pytest.CaptureFixture) -> None:
    printing.print_answers([], SAMPLE, ["small"])
    assert capsys.readouterr().out == ""
    printing.print_answers_as_json([], SAMPLE, ["small"])
    assert capsys.readouterr().out == "[]\n"
    printing.print_answers_as_csv([], SAMPLE, ["small"])
    assert capsys.readouterr().out.count("\n") == 1


def test_json_answers_contain_every_probability(capsys: pytest.CaptureFixture) -> None:
    printing.print_answers_as_json([[row()], [binary_row()]], SAMPLE, ["small", "binary"])
    first, second = json.loads(capsys.readouterr().out)
    assert first["probabilities"] == {"latent_diffusion art_nouveau": 0.876, "human baroque": 0.124}
    assert (first["picture"], first["verdict"], first["ai"], first["heatmap"]) == ("a.jpg", "ai", 0.876, None)
    assert (second["sources"], second["heatmap"], second["synthetic"]) == (None, "maps/a.png", True)


def test_csv_answers_contain_the_most_probable_source_and_style(capsys: pytest.CaptureFixture) -> None:
    printing.print_answers_as_csv([[row(picture="two, or\nmore.jpg"), binary_row()]], REAL, ["small", "binary"])
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (first["picture"], first["source"], first["style"]) == (
        "two, or\nmore.jpg",
        "latent_diffusion",
        "art_nouveau",
    )
    assert (second["source"], second["style"], second["synthetic"]) == ("", "", "False")
    assert "probabilities" not in first


def test_variants_are_shown_in_per_cent_with_their_intervals(capsys: pytest.CaptureFixture) -> None:
    figures = {
        "balanced_accuracy": {"value": 0.8123, "low": 0.77, "high": 0.85},
        "false_alarms": {"value": 0.1, "low": None, "high": None},
        "unsure": {"value": None, "low": None, "high": None},
    }
    record = {"variant": "small", "task": "origin", "pixels": 32, "guessing": 0.5, **figures}
    printing.print_variants([record], recommended="small")
    best, _, header, line, *_ = capsys.readouterr().out.splitlines()
    assert best == "Recommended: small"
    assert header.split("  ")[0] == "variant"
    assert line.split() == ["small", "origin", "81", "(77–85)", "50", "10", "-"]


CITATION = {"title": "Art Critique", "authors": ["Urban", "Stanczyk"], "short": "Urban et al.", "link": None}
CLAIM = {
    "id": "000-accuracy",
    "source": "000",
    "citation": "Urban et al.",
    "what": "test accuracy",
    "variant": "small",
    "collection": "ai-artbench",
    "published": "91.49 %",
    "obtained": {"value": 90.123, "low": 89.5, "high": 90.75},
    "unit": "%",
    "decimals": 2,
    "verdict": "close",
    "why": ["within 2 percentage points"],
}


@pytest.mark.parametrize(
    ("changes", "obtained"),
    [
        ({}, "90.12 % (89.50 to 90.75)"),
        ({"obtained": None}, "-"),
        (
            {"obtained": {"value": 20000.0, "low": None, "high": None}, "unit": "pictures", "decimals": 0},
            "20,000",
        ),
    ],
)
def test_a_claim_is_shown_in_its_own_unit(changes, obtained, capsys: pytest.CaptureFixture) -> None:
    claim = CLAIM | changes
    printing.print_claims([claim])
    citation, _, line, _ = capsys.readouterr().out.splitlines()
    assert citation == "000: Urban et al. (ai-artbench)"
    assert line.split() == ["000-accuracy", "91.49", "%", *obtained.partition(" (")[0].split(), "close"]
    printing.print_claim(claim, CITATION)
    assert capsys.readouterr().out.splitlines() == [
        "000-accuracy: test accuracy, of small (ai-artbench)",
        "  source     Art Critique",
        "             Urban, Stanczyk",
        "  published  91.49 %",
        f"  obtained   {obtained}",
        "  verdict    close: within 2 percentage points",
    ]


def test_a_claim_about_a_collection_names_it(capsys: pytest.CaptureFixture) -> None:
    printing.print_claim(CLAIM | {"variant": None, "why": []}, CITATION)
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "000-accuracy: test accuracy, of the collection (ai-artbench)"
    assert last == "  verdict    close"


def test_claims_are_grouped_by_their_source_document(capsys: pytest.CaptureFixture) -> None:
    other = CLAIM | {"id": "004-loss", "source": "004", "citation": "Sajjad, AI art"}
    printing.print_claims([CLAIM, CLAIM | {"id": "000-loss"}, other])
    lines = [line.split("  ")[0] or line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    assert lines == [
        *("000: Urban et al. (ai-artbench)", "claim", "000-accuracy", "000-loss"),
        *("004: Sajjad, AI art (ai-artbench)", "claim", "004-loss"),
    ]


def test_claims_that_cannot_be_compared_give_the_reason_once(capsys: pytest.CaptureFixture) -> None:
    here = CLAIM | {"verdict": "not comparable", "why": ["shortened run"]}
    elsewhere = CLAIM | {"id": "003-loss", "source": "003", "citation": "rohit-ravi2", "collection": "human-ai-artwork"}
    elsewhere |= {"verdict": "not comparable", "why": ["shortened run", "another collection"]}
    printing.print_claims([here, elsewhere])
    assert capsys.readouterr().out.splitlines() == [
        "000: Urban et al. (ai-artbench)",
        "  none of 1 claims compared: shortened run",
        "  claim         published  obtained  verdict",
        "  000-accuracy  91.49 %    90.12 %   not comparable",
        "",
        "003: rohit-ravi2 (human-ai-artwork)",
        "  none of 1 claims compared: shortened run, another collection",
        "",
    ]
    printing.print_claims([elsewhere])
    assert "003-loss" in capsys.readouterr().out


def test_a_claim_may_have_a_link(capsys: pytest.CaptureFixture) -> None:
    printing.print_claim(CLAIM, CITATION | {"link": "https://example.org/study"})
    assert "             https://example.org/study\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("paired", "line"),
    [
        (None, "not comparable: no test picture in common, or another task"),
        ((0.0123, 0.0004), "first - second: +1.2 points (-0.5 to +3.0), 1,300 test"),
        ((-0.01, 0.25), "first - second: -1.0 points (-0.5 to +3.0), 1,300 test"),
    ],
)
def test_a_comparison_of_runs_lists_figures_settings_data_and_code(paired, line, capsys: pytest.CaptureFixture) -> None:
    interval = {"value": 0.8, "low": 0.7, "high": 0.9}
    figures = None
    if paired:
        value, p = paired
        figures = {"difference": {"value": value, "low": -0.005, "high": 0.03}, "p_corrected": p, "pictures": 1300}
        figures |= {"first_alone": 5, "second_alone": 4}
    printing.print_comparison(
        [
            {
                "variant": "small",
                "balanced_accuracy": {"first": interval, "second": interval},
                "paired": figures,
                "settings": {"recipe.epochs": [2, None]},
                "data": ["pixels"],
                "code": ["torch", "brushprint.models.head"],
            }
        ]
    )
    more = [f"    pictures, {'p < 0.001' if p < 0.001 else f'p = {p:.3f}'}"] if paired else []
    assert capsys.readouterr().out.splitlines() == [
        "small",
        "  balanced accuracy  80.0 (70.0 to 90.0), 80.0 (70.0 to 90.0)",
        f"  accuracy           {line}",
        *more,
        "  recipe.epochs  2, null",
        "  different data: pixels",
        "  different code: torch, brushprint.models.head",
        "",
    ]


@pytest.mark.parametrize(("runs", "warned"), [([REAL, SAMPLE], True), ([REAL, REAL], False), ([SAMPLE], True)])
def test_the_sample_warning_is_printed_if_any_run_used_the_sample(runs, warned, capsys: pytest.CaptureFixture) -> None:
    printing.print_synthetic(runs, ["small"])
    assert (printing.SYNTHETIC in capsys.readouterr().out) == warned
