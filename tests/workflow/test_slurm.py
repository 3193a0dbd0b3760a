"""The profile for Slurm runs the workflow on a Slurm of one node, which the tests start on this machine."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import contents, environment, jobs, listings, run, snakemake
from tests.support.slurm import slurm as start_slurm
from tests.support.slurm import wait_until

pytestmark = pytest.mark.xdist_group("slurm")

# The default path of Slurm's configuration, because jobs would not learn of another path.
CONF = Path("/etc/slurm/slurm.conf")
# Settings that differ from a cluster's: two cores, no accounting, and short waits.
HERE = [
    *("--jobs", "2", "--max-threads", "2", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with start_slurm(CONF, tmp_path_factory.mktemp("slurm"), "n1"):
        yield


VARIANT = "results/sample/variants/cifake-32"
# The outputs of short jobs of each kind: a job that uses all cores, jobs of a network, and jobs of neither kind.
MADE = [
    "results/sample/faces.parquet",
    *(f"{VARIANT}/{name}" for name in ("model.safetensors", "model.sha256", "history.csv")),
    *(f"{VARIANT}/{name}" for name in ("probabilities.parquet", "features.parquet", "features.sha256")),
    *(f"{VARIANT}/{name}" for name in ("predictions.parquet", "thresholds.json")),
    *(f"{VARIANT}/{name}" for name in ("metrics.json", "roc.csv", "confusion.csv", "detection.csv", "styles.csv")),
    "scratch/sample/checkpoints/cifake-32.pt",
]
WANTED = ["results/sample/faces.parquet", f"{VARIANT}/metrics.json"]


def test_jobs_that_fail_on_slurm_are_submitted_again_and_the_results_have_the_same_bytes(
    slurm: None, project: Path, finished: Path, cluster: str
) -> None:
    """The test cancels one job, and Slurm kills another, which uses more memory than it requested."""
    for file in MADE:
        (project / file).unlink()
    too_little = ["--set-resources", "infer:mem_mb=100 if attempt == 1 else 4000"]
    log = project / "logs/sample/train-cifake-32.log"
    log.unlink()
    before = listings(project)
    with (project / "said.txt").open("w") as said:
        command = [cluster, "--profile", "profiles/slurm", *too_little, *HERE, *WANTED]
        running = subprocess.Popen(command, cwd=project, env=environment(project), stdout=said, stderr=said)
    try:
        # The first job compiles the modules of the new environment, which can take more than a minute.
        wait_until(log.exists, 300)
        run(project, "scancel", *run(project, "squeue", "-h", "-t", "running", "-o", "%i").split())
        ended = running.wait(300)
    finally:
        running.terminate()
    assert ended == 0, (project / "said.txt").read_text()
    [listing] = listings(project) - before
    text = listing.read_text()
    assert {rule for rule, _ in jobs(text)} == {"faces", "train", "infer", "predictions", "evaluate"}
    assert text.count("Trying to restart job") == 2, text
    assert contents(project) == contents(finished)
    assert "Nothing to be done" in snakemake(project, "-n")
    assert "Nothing to be done" in run(project, cluster, "-n", "--profile", "profiles/slurm")


def test_jobs_of_networks_request_a_gpu_if_the_device_is_cuda(finished: Path) -> None:
    dry = ["-n", "--forceall", "--config"]
    assert asking_for_gpu(snakemake(finished, *dry, "device=cpu")) == set()
    networks = {"train", "infer", "explain", "regions", "robustness"}
    assert asking_for_gpu(snakemake(finished, *dry, "device=cuda")) == networks


def asking_for_gpu(said: str) -> set[str]:
    blocks = re.split(r"^(?=(?:local)?(?:rule|checkpoint) \w+:$)", said, flags=re.MULTILINE)
    asking = (block for block in blocks if re.search(r"^    resources: .*\bgpu=1\b", block, re.MULTILINE))
    return {rule for block in asking for rule, _ in jobs(block)}


def test_jobs_of_networks_on_several_nodes_request_gpus_per_node(finished: Path) -> None:
    said = snakemake(finished, "-n", "--forceall", "--config", "device=cuda", "devices=4", "nodes=2")
    asking = [line for line in said.splitlines() if "gres=gpu:4" in line]
    assert len(asking) == sum(rule in ("train", "infer") for rule, _ in jobs(said))
    assert all({"nodes=2", "tasks=8", "tasks_per_gpu=0", "mpi=srun"} <= set(re.split("[ ,]+", line)) for line in asking)
    assert not any(re.search(r"\bgpu=", line) for line in asking)
