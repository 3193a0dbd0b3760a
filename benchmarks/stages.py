"""Where the time of the default run goes, by rule, and how much of it is start-up: Python and the job's imports.

The workflow runs from nothing in a copy of this repository, on all cores; each job notes what it took. What a rule's
script takes to import is measured by itself, in a process that does nothing else.
"""

import ast
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from measuring import CORES, REPOSITORY, copy_repository, number, snakemake, table

from brushprint import runs


def _cpu() -> float:
    """CPU seconds of all processes that have ended, user and system."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_up(rule: str) -> float:
    """CPU seconds of a Python that imports what a rule's script imports."""
    script = REPOSITORY / "workflow/scripts" / f"{rule}.py"
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    before = _cpu()
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
    subprocess.run([sys.executable, "-c", "\n".join(imports)], env=environment, check=True)
    return _cpu() - before


def tables(quick: bool) -> dict[str, str]:
    """The tables `stages`, a row a rule, and `cores`, of the run as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_repository(project)
        before, start = _cpu(), time.monotonic()
        snakemake(project, *(["results/sample/splits/natural.parquet"] if quick else []))
        wall, cpu = time.monotonic() - start, _cpu() - before
        jobs = defaultdict(list)
        for job in runs.read(project / "logs/sample"):
            jobs[job.job.partition("-")[0]].append(job)
    rows, starting = [], 0.0
    for rule, done in sorted(jobs.items(), key=lambda item: -_sum(item[1], "cpu")):
        once = start_up(rule)
        starting += once * len(done)
        seconds, busy = _sum(done, "seconds"), _sum(done, "cpu")
        share = f"{min(1, once * len(done) / busy):.0%}" if busy else ""
        rows.append([f"`{rule}`", len(done), number(seconds), number(busy), number(once), share])
    heads = ["rule", "jobs", "wall, s", "CPU, s", "start-up of a job, CPU s", "start-up's share"]
    noted = sum(_sum(done, "cpu") for done in jobs.values())
    count = sum(map(len, jobs.values()))
    whole = [
        [
            count,
            number(wall),
            number(cpu),
            f"{cpu / wall:.2f} of {CORES}",
            f"{noted / cpu:.0%}",
            f"{starting / cpu:.0%}",
        ]
    ]
    about = ["jobs", "wall, s", "CPU, s", "cores at work", "of the CPU, jobs", "of the CPU, start-up of jobs"]
    return {"cores": table(about, whole), "stages": table(heads, rows)}


def _sum(done: list[runs.Run], name: str) -> float:
    return sum(getattr(job, name) or 0 for job in done)
