"""A Slurm cluster on this machine for tests: munge, a controller, and a daemon for each node."""

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.conftest import free_ports, lacking

OURS = "# Written by the tests of brushprint."
SETTINGS = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
ReturnToService=2
# The profile asks for the memory of full collections, of which this machine may have less.
SlurmdParameters=config_overrides
PartitionName=all Nodes=ALL Default=YES
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=64000\n"


@contextmanager
def slurm(conf: Path, place: Path, *nodes: str) -> Iterator[None]:
    """Run a Slurm cluster whose `nodes`, of two cores each, are all this machine; `conf` is its settings file.

    Slurm kills jobs that use more memory than they requested.
    """
    if conf.exists() and not conf.read_text().startswith(OURS):
        lacking(f"{conf} is of a Slurm in use")
    host = socket.gethostname().partition(".")[0]
    port, *ports = free_ports(1 + len(nodes))
    said = [NODE.format(name=name, host=host, port=of) for name, of in zip(nodes, ports, strict=True)]
    conf.write_text(f"{OURS}\n" + SETTINGS.format(host=host, port=port, place=place) + "".join(said))
    (place / "state").mkdir()
    commands = [["slurmctld", "-D"], *(["slurmd", "-D", "-N", name] for name in nodes)]
    with ExitStack() as running:
        running.callback(conf.unlink)
        if not munge_answers():
            folder, munge = Path("/run/munge"), pwd.getpwnam("munge")
            folder.mkdir(exist_ok=True)
            os.chown(folder, munge.pw_uid, munge.pw_gid)
            start(running, place, ["munged", "-F"], user=munge.pw_uid, group=munge.pw_gid)
            wait_until(munge_answers)
        for command in commands:
            start(running, place, command)
        wait_until(lambda: f"{len(nodes)} idle" in idle())
        yield


def start(running: ExitStack, place: Path, command: list[str], **options: object) -> None:
    """Start a daemon that is terminated when `running` is closed."""
    with (place / f"{Path(command[0]).name}.log").open("a") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log, **options)
    running.callback(daemon.wait, 20)
    running.callback(daemon.terminate)


def munge_answers() -> bool:
    """Whether a munge daemon is running, started by these tests or by the machine."""
    return subprocess.run(["munge", "--no-input"], capture_output=True, check=False).returncode == 0


def idle() -> str:
    """The number of nodes in each state, as `sinfo` prints it."""
    command = ["sinfo", "--noheader", "--format", "%D %t"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until `true()` holds because of other processes; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
