"""Measure every speed that the docs state, and write the tables into the docs, between the comments that name them.

Usage: python benchmarks/run.py [NAME ...] [--quick]. Without names, all benchmarks except the long ones run; `all` runs
the long ones too. --quick shrinks every size, to check that a benchmark runs, and writes nothing into the docs.
"""

import argparse
import importlib
import multiprocessing
import re
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from measuring import REPOSITORY, machine

# Modules of this folder. Their `tables(quick)` returns Markdown tables by the name of their place in the docs.
SHORT = ["loop", "steps", "decoding", "passes", "dag", "frozen_features", "encoding", "gradcam_rates"]
# Each takes a quarter of an hour or more.
LONG = ["stages", "training_rates", "size"]
PLACE = r"(<!-- benchmark: {name} -->\n).*?(<!-- /benchmark -->)"


def tables(module: str, quick: bool) -> dict[str, str]:
    """The tables of a module."""
    return importlib.import_module(module).tables(quick)


def write(name: str, text: str) -> None:
    """Replace the text between the comments that name a table in the docs."""
    place = re.compile(PLACE.format(name=re.escape(name)), re.DOTALL)
    for file in sorted(Path(REPOSITORY, "docs").rglob("*.md")):
        before = file.read_text(encoding="utf-8")
        after = place.sub(lambda found: f"{found[1]}{text}\n{found[2]}", before)
        if after != before:
            file.write_text(after, encoding="utf-8")


def main() -> None:
    """Run the benchmarks, print their tables and write them into the docs."""
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
            # Run each benchmark in a new process, so that none inherits threads, memory or imports of another.
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
