"""The recipes of docs/contributing/architecture.md, followed as written in a copy of the finished project."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import REPOSITORY, run, snakemake

GUIDE = (REPOSITORY / "docs/contributing/architecture.md").read_text()
RECIPES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
STEP = re.compile(
    r"(?:(?P<write>Write\s+`(?P<new>[^`]+)`)"
    r"|(?P<append>[Aa]ppend\s+[^`]*?to\s+`(?P<long>[^`]+)`)"
    r"|in\s+`(?P<file>[^`]+)`,\s+below\s+`(?P<anchor>[^`]+)`):\n\n```\w+\n(?P<text>.*?)```"
    r"|```sh\n(?P<commands>.*?)```",
    re.DOTALL,
)


def follow(project: Path, recipe: str) -> list[str]:
    """Follow the steps of a recipe; return what its commands print."""
    printed = []
    for step in STEP.finditer(RECIPES[recipe]):
        if step["commands"]:
            for command in step["commands"].splitlines():
                words = command.replace("--cores all", "--cores 2").split()
                printed.append(run(project, *words))
        elif step["write"]:
            (project / step["new"]).write_text(step["text"])
        elif step["append"]:
            with (project / step["long"]).open("a") as file:
                file.write(f"\n\n{step['text']}" if step["long"].endswith((".py", ".smk")) else step["text"])
        else:
            file = project / step["file"]
            before, anchor, after = file.read_text().partition(f"{step['anchor']}\n")
            assert anchor, f"{step['anchor']!r} is not in {step['file']}"
            file.write_text(before + anchor + step["text"] + after)
    return printed


@pytest.mark.parametrize(
    ("recipe", "made"),
    [
        ("Add an architecture", "variants/two-layers/metrics.json"),
        ("Add a figure", "variants/cifake-32/figures/loss-gap.png"),
        ("Add a rule", "variants/cifake-32/confident-errors.csv"),
        ("Add a claim", "claims.json"),
    ],
)
def test_following_a_recipe_makes_the_promised_file(project: Path, recipe: str, made: str) -> None:
    printed = follow(project, recipe)
    assert printed
    assert (project / "results/sample" / made).exists()
    if recipe == "Add a rule":
        errors = pd.read_csv(project / "results/sample" / made)
        assert (errors["label"] != errors["predicted"]).all()
        assert "rule confident_errors" in snakemake(project, "-n", "--forceall", "all")
    if recipe == "Add a claim":
        assert "about 92 %" in printed[-1]


def test_every_recipe_has_a_test() -> None:
    assert set(RECIPES) == {"Add an architecture", "Add a figure", "Add a rule", "Add a claim"}
