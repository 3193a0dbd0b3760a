"""Run a function in several processes, each with its own device, on one machine or on the nodes of a Slurm job."""

import logging
import os
import pickle
import shutil
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from mmap import mmap
from pathlib import Path
from typing import IO, Any

import numpy as np

from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG
from brushprint.models.gpus import claim_gpus


@dataclass(frozen=True)
class Processes:
    """Processes that work together: `devices` on each of `nodes` machines. `rank`, from 0, numbers this process."""

    devices: int = 1
    nodes: int = 1
    rank: int = 0

    @property
    def count(self) -> int:
        """The number of processes."""
        return self.devices * self.nodes

    def part(self, batch: np.ndarray) -> np.ndarray:
        """Return the entries of a batch that this process takes: none if there are more processes than entries."""
        return batch[self.rank :: self.count]


ALONE = Processes()


def run(function: Callable[..., Any], processes: Processes, folder: Path, /, **arguments: Any) -> list[Any]:
    """Call `function(processes=, **arguments)` in every process and return the results in the order of ranks.

    If `processes` describes a single process, the function runs in the current process. Otherwise new processes are
    started, which receive the arguments pickled; they map memory-mapped arrays from the file again. Arguments and
    results pass through `folder`. It must be on a file system that all machines share, and is deleted at the end.

    The current process logs everything that the first new process logs, and the warnings of the others. If a process
    fails, the others are ended and its exception is raised here. When the current process ends, for whatever reason,
    the new processes end too. Raises `UserError` if a signal killed one of them.
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
        # Map only whole arrays again: `offset` of a slice is the offset of the whole array.
        if isinstance(value, np.memmap) and isinstance(value.base, mmap) and value.flags.c_contiguous:
            return np.memmap, (value.filename, value.dtype, "r", value.offset, value.shape)
        return NotImplemented


def _commands(processes: Processes, folder: Path) -> list[tuple[list[str], dict[str, str]]]:
    """Return the commands that start all processes, each with its environment variables."""
    with socket.socket() as free:
        free.bind(("", 0))
        variables = {"MASTER_PORT": str(free.getsockname()[1])}
    call = f"import sys; from {__name__} import work; work(sys.argv[1])"
    command = [sys.executable, "-c", call, str(folder)]
    if processes.nodes == 1:
        variables |= {"MASTER_ADDR": "127.0.0.1", "NODE_RANK": "0"}
        return [(command, variables | {"LOCAL_RANK": str(rank)}) for rank in range(processes.count)]
    # Start the processes as a step of the Slurm job. It overlaps, because this process may itself be in a step.
    step = ["srun", "--overlap", "--kill-on-bad-exit=1", f"--nodes={processes.nodes}", f"--ntasks={processes.count}"]
    return [([*step, f"--ntasks-per-node={processes.devices}", *command], variables)]


def _watch(commands: list[tuple[list[str], dict[str, str]]]) -> list[int | None]:
    """Run commands in parallel until all have succeeded or one has failed, and return their exit statuses."""
    started, readers = [], []
    try:
        for command, variables in commands:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=os.environ | variables,
                errors="replace",
            )
            started.append(process)
            readers.append(threading.Thread(target=_log_lines, args=(process.stderr,), daemon=True))
            readers[-1].start()
        while None in (statuses := [process.poll() for process in started]) and not any(statuses):
            time.sleep(0.1)
        statuses = [process.poll() for process in started]
    finally:
        for process in started:
            # Close the input of each process: it then ends, on other machines too.
            if process.stdin:
                process.stdin.close()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    for reader in readers:
        reader.join(10)
    return statuses


def _log_lines(stream: IO[str]) -> None:
    with stream:
        for line in stream:
            LOG.info("%s", line.rstrip())


def _failure(folder: Path, statuses: Sequence[int | None]) -> Exception:
    """Return the first exception that a process saved, or a `UserError` if a process was killed.

    After a kill, a saved `RuntimeError` is ignored, because losing a peer makes the other processes fail.
    """
    error = pickle.loads((folder / "error").read_bytes()) if (folder / "error").exists() else None
    killed = any(status and (status < 0 or status > 128) for status in statuses)
    if error is None or (killed and isinstance(error, RuntimeError)):
        return UserError("one of the processes was killed; the machine may be out of memory; run again to resume")
    return error


def work(folder: str) -> None:
    """Run in one new process the call that `run` wrote into `folder`, and end when the caller of `run` ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        function, processes, arguments = pickle.loads(Path(folder, "call").read_bytes())
        rank = int(os.environ["LOCAL_RANK" if processes.nodes == 1 else "SLURM_PROCID"])
        logging.basicConfig(level=logging.WARNING if rank else logging.INFO, format="%(message)s")
        result = function(processes=replace(processes, rank=rank), **arguments)
        with Path(folder, str(rank)).open("wb") as file:
            pickle.dump(result, file, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        # Exceptions of other kinds may not survive pickling.
        plain = error if isinstance(error, UserError | OSError) else RuntimeError(traceback.format_exc())
        # Keep only the first error, because it is the cause: later processes fail because they have lost a peer.
        with suppress(FileExistsError), Path(folder, "error").open("xb") as file:
            pickle.dump(plain, file)
        os._exit(1)


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)
