"""Fixtures and helpers that the tests share."""

import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pytest
import yaml
from PIL import Image
from snakemake.utils import update_config

from brushprint.core import locks
from brushprint.report.pdf import find_browser
from brushprint.workflow import forkserver

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from brushprint.models.model import Model


def pytest_configure() -> None:
    """Limit libraries to one thread: with more test processes than cores, threads would wait for one another."""
    os.environ |= forkserver.ONE_THREAD


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder and by the tools that their fixtures need; runs of the workflow come first."""
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if folder in ("workflow", "browser"):
            item.add_marker(folder)
        if {"slurm", "two_nodes"} & set(item.fixturenames):
            item.add_marker("slurm")
    # Tests that wait for a network also start early. Short tests come last and fill the idle processes.
    items.sort(key=lambda item: not {"finished", "offline"} & set(item.fixturenames))


def on_path(*commands: str) -> bool:
    return all(map(shutil.which, commands))


# For each marker of tests that need a tool: a check whether this machine has the tool, and the reason for a skip.
TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "browser": (lambda: find_browser() is not None, "pages are tested in Chromium, which is not here"),
    "slurm": (
        lambda: os.getuid() == 0 and on_path("munged", "slurmctld", "slurmd"),
        "needs root, munge and slurm-wlm",
    ),
    "sshd": (lambda: on_path("sshd"), "needs sshd, of openssh-server"),
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let marked tests find their tools in `TOOLS_PATH`: CI hides the tools from all other tests."""
    path = os.environ["PATH"]
    if any(map(item.get_closest_marker, TOOLS)):
        os.environ["PATH"] = os.pathsep.join(filter(None, [path, os.environ.get("TOOLS_PATH")]))
    try:
        return (yield)
    finally:
        os.environ["PATH"] = path


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool is missing, before its fixtures are set up."""
    for marker, (is_here, reason) in TOOLS.items():
        if item.get_closest_marker(marker) and not is_here():
            lacking(reason)


def picture(seed: int, size: tuple[int, int] = (48, 40), mode: str = "RGB") -> Image.Image:
    """A picture of smooth random colours, which differ for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The bytes of a picture file."""
    stream = io.BytesIO()
    if kind == "HEIF":
        import pillow_heif  # noqa: PLC0415

        pillow_heif.from_pillow(image).save(stream, **options)
    else:
        image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def write_files(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """A function that writes files (contents by name) below a new folder and returns the folder."""

    def write(files: dict[str, bytes]) -> Path:
        root = tmp_path / "collection"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root

    return write


# One architecture of each kind that the variants use.
ARCHITECTURES = ["cifake", "conv3", "simple-cnn", "tapering-cnn", "torchvision/efficientnet_b0", "torchvision/resnet18"]


def model_of(architecture: str, side: int, classes: list[str], **recipe: object) -> "Model":
    """A model with random weights, drawn from torch's default generator."""
    # Imported here, because workflow tests do not need torch, which takes long to import.
    from brushprint.models.model import build_model  # noqa: PLC0415

    usual = {"scaling": "unit", "dropout": 0.0, "loss": "cross-entropy", "precision": "32-true"}
    return build_model(usual | {"architecture": architecture, "image_size": side, "classes": classes} | recipe)


REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let processes receive SIGINT, which they would ignore if the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(project: Path, *command: str, expect: int = 0) -> str:
    """Run a command of the environment in a project, with the project's own package; return its whole output."""
    done = complete(project, *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == expect, done.stdout
    return done.stdout


_copies = cache(forkserver.start)


def complete(project: Path, *command: str, **streams: int) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment to its end.

    Python commands start as jobs do: as copies of a process that has already imported their modules. Importing takes
    most of the time of a start.
    """
    variables = environment(project)
    if command[0] in {"brushprint", "dvc", "snakemake"}:
        called = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        variables["COMMAND"] = json.dumps([command[0], variables["PYTHONPATH"], called])
        command = (*shlex.split(_copies()), sys.executable, str(REPOSITORY / "tests/support/begin.py"))
    return subprocess.run(command, cwd=project, env=variables, text=True, check=False, **streams)


def environment(project: Path) -> dict[str, str]:
    """The environment variables for the commands of a project."""
    # Jobs may write compiled modules, because each job starts a Python of its own and compiled modules load faster.
    own = {"PYTHONDONTWRITEBYTECODE", *forkserver.ONE_THREAD}
    # Under `make test`, a command that calls make must not inherit what make passes on to itself.
    own |= {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in own}
    someone = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return (
        inherited
        | someone
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(project / "src"),
        }
    )


def lacking(reason: str) -> NoReturn:
    """Skip a test because this machine lacks something; on CI, which installs everything that tests need, fail it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """The browser that tests of pages share."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        # Chromium's sandbox is not available in containers.
        yield playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])


def free_ports(number: int) -> list[int]:
    """Ports of this machine on which no process listens."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def snakemake(project: Path, *arguments: str, expect: int = 0) -> str:
    """Run the workflow of a project; return its output, followed by the complete listing if a run began."""
    before = listings(project)
    printed = run(project, "snakemake", "--cores", "2", *arguments, expect=expect)
    return printed + "".join(file.read_text() for file in sorted(listings(project) - before))


def listings(project: Path) -> set[Path]:
    """The files with the complete listings of runs."""
    return {*(project / ".snakemake/log").glob("*.log")}


def edit(file: Path, old: str, new: str) -> None:
    """Replace the only occurrence of `old` in a file."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    file.write_text(text.replace(old, new))


def add_line(name: str, line: str = "\nCHANGED = True\n") -> Callable[[Path], None]:
    """A change of a project that appends a line to a file."""

    def change(project: Path) -> None:
        with (project / name).open("a") as file:
            file.write(line)

    return change


def set_key(*path: str, to: object) -> Callable[[Path], None]:
    """A change of a project that sets one key of its settings or recipes."""

    def change(project: Path) -> None:
        for file in (project / "config/config.yaml", project / "config/recipes.yaml"):
            settings = yaml.safe_load(file.read_text())
            if path[0] not in settings:
                continue
            inner = settings
            for step in path[:-1]:
                inner = inner[step]
            assert inner[path[-1]] != to
            inner[path[-1]] = to
            file.write_text(yaml.safe_dump(settings, sort_keys=False))

    return change


def set_variants(project: Path, change: Callable[[dict], None]) -> None:
    file = project / "config/config.yaml"
    settings = yaml.safe_load(file.read_text())
    change(settings["variants"])
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def jobs(output: str) -> set[tuple[str, str]]:
    """The rule of each job that Snakemake announces, with the job's variant or split (empty if it has neither)."""
    blocks = re.split(r"^(?:local)?(?:rule|checkpoint) (?=\w+:$)", output, flags=re.MULTILINE)[1:]
    found = set()
    for block in blocks:
        of = re.search(r"^    wildcards: .*?(?:variant|split)=([\w+-]+)", block, re.MULTILINE)
        found.add((block.split(":")[0], of[1] if of else ""))
    return found - {("all", "")}


def contents(project: Path) -> dict[str, bytes]:
    """Every file under `results/` of a project, by name."""
    results = project / "results"
    return {str(file.relative_to(results)): file.read_bytes() for file in results.rglob("*") if file.is_file()}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A copy of this repository as it is now, with a tiny collection as its default, after one whole run."""
    return share("finished", finish, tmp_path_factory, worker_id)


def share(name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that one process of a test run makes and all processes share."""
    shared = (factory.getbasetemp() if worker_id == "master" else factory.getbasetemp().parent) / name
    with locks.hold(shared / "lock", wait=True):
        if not (shared / "done").exists():
            make(shared / "brushprint")
            (shared / "done").touch()
    return shared / "brushprint"


def finish(project: Path) -> None:
    """Make a tiny project from the files of this repository, and run it."""
    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, text=True)
    for name in filter(lambda name: (REPOSITORY / name).exists(), names.splitlines()):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, project / name)
    settings = project / "config/config.yaml"
    merged = yaml.safe_load(settings.read_text())
    update_config(merged, yaml.safe_load((REPOSITORY / "tests/support/tiny.yaml").read_text()))
    settings.write_text(yaml.safe_dump(merged, sort_keys=False))
    run(project, "git", "init", "--quiet", "--template=")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "-m", "tiny")
    # Packs five hundred files into one, because each test that changes the project copies them.
    run(project, "git", "gc", "--quiet")
    snakemake(project)


def copy_project(source: Path, target: Path) -> Path:
    """Copy a project to a folder that does not exist yet; returns the folder."""
    # `shutil.copytree` takes six times as long as `cp`.
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


@pytest.fixture
def project(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished project that a test may change; all tests of a process use the same folder in turn."""
    return renew(tmp_path_factory.getbasetemp() / "project/brushprint", finished)


# The entries of each folder after its last renewal.
_RENEWED: dict[Path, dict[str, tuple[int, ...]]] = {}


def renew(folder: Path, source: Path) -> Path:
    """Make a folder an exact copy of another one, and return it; only what changed since the last time is copied.

    A copy of a whole project would take more time than most tests that need one.
    """
    if folder not in _RENEWED:
        folder.parent.mkdir()
        copy_project(source, folder)
        _RENEWED[folder] = _entries(folder)
        return folder
    known, now = _RENEWED[folder], _entries(folder)
    changed = sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))
    for name in reversed(changed):
        here, there = folder / name, source / name
        if here.is_symlink() or here.is_file():
            here.unlink()
        elif here.is_dir() and not there.is_dir():
            shutil.rmtree(here)
    for name in changed:
        if (source / name).is_dir():
            (folder / name).mkdir(exist_ok=True)
        elif (source / name).exists():
            shutil.copy2(source / name, folder / name)
    for name in reversed(changed):
        if (source / name).is_dir():
            shutil.copystat(source / name, folder / name)
    _RENEWED[folder] = _entries(folder)
    return folder


def _entries(folder: Path) -> dict[str, tuple[int, ...]]:
    """Each file and folder below a folder, with the numbers of its status that change when it changes."""
    entries = {}
    left = [folder]
    while left:
        for entry in os.scandir(left.pop()):
            about = entry.stat(follow_symlinks=False)
            name = os.path.relpath(entry.path, folder)
            entries[name] = (about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
            if entry.is_dir(follow_symlinks=False):
                left.append(Path(entry.path))
    return entries


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The path of Snakemake in an environment that also has the extra `cluster`."""

    def sync(folder: Path) -> None:
        elsewhere = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder)}
        command = [
            Path(sys.executable).with_name("uv"),
            "sync",
            "--locked",
            "--quiet",
            "--no-dev",
            "--no-install-project",
            "--extra",
            "cluster",
        ]
        done = subprocess.run(command, cwd=REPOSITORY, env=elsewhere, capture_output=True, text=True, check=False)
        if done.returncode:
            lacking(f"the extra cluster is not installed: {done.stderr}")

    return str(share("cluster", sync, tmp_path_factory, worker_id) / "bin/snakemake")
