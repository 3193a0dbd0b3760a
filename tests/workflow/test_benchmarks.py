"""The benchmarks run, on little; what they print is for people, and no time is asserted."""

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, run

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

from run import LONG, SHORT

PLACE = r"<!-- benchmark: (\w+) -->\n(.*?)<!-- /benchmark -->"


def places() -> list[tuple[str, str]]:
    """The name of each place in the docs where a benchmark puts its table, and what is there."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(Path(REPOSITORY, "docs").rglob("*.md"))]
    return [place for text in texts for place in re.findall(PLACE, text, re.DOTALL)]


def check_table(text: str) -> None:
    """A Markdown table and the line that says where it was measured."""
    *rows, empty, machine = text.strip().split("\n")
    assert len(rows) > 2 and not empty
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert re.fullmatch(r"[-| ]+", rows[1])
    assert re.fullmatch(r".+, \d+ cores?, torch \S+, commit \w+( with changes)?\.", machine)


# `size` runs two workflows, whatever the size.
NAMES = [name for name in [*SHORT, *LONG] if name != "size"]


@pytest.mark.parametrize("names", [NAMES[::2], NAMES[1::2]], ids=" ".join)
def test_benchmarks_give_the_tables_that_the_docs_have_a_place_for(names: list[str]) -> None:
    said = run(REPOSITORY, "python", "benchmarks/run.py", *names, "--quick")
    *parts, rest = re.split(r"^(\w+): \d+ s\n", said, flags=re.MULTILINE)
    assert (parts[1::2], rest) == (names, "")
    for part in parts[::2]:
        found = re.findall(PLACE, part, re.DOTALL)
        assert found
        for place, text in found:
            assert [known for known, _ in places()].count(place) == 1
            check_table(text)


def test_every_place_in_the_docs_has_a_benchmark() -> None:
    code = [file.read_text(encoding="utf-8") for file in Path(REPOSITORY, "benchmarks").glob("*.py")]
    for name, _ in places():
        assert any(f'"{name}": ' in text for text in code), name
