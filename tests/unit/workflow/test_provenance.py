"""Provenance values change if and only if the code of a job, a package or an external input changes."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

import brushprint
from brushprint.workflow.provenance import Memory, code

PACKAGE = Path(brushprint.__file__).parent
SCRIPT = '''"""What it does."""

from brushprint.data.catalogue import examples
from brushprint.settings.loading import load


def work(number):
    """Double it."""
    # twice
    return number * 2
'''


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """A function that returns the values of a script over a copy of the package with one module changed."""
    source = tmp_path_factory.mktemp("source")
    package = source / "brushprint"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))

    def values(module: str, change: Callable[[str], str], script: str = SCRIPT) -> list[str]:
        file, original = package / f"{module}.py", (package / f"{module}.py").read_text(encoding="utf-8")
        file.write_text(change(original), encoding="utf-8")
        (source / "script.py").write_text(script, encoding="utf-8")
        program = (
            "import json, sys; from pathlib import Path; from brushprint.workflow.provenance import Memory, code; "
        )
        program += "print(json.dumps(code(sys.argv[1], Memory(Path(sys.argv[2])))))"
        try:
            done = subprocess.run(
                [sys.executable, "-c", program, source / "script.py", source / "memory.json"],
                env=os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
                check=True,
                capture_output=True,
                text=True,
            )
        finally:
            file.write_text(original, encoding="utf-8")
        return json.loads(done.stdout)

    return values


@pytest.fixture(scope="module")
def before(copied) -> list[str]:
    return copied("data/catalogue", lambda text: text)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], list[str]]:
    """A function that returns the values of a script with the given text."""
    number = iter(range(100))

    def values(text: str) -> list[str]:
        file = tmp_path / str(next(number)) / "script.py"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
        return code(file, Memory(tmp_path / "memory.json"))

    return values


def test_the_values_are_the_script_its_modules_and_its_packages(script):
    first, *others = script(SCRIPT)
    assert first.startswith("script@")
    modules = {value.split("@")[0] for value in others if value.startswith("brushprint")}
    assert modules >= {
        *("brushprint", "brushprint.data", "brushprint.data.catalogue", "brushprint.data.archive"),
        *("brushprint.stats", "brushprint.stats.allocation", "brushprint.settings.schema", "brushprint.models.recipe"),
    }
    assert not modules & {f"brushprint.{name}" for name in ("data.split", "data.pixels", "training", "report")}
    assert {f"pillow@{version('pillow')}", f"pandas@{version('pandas')}", f"PyYAML@{version('PyYAML')}"} <= set(others)


def test_the_standard_library_and_packages_that_are_not_imported_do_not_appear(script):
    names = {value.split("@")[0] for value in script("import json\nimport re, os.path\n" + SCRIPT)[1:]}
    assert not names & (sys.stdlib_module_names | {"torch", "snakemake"})


def test_a_package_that_the_script_itself_imports_appears(script):
    assert f"scikit-learn@{version('scikit-learn')}" in script("from sklearn.cluster import KMeans\n")


def test_both_forms_of_importing_a_module_give_the_same_values(script):
    def listed(text: str) -> list[str]:
        return script(text)[1:]

    assert listed("from brushprint.stats import allocation\nfrom brushprint.core import tables") == listed(
        "import brushprint.stats.allocation\nimport brushprint.core.tables"
    )


def test_a_module_loaded_by_name_can_be_added(tmp_path: Path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    memory = Memory(tmp_path / "memory.json")
    common = code(tmp_path / "script.py", memory)
    more = code(tmp_path / "script.py", memory, ["brushprint.stats.allocation", "brushprint.core.digest"])
    added = set(more) - set(common)
    assert {value.split("@")[0] for value in added} <= {"brushprint.core.digest"}
    assert "brushprint.core.digest" in {value.split("@")[0] for value in more}


def test_cached_values_equal_computed_values_even_if_the_cache_was_damaged(tmp_path: Path) -> None:
    scripts = [tmp_path / name / "script.py" for name in ("first", "comment", "code")]
    for script, text in zip(
        scripts, (SCRIPT, SCRIPT.replace("twice", "two"), SCRIPT.replace("* 2", "* 3")), strict=True
    ):
        script.parent.mkdir()
        script.write_text(text, encoding="utf-8")
    found = [code(script, Memory(tmp_path / f"{script.parent.name}.json")) for script in scripts]
    assert found[0] == found[1] != found[2]
    memory = tmp_path / "memory.json"
    for held in (None, "", "[", '{"PIL": "gone", "sklearn": "scikit-learn"}'):
        if held is not None:
            memory.write_text(held, encoding="utf-8")
        for _ in range(2):
            assert [code(script, Memory(memory)) for script in scripts] == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# twice", "# two times"),
        ("    # twice\n", ""),
        ('"""Double it."""', '"""Another docstring."""'),
        ('    """Double it."""\n', ""),
        ('"""What it does."""\n\n', ""),
        ("\n\n\n", "\n\n"),
        ("number * 2", "(number\n        * 2)"),
        ("import load", "import (\n    load,\n)"),
    ],
)
def test_comments_docstrings_and_formatting_change_nothing(script, old: str, new: str):
    assert old in SCRIPT
    assert script(SCRIPT.replace(old, new)) == script(SCRIPT)


@pytest.mark.parametrize(
    ("old", "new"), [("number * 2", "number * 3"), ("return number", "number"), ("(number)", "(number=1)")]
)
def test_a_changed_line_of_the_script_changes_only_the_value_of_the_script(script, old: str, new: str):
    (own, *rest), (changed, *others) = script(SCRIPT), script(SCRIPT.replace(old, new))
    assert own != changed
    assert rest == others


@pytest.mark.parametrize("module", ["data/catalogue", "stats/allocation", "data/__init__", "__init__"])
def test_a_changed_line_of_a_module_changes_only_the_value_of_that_module(copied, before, module: str):
    after = copied(module, lambda text: text + "\nchanged = True\n")
    name = f"brushprint.{module.replace('/', '.')}".removesuffix(".__init__")
    assert {value.split("@")[0] for value in set(before) ^ set(after)} == {name}


@pytest.mark.parametrize("module", ["atomic", "errors", "job_log", "locks"])
def test_a_changed_line_of_an_exempt_module_changes_nothing(copied, before, module: str):
    assert copied(f"core/{module}", lambda text: text + "\nimport torch\nchanged = True\n") == before


def test_a_changed_line_of_a_module_that_the_script_does_not_reach_changes_nothing(copied, before):
    assert copied("data/split", lambda text: text + "\nchanged = True\n") == before


def test_reformatting_a_module_changes_nothing(copied, before):
    assert copied("data/catalogue", lambda text: "# a comment\n" + ast.unparse(ast.parse(text))) == before


def test_a_new_import_in_a_module_adds_what_it_imports(copied, before):
    after = copied("stats/allocation", lambda text: text + "\nimport brushprint.core.tables\nimport yaml\n")
    names = {value.split("@")[0] for value in set(after) - set(before)}
    assert names == {"brushprint.stats.allocation", "brushprint.core.tables", "brushprint.core", "pyarrow"} - {
        value.split("@")[0] for value in before if value.split("@")[0] != "brushprint.stats.allocation"
    }


# Digests of external inputs.
