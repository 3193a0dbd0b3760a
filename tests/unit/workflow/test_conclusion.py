"""A run ends with five lines that state its conclusion."""

import json
from collections import Counter
from pathlib import Path

import pytest

from brushprint.workflow.conclusion import conclusion

AUDIT = {
    "margin": 0.05,
    "raw": [
        {"question": "AI or human", "features": "file size", "reported": True},
        {"question": "AI or human", "features": "dimensions", "reported": False},
        {"question": "AI or human", "features": "all features together", "reported": True},
        {"question": "gan or human", "features": "dimensions", "reported": True},
    ],
}


def share(value: float | None) -> dict[str, float | None]:
    return {"value": value, "low": value and value - 0.05, "high": value and value + 0.05}


def write_claims(results: Path, judged: list[list]) -> None:
    """Write the claims with the verdict and the reasons of each."""
    claims = [{"verdict": verdict, "why": why} for verdict, why in judged]
    verdicts = dict(Counter(verdict for verdict, _ in judged))
    (results / "claims.json").write_text(json.dumps({"verdicts": verdicts, "claims": claims}))


def write_recommended(results: Path, *, why: str | None = None, **changes: object) -> None:
    detection = {
        "balanced_accuracy": share(0.6),
        "false_alarms": share(0.125),
        "roc_auc": share(0.75),
        "human": 1200,
        "ai": 1300,
    }
    found = {"variant": "second", "why": why, "detection": detection | changes}
    (results / "recommended.json").write_text(json.dumps(found))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_recommended(tmp_path)
    (tmp_path / "audit.json").write_text(json.dumps(AUDIT))
    write_claims(
        tmp_path, [["reproduced", []]] * 3 + [["below", []]] * 2 + [["not comparable", ["no such figure"]]] * 4
    )
    return tmp_path


def test_a_run_ends_with_the_recommended_variant_its_false_alarms_the_shortcuts_and_the_claims(results: Path) -> None:
    assert conclusion(results) == [
        "Recommended   second: 60% balanced accuracy, guessing gives 50% (55–65%)",
        "False alarms  125 of 1,000 human works called AI (75–175), from 1,200",
        "Shortcuts     1 of 2 reported: file size",
        "Claims        3 reproduced of 5 compared; 9 are published",
        f"Report        {results}/report/index.html",
    ]


def test_with_too_few_pictures_to_call_any_ai_the_run_says_so(results: Path) -> None:
    write_recommended(results, why="fewer than 19 human validation pictures")
    assert conclusion(results)[0] == "Recommended   second: too few pictures to call any AI; ROC AUC 0.75 (0.70–0.80)"


def test_if_no_claim_is_compared_the_common_reasons_are_given(results: Path) -> None:
    both = ["synthetic sample", "shortened run"]
    write_claims(results, [["not comparable", both], ["not comparable", [*both, "no such figure"]]])
    assert "Claims        none of 2 compared: synthetic sample, shortened run" in conclusion(results)


def test_shortcuts_are_counted_in_the_harmonised_pictures_if_there_are_any(results: Path) -> None:
    harmonised = [row | {"reported": False} for row in AUDIT["raw"]]
    (results / "audit.json").write_text(json.dumps(AUDIT | {"harmonised": harmonised}))
    assert "Shortcuts     0 of 2 reported" in conclusion(results)


def test_many_shortcuts_fit_into_80_columns(results: Path) -> None:
    rows = [{"question": "AI or human", "features": f"shortcut {number}", "reported": True} for number in range(20)]
    (results / "audit.json").write_text(json.dumps({"raw": rows}))
    [line] = [line for line in conclusion(results) if line.startswith("Shortcuts")]
    assert len(line) <= 80
    assert line.endswith(", …")


def test_without_human_test_pictures_no_false_alarm_rate_is_stated(results: Path) -> None:
    write_recommended(results, false_alarms=share(None))
    assert "False alarms  no human test pictures" in conclusion(results)


def test_too_few_test_pictures_qualify_the_figure(results: Path) -> None:
    write_recommended(results, ai=48)
    assert conclusion(results)[0] == "Recommended   second: 60% balanced accuracy, but too few pictures (55–65%)"
