"""The profile for Slurm runs the workflow on a Slurm of one node, which the tests start on this machine."""

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import contents, environment, free_ports, jobs, run, snakemake

pytestmark = pytest.mark.xdist_group("slurm")

# Where Slurm's commands look for it: jobs do not hear of another place.
CONF = Path("/etc/slurm/slurm.conf")
OURS = "# Written by the tests of brushprint."
# Debian keeps them where the search path of a user does not lead.
SEARCHED = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
DAEMONS = {name: shutil.which(name, path=SEARCHED) for name in ("munged", "slurmctld", "slurmd")}
# What differs from a cluster: two cores, no accounting, and a test that does not wait.
HERE = [
    *("--jobs", "2", "--max-threads", "2", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
]


def missing() -> str | None:
    if os.getuid() != 0 or None in DAEMONS.values():
        return "needs root, munge and slurm-wlm"
    if CONF.exists() and not CONF.read_text().startswith(OURS):
        return f"{CONF} is of a Slurm in use"
    return None


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Slurm of one node of two cores; it kills jobs that take more memory than they asked for."""
    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    place = tmp_path_factory.mktemp("slurm")
    munge, host = pwd.getpwnam("munge"), socket.gethostname().partition(".")[0]
    ports = free_ports(2)
    settings = {
        "ClusterName": "tests",
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": ports[0],
        "SlurmdPort": ports[1],
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "StateSaveLocation": place / "state",
        "SlurmdSpoolDir": place / "spool",
        "SlurmctldPidFile": place / "slurmctld.pid",
        "SlurmdPidFile": place / "slurmd.pid",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU_Memory",
        "AccountingStorageType": "accounting_storage/none",
        "JobAcctGatherType": "jobacct_gather/linux",
        "JobAcctGatherFrequency": 1,
        "JobAcctGatherParams": "OverMemoryKill",
        "ReturnToService": 2,
        # The profile asks for the memory of full collections, of which this machine may have less.
        "SlurmdParameters": "config_overrides",
    }
    lines = [OURS, *(f"{name}={value}" for name, value in settings.items())]
    lines.append(f"NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=64000")
    lines.append("PartitionName=all Nodes=ALL Default=YES")
    CONF.write_text("\n".join(lines) + "\n")
    for folder in (place / "state", place / "spool"):
        folder.mkdir()
    socket_folder = Path("/run/munge")
    socket_folder.mkdir(exist_ok=True)
    os.chown(socket_folder, munge.pw_uid, munge.pw_gid)
    idle = ["sinfo", "--noheader", "--format", "%t"]
    with contextlib.ExitStack() as running:
        running.callback(CONF.unlink, missing_ok=True)
        as_munge = {"user": munge.pw_uid, "group": munge.pw_gid}
        for name, foreground, options in [("munged", "-F", as_munge), ("slurmctld", "-D", {}), ("slurmd", "-D", {})]:
            with (place / f"{name}.log").open("w") as log:
                daemon = subprocess.Popen([DAEMONS[name], foreground], stdout=log, stderr=log, **options)
            running.callback(daemon.wait, 20)
            running.callback(daemon.terminate)
            if name == "munged":
                wait_until((socket_folder / "munge.socket.2").exists)
        wait_until(lambda: "idle" in subprocess.run(idle, capture_output=True, text=True, check=False).stdout)
        yield


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


VARIANT = "results/sample/variants/cifake-32"
# A short job of each kind: one that takes all cores, a network's, and one of neither.
MADE = [
    "results/sample/faces.parquet",
    *(f"{VARIANT}/{name}" for name in ("model.safetensors", "model.sha256", "history.csv")),
    *(f"{VARIANT}/{name}" for name in ("predictions.parquet", "features.parquet", "features.sha256")),
    *(f"{VARIANT}/{name}" for name in ("metrics.json", "roc.csv", "confusion.csv", "detection.csv", "styles.csv")),
    "scratch/sample/checkpoints/cifake-32.pt",
]
WANTED = ["results/sample/faces.parquet", f"{VARIANT}/metrics.json"]


@pytest.fixture
def on_slurm(slurm: None, project: Path) -> Path:
    """A finished project that lacks some of its files; how the whole workflow runs on Slurm was tried by hand."""
    for file in MADE:
        (project / file).unlink()
    return project


def test_slurm_gives_the_same_bytes_and_leaves_nothing_to_do(on_slurm: Path, finished: Path, cluster: str) -> None:
    said = run(on_slurm, cluster, "--profile", "profiles/slurm", *HERE, *WANTED)
    assert {rule for rule, _ in jobs(said)} == {"faces", "train", "infer", "evaluate"}
    assert contents(on_slurm) == contents(finished)
    assert "Nothing to be done" in snakemake(on_slurm, "-n")
    assert "Nothing to be done" in run(on_slurm, cluster, "-n", "--profile", "profiles/slurm")


def test_jobs_that_are_cancelled_or_take_too_much_memory_are_sent_again(
    on_slurm: Path, finished: Path, cluster: str
) -> None:
    too_little = ["--set-resources", "infer:mem_mb=100 if attempt == 1 else 4000"]
    log = on_slurm / "logs/sample/train-cifake-32.log"
    log.unlink()
    with (on_slurm / "said.txt").open("w") as said:
        command = [cluster, "--profile", "profiles/slurm", *too_little, *HERE, *WANTED]
        running = subprocess.Popen(command, cwd=on_slurm, env=environment(on_slurm), stdout=said, stderr=said)
    try:
        wait_until(log.exists)
        run(on_slurm, "scancel", *run(on_slurm, "squeue", "-h", "-t", "running", "-o", "%i").split())
        ended = running.wait(300)
    finally:
        running.terminate()
    text = (on_slurm / "said.txt").read_text()
    assert ended == 0, text
    assert text.count("Trying to restart job") == 2, text
    assert contents(on_slurm) == contents(finished)


def test_jobs_of_networks_ask_for_a_gpu_where_the_device_is_one(finished: Path) -> None:
    dry = ["-n", "--forceall", "--config"]
    assert asking_for_gpu(snakemake(finished, *dry, "device=cpu")) == set()
    networks = {"train", "infer", "explain", "regions", "robustness"}
    assert asking_for_gpu(snakemake(finished, *dry, "device=cuda")) == networks


def asking_for_gpu(said: str) -> set[str]:
    blocks = re.split(r"^(?=(?:local)?(?:rule|checkpoint) \w+:$)", said, flags=re.MULTILINE)
    asking = (block for block in blocks if re.search(r"^    resources: .*\bgpu=1\b", block, re.MULTILINE))
    return {rule for block in asking for rule, _ in jobs(block)}
