"""Every figure of speed in the docs: measures them and writes the tables into the docs, where a comment names each.

Usage: python benchmarks/run.py [NAME ...] [--quick]. Without names all but the long ones, `all` for these too. --quick
shrinks every size, to see that a benchmark runs, and writes nothing into the docs.
"""

import argparse
import importlib
import multiprocessing
import re
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from measuring import REPOSITORY, machine

# Modules of this folder whose `tables(quick)` gives Markdown tables by the names of their places in the docs.
SHORT = ["loop", "steps", "decoding", "passes", "dag", "frozen_features", "gradcam_rates"]
# A quarter of an hour and more each.
LONG = ["stages", "training_rates", "size"]
PLACE = r"(<!-- benchmark: {name} -->\n).*?(<!-- /benchmark -->)"


def tables(module: str, quick: bool) -> dict[str, str]:
    """The tables of a module."""
    return importlib.import_module(module).tables(quick)


def write(name: str, text: str) -> None:
    """Put a table where the docs have its place."""
    place = re.compile(PLACE.format(name=re.escape(name)), re.DOTALL)
    for file in sorted(Path(REPOSITORY, "docs").rglob("*.md")):
        before = file.read_text(encoding="utf-8")
        after = place.sub(lambda found: f"{found[1]}{text}\n{found[2]}", before)
        if after != before:
            file.write_text(after, encoding="utf-8")


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SHORT, *LONG, "all", []])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    names = [*SHORT, *LONG] if "all" in given.names else given.names or SHORT
    for module in names:
        start = time.monotonic()
        if given.quick:
            found = tables(module, quick=True)
        else:
            # A process each: none inherits threads, memory or what another imported.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                found = alone.submit(tables, module, quick=False).result()
        for name, text in found.items():
            said = f"{text}\n\n{machine()}"
            print(f"<!-- benchmark: {name} -->\n{said}\n<!-- /benchmark -->", flush=True)
            if not given.quick:
                write(name, said)
        print(f"{module}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
