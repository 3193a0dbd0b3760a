"""Memory and CPU time of each rule for two sizes of collection, and extrapolated linearly to 300,000 pictures.

The benchmark draws small pictures in the folders of AI-ArtBench, runs the workflow on them in a copy of this repository
with two of the cheapest variants, and reads the costs from the logs of the jobs.
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import yaml
from measuring import copy_repository, snakemake, table
from PIL import Image

from brushprint.data.painting import STYLES
from brushprint.workflow import runs

FULL = 300_000
# The share of test pictures in AI-ArtBench, and the number of its pictures from each source.
TEST = 30_000 / 185_015
SOURCES = {"": 60_000, "AI_LD_": 62_092, "AI_SD_": 62_923}
SIDE = 40
# The settings that decide the cost of the analyses are those of config/ai-artbench.yaml.
OVERLAY = {
    "budget": {"images": None, "max_image_size": 32, "epochs": 1, "batch_size": 256},
    "robustness": {"pictures": 500},
    "explain": {"occlusion": {"stride": 8}, "faithfulness_pictures": 200},
    "arms": {"seeds": {"variants": []}, "leave_one_generator_out": [], "harmonised": {"variants": []}},
}
VARIANTS = {
    "cifake-32": {"task": "origin", "split": "augmented", "recipe": "cifake-32"},
    "conv3-source": {"task": "source", "split": "natural", "recipe": "conv3"},
}
LARGEST_REPORT = 20e6


def draw(target: Path, pictures: int) -> None:
    """Write a zip of `pictures` different JPEGs with smooth random colours, in the folders of AI-ArtBench."""
    generator = np.random.default_rng(0)
    folders = [
        prefix + (style.replace("ukiyo_e", "ukiyo-e") if prefix else style) for prefix in SOURCES for style in STYLES
    ]
    shares = np.repeat([share / len(STYLES) for share in SOURCES.values()], len(STYLES))
    ends = np.round(np.cumsum(shares) / shares.sum() * pictures).astype(int)
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(pictures):
            folder = folders[np.searchsorted(ends, number, side="right")]
            # Spread evenly, so that each folder has its share.
            split = "test" if int((number + 1) * TEST) > int(number * TEST) else "train"
            coarse = Image.fromarray(generator.integers(0, 256, (6, 6, 3), dtype=np.uint8))
            stream = io.BytesIO()
            coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=75)
            archive.writestr(f"Real_AI_SD_LD_Dataset/{split}/{folder}/{number:06d}.jpg", stream.getvalue())


def run(folder: Path, pictures: int) -> dict[str, tuple[float, float]]:
    """Run the workflow on `pictures` pictures in a copy of this repository; its `costs`."""
    copy_repository(folder)
    draw(folder / "pictures.zip", pictures)
    named = yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8"))["variants"]
    collection = {"name": "size", "title": "Size", "source": "pictures.zip"}
    # Each job starts its own Python, so that its memory does not include memory that jobs share.
    own = {"collection": collection, "variants": dict.fromkeys(named) | VARIANTS, "fork_server": False}
    overlay = OVERLAY | own
    (folder / "size.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    snakemake(folder, "--configfile", "size.yaml")
    return costs(folder / "logs/size")


def costs(logs: Path) -> dict[str, tuple[float, float]]:
    """For each rule, the megabytes of its largest job and the CPU seconds of all its jobs, from the logs of a run."""
    found: dict[str, tuple[float, float]] = {}
    for job in runs.read(logs):
        rule = job.job.partition("-")[0]
        memory, seconds = found.get(rule, (0.0, 0.0))
        found[rule] = max(memory, job.memory or 0), seconds + (job.cpu or 0)
    return found


def compared(
    small: dict[str, tuple[float, float]], large: dict[str, tuple[float, float]], sizes: tuple[int, int]
) -> str:
    """A table with a row for each rule: memory and CPU time at both sizes, and extrapolated linearly to `FULL`."""
    heads = [f"{name} at {size:,}" for name in ("MB", "CPU s") for size in (*sizes, FULL)]
    rows = []
    for rule, costs_of in large.items():
        cells = []
        for one, other in zip(small.get(rule, (0, 0)), costs_of, strict=True):
            # If a cost decreases as the collection grows, the decrease is noise, so extrapolate the cost as constant.
            slope = max(0, other - one) / (sizes[1] - sizes[0])
            cells += [one, other, other + slope * (FULL - sizes[1])]
        rows.append([f"`{rule}`", *(f"{cell:,.0f}" for cell in cells)])
    return table(["rule", *heads], rows)


def measure(sizes: tuple[int, int], work: Path) -> str:
    """Run both sizes; the table and the size of the larger run's report. Exits if the report is too large."""
    found = []
    for size in sizes:
        folder = work / str(size)
        found.append(run(folder, size))
    report = (folder / "results/size/report/index.html").stat().st_size
    if report > LARGEST_REPORT:
        sys.exit(f"the report has {report / 1e6:.1f} MB, more than {LARGEST_REPORT / 1e6:.0f}")
    said = f"The report of {sizes[1]:,} pictures has {report / 1e6:.1f} MB."
    return f"{compared(*found, sizes)}\n\n{said}"


def tables(quick: bool) -> dict[str, str]:
    """The table `size` of docs/reference/cost.md; `quick` runs on a few hundred pictures."""
    sizes = (300, 600) if quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory() as work:
        return {"size": measure(sizes, Path(work))}
