"""Jobs begin as copies of a process that has imported what their script imports.

Importing torch takes two seconds of CPU, and a run has two hundred jobs. So Snakemake begins scripts through
`brushprint.workflow.forkclient`, which asks this server, that lives as long as the run, for a copy of itself. The
server imports what a script's code names, and then what its jobs imported besides, but nothing of brushprint, whose
code may change while it lives. It is what `multiprocessing.forkserver` is, for scripts that another program begins.
"""

import ast
import atexit
import gc
import importlib
import json
import multiprocessing
import os
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from brushprint.workflow import forkclient

_PACKAGE = Path(__file__).parent.parent
# The code of the first may change; threads that a library begins when it is imported are not copied.
_NOT_IMPORTED = {_PACKAGE.name, "onnxruntime"}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_GIVEN = set(os.environ)
_FORK = multiprocessing.get_context("fork")


class _Job(NamedTuple):
    """A copy at work for a script, who waits for it, and where it tells at its end what it imported."""

    script: str
    process: multiprocessing.Process
    client: socket.socket
    told: Connection


def start() -> str:
    """Begin a server, which ends with this process; returns the prefix of commands that ask it."""
    # A folder that is this user's alone, of a short name: that of a socket has 107 bytes at most.
    address = str(Path(tempfile.mkdtemp(prefix="brushprint-", dir="/tmp"), "forks"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        command = [sys.executable, "-P", "-m", "brushprint.workflow.forkserver", str(listener.fileno())]
        given = {"stdin": subprocess.PIPE, "env": os.environ | ONE_THREAD, "pass_fds": [listener.fileno()]}
        server = subprocess.Popen(command, **given)
    # Nobody writes to its input: the system closes it when this process ends, however it ends. Where it ends well, it
    # waits, so that who measures its time counts that of the jobs.
    atexit.register(server.communicate)
    return shlex.join([sys.executable, "-IS", forkclient.__file__, address])


def serve(listener: socket.socket) -> None:
    """Give copies until standard input ends."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    stated: set[str] = set()
    imported: dict[str, list[str]] = {}
    jobs: list[_Job] = []
    while True:
        waited = {job.told: job for job in jobs} | {job.client: job for job in jobs}
        for ready in wait([sys.stdin, listener, *waited]):
            if ready is sys.stdin:
                shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
                os._exit(0)
            if ready is listener:
                client, _ = listener.accept()
                try:
                    request, streams = _received(client)
                    _import(_stated(Path(request["script"]), stated))
                    _import(imported.pop(_name(request["script"]), []))
                    others = [listener, *(end for job in jobs for end in (job.client, job.told))]
                    jobs.append(_copy(request, streams, client, interrupt, others))
                except ValueError:
                    client.close()  # who asked was killed before it had said what for
                except OSError as error:
                    print(f"error: no job can be begun: {error.strerror}", file=sys.stderr, flush=True)
                    client.close()
            elif (job := waited[ready]) in jobs:
                if ready is job.client:
                    job.process.terminate()
                jobs.remove(job)
                imported[_name(job.script)] = _ended(job)


def _received(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    header, streams, _, _ = socket.recv_fds(client, forkclient.HEADER, 3)
    size, request = int.from_bytes(header, "big"), b""
    while len(request) < size and (part := client.recv(size - len(request))):
        request += part
    return json.loads(request), streams


def _name(script: str) -> str:
    """The rule that a script is of: Snakemake names its copies `tmp1x2y3z.train.py`."""
    return Path(script).stem.rpartition(".")[2]


def _stated(file: Path, seen: set[str]) -> list[str]:
    """What the head of a script imports, and those of the modules of brushprint that it imports; `seen` grows."""
    try:
        nodes = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []  # the job says so
    found = []
    for node in nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name in seen:
                continue
            seen.add(name)
            if name.split(".")[0] == _PACKAGE.name:
                module = _PACKAGE.parent.joinpath(*name.split("."))
                found += _stated(module / "__init__.py" if module.is_dir() else module.with_suffix(".py"), seen)
            else:
                found.append(name)
    return found


def _import(names: list[str]) -> None:
    for name in names:
        if name.split(".")[0] in _NOT_IMPORTED:
            continue
        # Some are no modules, or can only be imported as another imports them.
        with suppress(Exception):
            importlib.import_module(name)
    gc.freeze()


def _copy(
    request: dict[str, Any],
    streams: list[int],
    client: socket.socket,
    interrupt: Any,
    others: list[socket.socket | Connection],
) -> _Job:
    told, tells = _FORK.Pipe(duplex=False)

    def begin() -> None:
        for stream, given in enumerate(streams):
            os.dup2(given, stream)
            os.close(given)
        # What the server alone holds is closed when it ends.
        for held in (client, told, *others):
            held.close()
        # A process that `multiprocessing` begins reads nothing.
        sys.stdin = os.fdopen(0, closefd=False)
        signal.signal(signal.SIGINT, interrupt)
        _run(request, tells)

    process = _FORK.Process(target=begin)
    process.start()
    tells.close()
    for stream in streams:
        os.close(stream)
    return _Job(request["script"], process, client, told)


def _run(request: dict[str, Any], tells: Connection) -> None:
    os.chdir(request["folder"])
    # What libraries set when they were imported stays.
    gained = {name: value for name, value in os.environ.items() if name not in _GIVEN}
    os.environ.clear()
    os.environ.update(gained | request["environment"])
    # For who looks at the processes.
    Path("/proc/self/comm").write_text(_name(request["script"]), encoding="ascii")
    sys.argv[1:] = []
    before = set(sys.modules)
    try:
        runpy.run_path(request["script"], run_name="__main__")
    finally:
        # As at the end of any Python.
        threading._shutdown()
        atexit._run_exitfuncs()
        with suppress(BrokenPipeError):  # the run was killed
            tells.send([name for name in sys.modules if name not in before])


def _ended(job: _Job) -> list[str]:
    """Tell who waits how a job ended; returns what it imported."""
    imported = []
    with job.told, suppress(EOFError, OSError):  # it was killed, before it told or meanwhile
        imported = job.told.recv()
    job.process.join()
    status = job.process.exitcode
    with job.client, suppress(BrokenPipeError):  # so was who asked
        job.client.send(bytes([status if status >= 0 else 128 - status]))
    return imported


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
