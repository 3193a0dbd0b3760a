"""Several processes, each with a device of its own, on one machine or on several that Slurm gave to a job."""

import logging
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from mmap import mmap
from pathlib import Path
from typing import IO, Any, TextIO

import numpy as np

from brushprint.core import locks
from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG


@dataclass(frozen=True)
class Processes:
    """How many processes do a thing together, `devices` on each of `nodes` machines; `rank` says which one this is."""

    devices: int = 1
    nodes: int = 1
    rank: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self.devices * self.nodes

    def part(self, batch: np.ndarray) -> np.ndarray:
        """What of a batch is for this process: nothing, where there are more processes than entries."""
        return batch[self.rank :: self.count]


ALONE = Processes()

_GPUS = Path("/proc/driver/nvidia/gpus")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
# Held until this process ends.
_claims: list[TextIO] = []


def claim_gpus(count: int) -> None:
    """Let this process and those that it begins see `count` of the GPUs that they may see: ones that no other job has.

    To be called before CUDA begins. A job that Slurm gave as many has nothing to claim. Where jobs want more than
    there are, they share.
    """
    listed = range(len(list(_GPUS.iterdir())) if _GPUS.exists() else 0)
    seen = os.environ.get(_VISIBLE, ",".join(map(str, listed))).split(",")
    if len(seen) <= count:
        return
    # Of this user alone, who may have several clones.
    folder = Path(tempfile.gettempdir(), f"brushprint-gpus-{os.getuid()}")
    claimed = []
    for gpu in seen:
        if len(claimed) < count and (lock := locks.hold(folder / gpu)):
            claimed.append(gpu)
            _claims.append(lock)
    shared = [gpu for gpu in seen if gpu not in claimed]
    os.environ[_VISIBLE] = ",".join([*claimed, *shared][:count])


def run(function: Callable[..., Any], processes: Processes, folder: Path, /, **arguments: Any) -> list[Any]:
    """Call `function(processes=, **arguments)` in every process; return what each returned, in the order of ranks.

    One process is this one. Several are fresh ones, which know nothing of this one but what is pickled; arrays that
    are mapped from a file are mapped again. `folder` is for what goes to and fro, on a file system that all machines
    share, and is deleted.

    What the first process logs is logged here, and warnings of the others. When a process fails, the others end and
    its exception is raised here; when this one ends, however it ends, they end.
    """
    if processes.count == 1:
        return [function(processes=processes, **arguments)]
    if processes.nodes == 1:
        claim_gpus(processes.devices)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with (folder / "call").open("wb") as file:
            _Pickler(file, pickle.HIGHEST_PROTOCOL).dump((function, processes, arguments))
        statuses = _watch(_commands(processes, folder))
        if any(statuses):
            raise _failure(folder, statuses)
        return [pickle.loads((folder / str(rank)).read_bytes()) for rank in range(processes.count)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        # Not a part of such an array: that has the offset of the whole.
        if isinstance(value, np.memmap) and isinstance(value.base, mmap) and value.flags.c_contiguous:
            return np.memmap, (value.filename, value.dtype, "r", value.offset, value.shape)
        return NotImplemented


def _commands(processes: Processes, folder: Path) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that start all processes, each with what it needs of the environment."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = {"MASTER_PORT": str(free.getsockname()[1])}
    work = [
        sys.executable,
        "-c",
        "import sys; from brushprint.models.devices import work; work(sys.argv[1])",
        str(folder),
    ]
    if processes.nodes == 1:
        port |= {"MASTER_ADDR": "127.0.0.1", "NODE_RANK": "0"}
        return [(work, port | {"LOCAL_RANK": str(rank)}) for rank in range(processes.count)]
    # Within a job, a step beside the one that this process may be.
    step = ["srun", "--overlap", "--kill-on-bad-exit=1", f"--nodes={processes.nodes}", f"--ntasks={processes.count}"]
    return [([*step, f"--ntasks-per-node={processes.devices}", *work], port)]


def _watch(commands: list[tuple[list[str], dict[str, str]]]) -> list[int]:
    """Run commands side by side until all have succeeded or one has failed; return their exit statuses."""
    started, readers = [], []
    try:
        for command, environment in commands:
            pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
            started.append(subprocess.Popen(command, **pipes, env=os.environ | environment, errors="replace"))
            readers.append(threading.Thread(target=_pass_on, args=(started[-1].stderr,), daemon=True))
            readers[-1].start()
        while None in (found := [process.poll() for process in started]) and not any(found):
            time.sleep(0.1)
        found = [process.poll() for process in started]
    finally:
        for process in started:
            # The end of their input is what they end by, on other machines too.
            process.stdin.close()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    for reader in readers:
        reader.join(10)
    return found


def _pass_on(lines: IO[str]) -> None:
    for line in lines:
        LOG.info("%s", line.rstrip())


def _failure(folder: Path, statuses: list[int | None]) -> Exception:
    """What the first process that failed said of it, unless it only lost one that was killed."""
    error = pickle.loads((folder / "error").read_bytes()) if (folder / "error").exists() else None
    killed = any(status and (status < 0 or status > 128) for status in statuses)
    if error is None or (killed and isinstance(error, RuntimeError)):
        return UserError("one of the processes was killed; the machine may be out of memory; run again to go on")
    return error


def work(folder: str) -> None:
    """Do the part of one process in what `run` wrote into `folder`; ends with the process that called `run`."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        function, processes, arguments = pickle.loads(Path(folder, "call").read_bytes())
        rank = int(os.environ["LOCAL_RANK" if processes.nodes == 1 else "SLURM_PROCID"])
        logging.basicConfig(level=logging.WARNING if rank else logging.INFO, format="%(message)s")
        result = function(processes=replace(processes, rank=rank), **arguments)
        with Path(folder, str(rank)).open("wb") as file:
            pickle.dump(result, file, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        told = error if isinstance(error, UserError | OSError) else RuntimeError(traceback.format_exc())
        # The first error is the cause: the others have lost their peer.
        with suppress(FileExistsError), Path(folder, "error").open("xb") as file:
            pickle.dump(told, file)
        os._exit(1)


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)
