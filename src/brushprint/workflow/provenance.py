"""The provenance of an artifact: digests of the code, versions of the packages, digests of external files.

Snakemake reruns a job if its params have changed. The params of each rule therefore include one value for each module
that its script imports, directly or indirectly, and one value for each third-party package. These values change exactly
when the job's code changes.
"""

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import grimp

from brushprint.core.atomic import replacing
from brushprint.core.digest import recalled, sha256

PACKAGE = "brushprint"
SOURCE = Path(__file__).parents[2]
# These modules only report, lock and move files. A change in one of them changes no result, so it reruns no job.
EXEMPT = {f"{PACKAGE}.core.{name}" for name in ("atomic", "errors", "job_log", "locks")}


_content, _installed, _distributions = cache(sha256), cache(version), cache(packages_distributions)


class Memory:
    """A cache of the digests of modules, by content, and of the distributions that packages belong to.

    The cache file may be deleted at any time.
    """

    def __init__(self, file: Path) -> None:
        """Read the cache file; a missing or damaged file counts as empty."""
        self._file, self._known, self._kept = file, recalled(file), True

    def digest(self, module: Path) -> str:
        """The digest of a module's syntax tree; see `code`."""
        # The cache key includes this file, because the digest depends on the algorithm.
        content = f"{_content(module)} {_content(Path(__file__))}"
        return self._known.get(content) or self._learn(content, _digest(module))

    def version(self, package: str) -> str:
        """The distribution that a package belongs to, with its installed version: `distribution@version`."""
        try:
            distribution = self._known[package]
            return f"{distribution}@{_installed(distribution)}"
        except (KeyError, PackageNotFoundError):
            distribution = self._learn(package, _distributions().get(package, [package])[0])
            return f"{distribution}@{_installed(distribution)}"

    def _learn(self, name: str, value: str) -> str:
        self._known[name], self._kept = value, False
        return value

    def keep(self) -> None:
        """Write the cache file if entries were added."""
        if not self._kept:
            # Several processes may write at once. Each writes its own file, and the last one replaces the others.
            own = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            with replacing(own) as part:
                part.write_text(json.dumps(self._known))
            own.replace(self._file)
            self._kept = True


@cache
def _imports() -> grimp.ImportGraph:
    graph = grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)
    for module in EXEMPT & graph.modules:
        graph.remove_module(module)
    return graph


def code(script: str | Path, memory: Memory, modules: Iterable[str] = ()) -> list[str]:
    """The code that a script's results depend on: `script@digest`, then `module@digest` and `package@version`, sorted.

    A digest covers the syntax tree without docstrings, so that comments and formatting do not change it. `modules` are
    further modules of brushprint that the script loads by name. `EXEMPT` modules are excluded, and so are modules that
    only `EXEMPT` modules import.
    """
    script = Path(script)
    roots = (_imported_by(script) | set(modules)) - EXEMPT
    own = {name for name in roots if name.split(".")[0] == PACKAGE}
    reached = roots.union(*(_imports().find_upstream_modules(name) for name in own))
    ours = {name for name in reached if name.split(".")[0] == PACKAGE}
    # Importing a module first runs the `__init__.py` of each package that contains it.
    ours |= {PACKAGE} | {parent for name in ours for parent in _packages_of(name)}
    packages = {name.split(".")[0] for name in reached} - {PACKAGE} - sys.stdlib_module_names
    values = [
        f"{script.stem}@{memory.digest(script)}",
        *sorted(f"{name}@{memory.digest(_file(name))}" for name in ours),
        *sorted({memory.version(name) for name in packages}),
    ]
    memory.keep()
    return values


class Scripts:
    """The code that the scripts in a folder depend on. Each script is examined only once."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        """Read scripts from `folder`; `memory` keeps digests from run to run."""
        self._folder, self._memory = folder, memory
        self._values: dict[tuple[str, ...], list[str]] = {}

    def code(self, script: str, *modules: str) -> list[str]:
        """The code that a script's results depend on; `script` is its name without `.py`. See the function `code`."""
        asked = (script, *modules)
        if asked not in self._values:
            self._values[asked] = code(self._folder / f"{script}.py", self._memory, modules)
        return self._values[asked]

    def added(self, script: str, *modules: str) -> str:
        """The code that `modules`, which a script loads by name, add to its own code; values are joined by commas."""
        common = self.code(script)
        return ", ".join(value for value in self.code(script, *modules) if value not in common)


def _packages_of(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imported_by(script: Path) -> set[str]:
    """The modules in the import statements of a script; `from a import b` counts as `a.b` if that is a module."""
    names = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inner & (_imports().modules | EXEMPT)) or {node.module}
    return names


def _file(module: str) -> Path:
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _digest(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(repr(_shape(tree)).encode()).hexdigest()[:12]


def _shape(node: Any) -> Any:
    """A syntax tree as plain values. Empty fields are left out, because newer versions of Python add some."""
    if isinstance(node, ast.AST):
        fields = [(name, _shape(value)) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return type(node).__name__, fields
    return [_shape(value) for value in node] if isinstance(node, list) else node
