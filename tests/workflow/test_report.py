"""Snakemake's own report shows the figures and the runs, and needs no network."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import contents, run

OFFLINE = ("unshare", "--net", "--map-root-user")


def report(project: Path) -> dict[str, str]:
    """Make Snakemake's report without network; return its variables by name, and the whole page as `page`."""
    if not shutil.which("unshare") or subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let its user take the network away (unshare)")
    run(project, *OFFLINE, "snakemake", "--report", "report.html")
    page = (project / "report.html").read_text()
    variables = re.findall(r'<script id="[\w-]+">\s*var (\w+) = (.*);\s*</script>', page)
    return dict(variables) | {"page": page}


def test_snakemakes_report_shows_the_figures_and_the_runs_and_needs_no_network(project: Path) -> None:
    before = contents(project)
    told = report(project)
    assert contents(project) == before
    assert "report.html" not in run(project, "git", "status", "--short")

    assert set(json.loads(told["categories"])) == {"All variants", "simple-cnn", "cifake-32"}
    results = json.loads(told["results"])
    shown = {f"results/{name}" for name in before if name.endswith((".png", ".jpg", "metrics.json"))}
    assert set(results) == shown
    for file, result in results.items():
        assert "<strong>Synthetic sample</strong>" in result["caption"]
        assert result["job_properties"]["rule"] in (
            *("figures", "examples", "copies_examples", "evaluate", "compare", "collection_figures"),
            "corrupted_examples",
        )
        if "variants/" in file:
            assert f"<strong>{Path(file).parts[3]}</strong>" in result["caption"]
    assert len({(Path(file).parts[:4], *result["labels"].values()) for file, result in results.items()}) == len(shown)
    assert "system-message" not in "".join(result["caption"] for result in results.values()) + told["workflow_desc"]

    commit = run(project, "git", "rev-parse", "--short=12", "HEAD").strip()
    logs = len(list((project / "logs/sample").glob("*.log")))
    assert f"at 1: commit {commit} on " in told["workflow_desc"]
    assert f"sample: {logs} jobs" in told["workflow_desc"]
    assert "without a time" not in told["workflow_desc"]
    assert "<strong>Synthetic sample</strong>" in told["workflow_desc"]
    assert not re.findall(r"""<(?:link|script|img|iframe)[^>]*(?:src|href)=["']?(?:https?:)?//""", told["page"])


def test_snakemakes_report_of_results_from_elsewhere_says_that_there_are_no_logs(project: Path) -> None:
    shutil.rmtree(project / "logs")
    assert "No logs in logs/sample/" in report(project)["workflow_desc"]
