"""The time that each rule takes in the default run, and how much of it is start-up.

The workflow runs from nothing in a copy of this repository, on all cores. Each job logs the cost of its process; the
rest is Snakemake and the imports before a job begins. The imports of each rule's script are also measured separately,
in a Python process that does nothing else.
"""

import ast
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from measuring import CORES, REPOSITORY, copy_repository, number, snakemake, table

from brushprint.workflow import runs

QUICK = ["results/sample/splits/natural.parquet", "--config", "collection={sample: {train: 60, test: 30}}"]


def _cpu() -> float:
    """CPU seconds, user and system, of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def imports(rule: str) -> float:
    """CPU seconds of a Python process that only runs the imports of a rule's script."""
    rules = "\n".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "workflow/rules").glob("*.smk"))
    named = re.search(rf"^ *(?:rule|checkpoint) {rule}:\n.*?/scripts/(\w+)\.py", rules, re.MULTILINE | re.DOTALL)
    if named is None:
        raise RuntimeError(f"no script of the rule {rule}")
    script = REPOSITORY / "workflow/scripts" / f"{named[1]}.py"
    tree = ast.parse(script.read_text(encoding="utf-8"))
    lines = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    before = _cpu()
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
    subprocess.run([sys.executable, "-c", "\n".join(lines)], env=environment, check=True)
    return _cpu() - before


def tables(quick: bool) -> dict[str, str]:
    """The tables `stages`, with a row for each rule, and `cores`, about the whole run."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_repository(project)
        before, start = _cpu(), time.monotonic()
        snakemake(project, *(QUICK if quick else []))
        wall, cpu = time.monotonic() - start, _cpu() - before
        jobs = defaultdict(list)
        for job in runs.read(project / "logs/sample"):
            jobs[job.job.partition("-")[0]].append(job)
    noted = sum(_sum(done, "cpu") for done in jobs.values())
    rows = []
    for rule, done in sorted(jobs.items(), key=lambda item: -_sum(item[1], "cpu")):
        busy = _sum(done, "cpu")
        cells = [number(_sum(done, "seconds")), number(busy), f"{busy / noted:.0%}", number(imports(rule))]
        rows.append([f"`{rule}`", len(done), *cells])
    heads = ["rule", "jobs", "wall, s", "CPU, s", "share of all jobs' CPU", "imports of one, CPU s"]
    whole = [sum(map(len, jobs.values())), number(wall), number(cpu), f"{cpu / wall:.2f} of {CORES}"]
    about = [
        "jobs",
        "wall, s",
        "CPU, s",
        "cores at work",
        "of the CPU, jobs",
        "Snakemake and imports before jobs begin",
    ]
    shares = [f"{noted / cpu:.0%}", f"{1 - noted / cpu:.0%}"]
    return {"cores": table(about, [[*whole, *shares]]), "stages": table(heads, rows)}


def _sum(done: list[runs.Run], name: str) -> float:
    return sum(getattr(job, name) or 0 for job in done)
