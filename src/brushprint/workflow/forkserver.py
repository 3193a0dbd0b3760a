"""A fork server: jobs start as copies of a process that has already imported the libraries that they use.

Importing torch takes two seconds of CPU, and a run has two hundred jobs. The server runs as long as a Snakemake run.
Snakemake starts each script through this file:

    python -IS forkserver.py SOCKET python script.py

This client process asks the server to run the script in a copy of the server (a fork), and exits with the status of
the copy. The copy takes over the standard streams, the working folder and the environment of the client. If no server
answers, the client runs the script directly. The setting `fork_server: false` turns the server off; no result depends
on it.

The server imports the modules that the top level of a script imports, and further modules that earlier jobs of the same
rule imported. It imports no module of brushprint, because that code may change while the server runs.
`multiprocessing.forkserver` does the same for the functions of one program; here another program, Snakemake, starts the
scripts.
"""

import ast
import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypedDict

_PACKAGE = Path(__file__).parent.parent
# onnxruntime starts threads when it is imported, and a fork does not copy threads.
_NOT_IMPORTED = {_PACKAGE.name, "onnxruntime"}
# Libraries use one thread for each job, so that parallel jobs do not wait for one another.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Number of bytes that hold the length of a request.
_HEADER = 8
_ENVIRONMENT = set(os.environ)
# The exit status of a copy whose script cannot start or raises an exception.
_status = 1


class Request(TypedDict):
    """The request of a client: the path of a script, its working folder and its environment."""

    script: str
    folder: str
    environment: dict[str, str]


class _Job(NamedTuple):
    """A copy that runs a script, the client that waits for it, and the pipe on which it sends the names it imported."""

    rule: str
    process: int
    client: socket.socket
    imports: int


def supported() -> bool:
    """Whether jobs can be copies: systems other than Linux cannot copy a process that has already loaded libraries."""
    return sys.platform == "linux"


def start() -> str:
    """Start a server that ends with this process; returns the prefix that sends a command to the server."""
    # Only this user can open the folder. Its name is short, because the address of a socket has at most 107 bytes.
    address = str(Path(tempfile.mkdtemp(prefix="brushprint-", dir="/tmp"), "forks"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        server = subprocess.Popen(
            [sys.executable, "-P", __file__, str(listener.fileno())],
            stdin=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
            pass_fds=[listener.fileno()],
        )
    # When this process ends, even if it is killed, the system closes the server's input, and the server ends. If this
    # process ends normally, it waits for the server, so that its CPU time includes the CPU time of the jobs.
    atexit.register(server.communicate)
    return shlex.join([sys.executable, "-IS", __file__, address])


def ask(address: str, command: list[str]) -> int:
    """Ask the server to run the script of a command `[python, script]`.

    Returns the exit status of the script, or 128 plus the number of the signal that ended it. If no server answers,
    the command replaces this process.
    """
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address)
        except OSError:
            os.execv(command[0], command)
        # An interrupt from the keyboard also reaches the copy; this process waits and ends with the copy's status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        request = Request(script=command[1], folder=str(Path.cwd()), environment=dict(os.environ))
        content = json.dumps(request).encode()
        socket.send_fds(server, [len(content).to_bytes(_HEADER, "big")], [0, 1, 2])
        server.sendall(content)
        status = server.recv(1)
    return status[0] if status else 1


def serve(listener: socket.socket) -> Request:
    """Fork for each request until standard input is closed, then exit; returns only in a fork, with its request."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Imports leave no garbage, and searching for garbage would take a quarter of the import time.
    gc.disable()
    named: set[str] = set()
    imported: dict[str, list[str]] = {}
    jobs: list[_Job] = []
    while True:
        ends = {job.imports: job for job in jobs} | {job.client.fileno(): job for job in jobs}
        for ready in _wait([sys.stdin.fileno(), listener.fileno(), *ends]):
            if ready == sys.stdin.fileno():
                shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
                os._exit(0)
            if ready == listener.fileno():
                client, _ = listener.accept()
                try:
                    request, streams = _received(client)
                    rule = _rule_of(request["script"])
                    _import(_named_imports(Path(request["script"]), named))
                    _import(imported.pop(rule, []))
                    job = _fork(rule, client, streams, listener, jobs)
                except ValueError:
                    client.close()  # the client was killed before it had sent its whole request
                    continue
                except OSError as error:
                    print(f"error: no job can be started: {error.strerror}", file=sys.stderr, flush=True)
                    client.close()
                    continue
                if job is None:
                    signal.signal(signal.SIGINT, interrupt)
                    gc.enable()
                    return request
                jobs.append(job)
            elif (job := ends[ready]) in jobs:
                if ready != job.imports:
                    os.kill(job.process, signal.SIGTERM)
                jobs.remove(job)
                imported[job.rule] = _ended(job)


def _wait(descriptors: list[int]) -> list[int]:
    """Wait until at least one of the file descriptors is ready to read; returns the ready ones."""
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        return [key.fd for key, _ in selector.select()]


def _received(client: socket.socket) -> tuple[Request, list[int]]:
    header, streams, _, _ = socket.recv_fds(client, _HEADER, 3)
    size, content = int.from_bytes(header, "big"), b""
    while len(content) < size and (part := client.recv(size - len(content))):
        content += part
    return json.loads(content), streams


def _rule_of(script: str) -> str:
    """The rule that a script belongs to; Snakemake names its temporary copies of scripts `tmp1x2y3z.train.py`."""
    return Path(script).stem.rpartition(".")[2]


def _named_imports(file: Path, named: set[str]) -> list[str]:
    """The third-party and standard modules that a script imports at its top level, directly or through brushprint.

    Names that are already in `named` are skipped, and new names are added to it.
    """
    try:
        nodes = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []  # the job itself reports the error
    modules = []
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name in named:
                continue
            named.add(name)
            if name.split(".")[0] == _PACKAGE.name:
                module = _PACKAGE.parent.joinpath(*name.split("."))
                modules += _named_imports(
                    module / "__init__.py" if module.is_dir() else module.with_suffix(".py"), named
                )
            else:
                modules.append(name)
    return modules


def _import(names: Iterable[str]) -> None:
    for name in names:
        if name.split(".")[0] in _NOT_IMPORTED:
            continue
        # Some names are functions or classes, and some modules can only be imported by other modules.
        with suppress(Exception):
            importlib.import_module(name)
    # Otherwise, garbage collection would write to the memory that the copies share.
    gc.freeze()


def _fork(
    rule: str, client: socket.socket, streams: list[int], listener: socket.socket, jobs: Iterable[_Job]
) -> _Job | None:
    """Fork this process; the copy uses `streams` as its standard streams. Returns the job, or None in the copy."""
    receives, sends = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        process = os.fork()
    except OSError:
        for end in (receives, sends, *streams):
            os.close(end)
        raise
    if process:
        for end in (sends, *streams):
            os.close(end)
        return _Job(rule, process, client, receives)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # The copy must not keep sockets and pipes open that the server closes.
    for held in (listener, client, *(job.client for job in jobs)):
        held.close()
    for end in (receives, *(job.imports for job in jobs)):
        os.close(end)
    before = set(sys.modules)

    def send_imports() -> None:
        with suppress(BrokenPipeError), os.fdopen(sends, "w", encoding="utf-8") as pipe:  # the run was killed
            print(json.dumps([name for name in sys.modules if name not in before]), file=pipe)

    atexit.register(send_imports)
    return None


def _run(request: Request) -> None:
    os.chdir(request["folder"])
    # Keep the variables that libraries set when the server imported them.
    set_by_libraries = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT}
    os.environ.clear()
    os.environ.update(set_by_libraries | request["environment"])
    # The name of the process is the rule, so that tools such as `ps` show it.
    Path("/proc/self/comm").write_text(_rule_of(request["script"]), encoding="ascii")
    sys.argv[1:] = []
    global _status  # noqa: PLW0603, for `_leave`, which Python calls
    try:
        runpy.run_path(request["script"], run_name="__main__")
        _status = 0
    except SystemExit as stop:
        _status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        raise
    except KeyboardInterrupt:
        _status = 128 + signal.SIGINT
        raise


def _leave() -> None:
    """End a copy without finalising the interpreter, because that would take longer than most jobs.

    Files that a script left open are not flushed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status & 0xFF)


def _ended(job: _Job) -> list[str]:
    """Send the exit status of a job to its client; returns the names of the modules that the job imported."""
    with os.fdopen(job.imports, encoding="utf-8") as pipe:
        line = pipe.readline()
    # A killed job may have sent no line or an incomplete one.
    modules: list[str] = json.loads(line) if line.endswith("\n") else []
    _, wait_status = os.waitpid(job.process, 0)
    status = os.waitstatus_to_exitcode(wait_status)
    with job.client, suppress(BrokenPipeError):  # the client was killed
        job.client.send(bytes([status if status >= 0 else 128 - status]))
    return modules


if __name__ == "__main__":
    if sys.argv[2:]:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
    # `atexit` runs the function last that was registered first. This file imports no module that registers a function,
    # as `multiprocessing` does, so `_leave` runs after the functions of all libraries.
    atexit.register(_leave)
    _run(serve(socket.socket(fileno=int(sys.argv[1]))))
