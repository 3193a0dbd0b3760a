"""A script that starts as a copy of another process behaves as in a Python of its own."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")

SERVING = """
import sys
from brushprint.workflow import forkserver
print(forkserver.start(), flush=True)
sys.stdin.read()
"""


class Server(NamedTuple):
    """A process that started a server, and the prefix of commands that run through the server."""

    process: subprocess.Popen
    prefix: list[str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    command = [sys.executable, "-c", SERVING]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield Server(process, shlex.split(process.stdout.readline()))
    process.communicate()


def script(folder: Path, text: str, rule: str = "train") -> list[str]:
    """The command that runs a script, whose file is named like Snakemake's copies of scripts."""
    file = folder / f"tmp{len(list(folder.iterdir()))}.{rule}.py"
    file.write_text(text)
    return [sys.executable, str(file)]


def ended(command: list[str], folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"GIVEN": "a ü"}, capture_output=True, text=True, check=False, input="in"
    )
    return done.returncode, done.stdout, done.stderr.rpartition("\n  ")[2]


@pytest.mark.parametrize(
    "text",
    [
        "import os, sys; print(os.getcwd(), os.environ['GIVEN'], __name__, __file__, sys.argv, sys.stdin.read())",
        "import sys; print('wrong', file=sys.stderr); sys.exit(3)",
        "raise SystemExit('said')",
        "1 / 0",
        "no Python",
        "import this_is_nowhere",
        "import atexit; atexit.register(print, 'at the end')",
        "import threading; threading.Timer(0.1, print, ['later']).start()",
        "import pickle\nclass Of:\n    pass\nprint(type(pickle.loads(pickle.dumps(Of()))).__module__)",
        "from joblib import Parallel, delayed\nprint(Parallel(2)(delayed(abs)(value) for value in (-1, 2)))",
    ],
)
def test_a_script_has_the_same_output_and_exit_code_as_in_its_own_python(
    server: Server, tmp_path: Path, text: str
) -> None:
    command = script(tmp_path, text)
    assert ended([*server.prefix, *command], tmp_path) == ended(command, tmp_path)


def test_a_script_that_cannot_start_fails(server: Server, tmp_path: Path) -> None:
    request = {"script": script(tmp_path, "")[1], "folder": str(tmp_path / "nowhere"), "environment": {}}
    content = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as asking, Path(os.devnull).open("r+b") as nothing:
        asking.connect(server.prefix[-1])
        socket.send_fds(asking, [len(content).to_bytes(8, "big")], [nothing.fileno()] * 3)
        asking.sendall(content)
        assert asking.recv(1) == b"\x01"


def test_a_killed_script_has_the_exit_code_that_shells_report_for_the_signal(server: Server, tmp_path: Path) -> None:
    command = script(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert ended([*server.prefix, *command], tmp_path) == (128 + signal.SIGKILL, "", "")


@pytest.mark.parametrize(
    "line", ["import colorsys", "from sklearn import metrics", "from brushprint.evaluation import metrics"]
)
def test_top_level_imports_of_a_script_are_imported_before_it_runs(server: Server, tmp_path: Path, line: str) -> None:
    module = "colorsys" if "colorsys" in line else "sklearn.metrics"
    command = script(tmp_path, f"import sys; print({module!r} in sys.modules)\n{line}")
    assert ended([*server.prefix, *command], tmp_path)[1] == "True\n"


def test_modules_that_a_script_imports_later_are_preloaded_for_the_next_scripts(server: Server, tmp_path: Path) -> None:
    text = "import sys; print('colorsys' in sys.modules)\nif True:\n    import colorsys"
    for rule, found in (("train", "False"), ("train", "True"), ("infer", "True")):
        assert ended([*server.prefix, *script(tmp_path, text, rule)], tmp_path)[1] == f"{found}\n"


def test_a_library_that_starts_threads_is_not_preloaded(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        command = script(tmp_path, "import sys; print('onnxruntime' in sys.modules)\nimport onnxruntime")
        assert ended([*server.prefix, *command], tmp_path)[1] == "False\n"


def test_the_package_itself_is_not_preloaded_because_its_code_may_change(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        command = script(
            tmp_path,
            "import sys; print('brushprint.data.array_digests' in sys.modules); import brushprint.data.array_digests",
        )
        assert ended([*server.prefix, *command], tmp_path)[1] == "False\n"


def alive(file: Path) -> bool:
    """Whether the file that a script writes is still growing."""
    before = file.stat().st_size
    time.sleep(0.3)
    return file.stat().st_size > before


# The list of modules that this script imports is longer than a pipe holds.
WRITES = """
import sys, time
sys.modules.update({f"imported.{number}": sys for number in range(10_000)})
with open("written", "w") as file:
    for _ in range(40):
        print("at work", file=file, flush=True)
        time.sleep(0.05)
"""


def begun(server: Server, folder: Path) -> subprocess.Popen:
    asking = subprocess.Popen([*server.prefix, *script(folder, WRITES)], cwd=folder)
    while not (folder / "written").exists():
        time.sleep(0.01)
    return asking


def test_a_script_ends_when_the_command_that_requested_it_is_killed(server: Server, tmp_path: Path) -> None:
    asking = begun(server, tmp_path)
    asking.kill()
    asking.wait()
    time.sleep(0.2)
    assert not alive(tmp_path / "written")


def test_a_script_outlives_a_killed_run_as_it_would_in_its_own_python(server: Server, tmp_path: Path) -> None:
    asking = begun(server, tmp_path)
    server.process.kill()
    server.process.wait()
    assert alive(tmp_path / "written")
    assert asking.wait(10) != 0
    while alive(tmp_path / "written"):
        pass
    time.sleep(0.5)
    assert not [file for file in Path("/proc").glob("[0-9]*/cwd") if at(file, tmp_path)]


def at(link: Path, folder: Path) -> bool:
    """Whether a process works in a folder."""
    try:
        return link.readlink() == folder
    except OSError:  # the process has ended meanwhile
        return False


def test_without_a_server_a_script_starts_in_its_own_python(server: Server, tmp_path: Path) -> None:
    server.process.communicate()
    command = script(tmp_path, "print('by itself')")
    assert ended([*server.prefix, *command], tmp_path) == (0, "by itself\n", "")


def test_a_client_that_is_killed_before_it_completes_its_request_does_no_harm(server: Server, tmp_path: Path) -> None:
    talk = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'1234')"
    subprocess.run([sys.executable, "-c", talk, server.prefix[-1]], check=True)
    assert ended([*server.prefix, *script(tmp_path, "print('well')")], tmp_path)[1] == "well\n"


def test_other_users_of_the_machine_cannot_use_the_server(server: Server) -> None:
    assert Path(server.prefix[-1]).parent.stat().st_mode & 0o077 == 0


def test_the_folder_of_a_server_is_removed_even_if_its_process_is_killed(server: Server) -> None:
    server.process.kill()
    server.process.wait()
    while Path(server.prefix[-1]).parent.exists():
        time.sleep(0.01)
