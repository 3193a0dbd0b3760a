"""The benchmarks run on little data and print tables for people; no times are asserted."""

import re
import sys
from pathlib import Path

import jsonschema
import pytest

from brushprint.settings.json_schema import json_schema
from tests.conftest import REPOSITORY, run

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import size
from run import LONG, SHORT

PLACE = r"<!-- benchmark: (\w+) -->\n(.*?)<!-- /benchmark -->"


def places() -> list[tuple[str, str]]:
    """The name of each place in the docs where a benchmark puts its table, and the content of the place."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(Path(REPOSITORY, "docs").rglob("*.md"))]
    return [place for text in texts for place in re.findall(PLACE, text, re.DOTALL)]


def check_table(text: str) -> None:
    """Check a Markdown table and the line that names the machine of the measurement."""
    *rows, empty, machine = text.strip().split("\n")
    assert len(rows) > 2 and not empty
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert re.fullmatch(r"[-| ]+", rows[1])
    assert re.fullmatch(r".+, \d+ cores?, torch \S+, commit \w+( with changes)?\.", machine)


# `size` is left out, because it runs two workflows even with `--quick`.
NAMES = [name for name in [*SHORT, *LONG] if name != "size"]


@pytest.mark.parametrize("names", [NAMES[::2], NAMES[1::2]], ids=" ".join)
def test_benchmarks_print_the_tables_that_belong_in_the_docs(names: list[str]) -> None:
    said = run(REPOSITORY, "python", "benchmarks/run.py", *names, "--quick")
    *parts, rest = re.split(r"^(\w+): \d+ s\n", said, flags=re.MULTILINE)
    assert (parts[1::2], rest) == (names, "")
    for part in parts[::2]:
        found = re.findall(PLACE, part, re.DOTALL)
        assert found
        for place, text in found:
            assert [known for known, _ in places()].count(place) == 1
            check_table(text)


def test_the_settings_of_the_benchmark_of_sizes_are_valid() -> None:
    jsonschema.validate(size.OVERLAY | {"variants": size.VARIANTS}, json_schema())


def test_every_place_in_the_docs_has_a_benchmark() -> None:
    code = [file.read_text(encoding="utf-8") for file in Path(REPOSITORY, "benchmarks").glob("*.py")]
    for name, _ in places():
        assert any(f'"{name}": ' in text for text in code), name
