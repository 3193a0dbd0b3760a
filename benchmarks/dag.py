"""The time of `snakemake -n` before a first run and after a finished run, for few and for many variants.

The finished results are empty files that `snakemake --touch` recorded: what Snakemake reads of them does not depend on
their content.
"""

import re
import tempfile
from pathlib import Path

import yaml
from measuring import copy_repository, number, snakemake, table, turns

IDLE = "Nothing to be done"


def project(folder: Path, variants: int) -> None:
    """Copy this repository to `folder` with `variants` variants: the published ones, repeated under other names."""
    copy_repository(folder)
    file = folder / "config/config.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    published = list(settings["variants"].items())
    for place in range(len(published), variants):
        name, variant = published[place % len(published)]
        settings["variants"][f"{name}-{place // len(published)}"] = variant
    for name, _ in published[variants:]:
        settings["variants"].pop(name)
    arms = settings["arms"]
    kept = [name for name in arms["leave_one_generator_out"] if name in settings["variants"]]
    arms["leave_one_generator_out"] = arms["seeds"]["variants"] = kept
    arms["harmonised"]["variants"] = [name for name in kept if name in arms["harmonised"]["variants"]]
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def finish(folder: Path) -> None:
    """Write an empty file for every missing output, and have Snakemake record it as up to date."""
    written: set[str] = set()
    # Repeat, because a missing checkpoint hides the jobs after it, and arrays without a digest are moved away again.
    while missing := _outputs(snakemake(folder, "-n", "--forceall")) - written:
        for file in missing:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text("", encoding="utf-8")
        written |= missing
    snakemake(folder, "--touch", "--forceall", "--quiet", "all")
    # Let Snakemake write the checksums anew, because a run compares them with the files.
    next(folder.glob("results/*/SHA256SUMS")).unlink()
    snakemake(folder, "--quiet", "all")
    if IDLE not in (said := snakemake(folder, "-n")):
        raise RuntimeError(said)


def _outputs(said: str) -> set[str]:
    lines = re.findall(r"^    output: (.+)$", said, re.MULTILINE)
    return {file for line in lines for file in line.split(", ")}


def tables(quick: bool) -> dict[str, str]:
    """The table `dag`."""
    counts = (1, 3) if quick else (13, 130)
    repeats = 1 if quick else 3
    # The quick run skips the finished state, because `finish` needs a dozen dry runs.
    states = ["nothing done"] if quick else ["nothing done", "all done"]
    seconds: dict[str, list[float]] = {state: [] for state in states}
    with tempfile.TemporaryDirectory() as folder:
        for variants in counts:
            copy = Path(folder, str(variants))
            project(copy, variants)
            for state, medians in seconds.items():
                if state == "all done":
                    finish(copy)
                look = {state: lambda copy=copy: snakemake(copy, "-n")}
                medians.append(turns(look, repeats, warm=int(not quick))[state])
    rows = []
    for state, (few, many) in seconds.items():
        slope = (many - few) / (counts[1] - counts[0])
        rows.append([state, number(few), number(many), f"{many / few:.2f}", f"{1000 * slope:,.0f}"])
    heads = ["`snakemake -n`", *(f"{count} variants, s" for count in counts), "ratio", "ms a variant more"]
    return {"dag": table(heads, rows)}
