"""After killed processes, a full disk or a write-protected folder, the next run gives the same bytes."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import add_line, contents, environment, run, set_key, snakemake

pytestmark = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="processes are found in /proc")

VARIANT = "results/sample/variants/cifake-32"
MODEL = f"{VARIANT}/model.safetensors"
LEARNED = [f"{VARIANT}/{name}" for name in ("model.safetensors", "model.sha256", "history.csv")]
CHECKPOINT = "scratch/sample/checkpoints/cifake-32.pt"
RESUMED = r"cifake-32: resumed after epoch (\d+)"
IGNORED = "cifake-32: ignoring a checkpoint of other settings, code or pictures"
SUPERUSER = "-dac_override,-dac_read_search"
# One of these folders is deleted if a run ends before it is killed.
STAGES = ("results", "results/sample/variants/simple-cnn", VARIANT)
MADE = ("results", "records", "scratch", "data", "logs", ".snakemake")


@pytest.fixture
def project(project: Path) -> Iterator[Path]:
    """A copy of the finished project; processes that still work in it after the test are killed."""
    yield project
    cut_power(project)


def at_work(project: Path, *names: str) -> list[int]:
    """All processes that work in a project, or only those with some names; a job has the name of its rule."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended meanwhile
            within = (process / "cwd").readlink().is_relative_to(project)
            if within and (not names or (process / "comm").read_text().strip() in names):
                found.append(int(process.name))
    return found


def cut_power(project: Path) -> None:
    """Kill all processes that work in a project, as a power cut does."""
    while left := at_work(project):
        for process in left:
            kill(process)


def kill(process: int, number: int = signal.SIGKILL) -> None:
    """Send a process a signal, unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


def said(project: Path) -> str:
    """The output of all runs of a project that were started in the background."""
    return (project / "said.txt").read_text()


def begin(project: Path, *arguments: str, within: tuple[str, ...] = ()) -> subprocess.Popen:
    """Start a run of the workflow in the background, in a process group of its own."""
    with (project / "said.txt").open("a") as output:
        return subprocess.Popen(
            [*within, "snakemake", "--cores", "2", *arguments],
            cwd=project,
            env=environment(project),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def until(process: subprocess.Popen, happens: Callable[[], object], pause: float = 0.01) -> None:
    """Wait until a condition holds; fail if the run ends before that."""
    while not happens():
        assert process.poll() is None, "the run ended before"
        time.sleep(pause)


def kill_group(process: subprocess.Popen) -> None:
    """Kill a run and its jobs at once, unless they have ended."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def forget_training(project: Path) -> None:
    for file in (*LEARNED, CHECKPOINT):
        (project / file).unlink()


def learned(project: Path) -> list[bytes]:
    return [(project / file).read_bytes() for file in LEARNED]


def job_of(project: Path, rule: str) -> Callable[[], list[int]]:
    """A condition that holds while a job of a rule is at work."""
    return lambda: at_work(project, rule)


@contextmanager
def paused(process: subprocess.Popen, project: Path, rule: str) -> Iterator[None]:
    """Stop the job of a rule as soon as a run has started it; continue the job at the end of the block."""
    until(process, job_of(project, rule))
    # While a job starts a command, there are two processes of the same name.
    job = at_work(project, rule)
    for process_id in job:
        kill(process_id, signal.SIGSTOP)
    yield
    for process_id in job:
        kill(process_id, signal.SIGCONT)


def changed(file: Path) -> Callable[[], bool]:
    """A condition that holds once a file has been written after this call."""
    before = file.stat().st_mtime_ns if file.exists() else None
    return lambda: file.exists() and file.stat().st_mtime_ns != before


def part_of(file: Path) -> Path:
    return file.with_name(file.name + ".part")


def test_training_killed_at_any_moment_resumes_after_its_last_finished_epoch(project: Path) -> None:
    set_key("recipes", "cifake-32", "epochs", to=30)(project)
    set_key("budget", "epochs", to=30)(project)
    snakemake(project, MODEL)
    uncut = learned(project)
    forget_training(project)
    checkpoint, model = project / CHECKPOINT, project / MODEL

    def kill_when(happens: Callable[[], object], pause: float = 0.01) -> None:
        process = begin(project, MODEL)
        until(process, happens, pause)
        kill_group(process)

    kill_when(job_of(project, "train"))
    assert not checkpoint.exists()
    kill_when(checkpoint.exists)
    while not part_of(checkpoint).exists():
        kill_when(part_of(checkpoint).exists, pause=0)
    kill_when(changed(checkpoint))
    while not part_of(model).exists():
        # The moment is so short that the test may miss it.
        for file in LEARNED:
            (project / file).unlink(missing_ok=True)
        process = begin(project, MODEL)
        while process.poll() is None and not part_of(model).exists():
            pass
        kill_group(process)
    assert not model.exists()

    output = snakemake(project, MODEL)
    assert learned(project) == uncut
    resumed = [int(epoch) for epoch in re.findall(RESUMED, said(project) + output)]
    assert resumed == sorted(resumed)
    assert 0 < resumed[0] < resumed[-1] == 30


def kill_snakemake(project: Path, process: subprocess.Popen) -> None:
    """Kill Snakemake alone; its jobs continue without it."""
    process.kill()
    process.wait()


def kill_a_job(project: Path, process: subprocess.Popen) -> None:
    """Kill one job; Snakemake reports it and ends by itself."""
    rules = [script.stem[:15] for script in (project / "workflow/scripts").glob("*.py")]
    while process.poll() is None and not (jobs := at_work(project, *rules)):
        time.sleep(0.01)
    if process.poll() is None:
        kill(jobs[0])
    process.wait()


def kill_everything(project: Path, process: subprocess.Popen) -> None:
    """Kill all processes at once, as a power cut does."""
    cut_power(project)
    process.wait()


def steps(project: Path) -> int:
    """The number of jobs that succeeded in the runs that were started in the background."""
    return len(re.findall(r"^ *\d+%  \S+ \(\d+:\d\d\)$", said(project), re.MULTILINE))


def test_a_run_that_is_killed_a_dozen_times_ends_with_the_same_bytes(project: Path, finished: Path) -> None:
    for made in MADE:
        shutil.rmtree(project / made)
    chance = random.Random(7)
    kills = [kill_snakemake, kill_a_job, kill_everything] * 4
    chance.shuffle(kills)
    while kills:
        process = begin(project)
        # First wait for a number of finished jobs, so that there is progress even on a slow machine.
        moment = steps(project) + chance.randrange(4)
        while process.poll() is None and steps(project) < moment:
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.random())
        if process.poll() is None:
            kills.pop()(project, process)
        if process.returncode == 0:
            shutil.rmtree(project / chance.choice(STAGES))
    snakemake(project)
    assert "Nothing to be done" in snakemake(project, "-n")
    assert contents(project) == contents(finished)


def test_a_waiting_job_whose_run_was_killed_leaves_the_results_to_the_next_run(project: Path) -> None:
    forget_training(project)
    first = begin(project, MODEL)
    until(first, lambda: "cifake-32:   0%" in said(project))
    with paused(first, project, "train"):
        kill_snakemake(project, first)

        waits = "train-cifake-32: waiting for a job of an earlier run that still works on the same files"
        second = begin(project, MODEL)
        until(second, lambda: waits in said(project))
        kill_snakemake(project, second)

        set_key("recipes", "cifake-32", "learning_rate", to=0.002)(project)
        third = begin(project, MODEL)
        until(third, lambda: said(project).count(waits) == 2)
    assert third.wait() == 0
    while job_of(project, "train")():
        time.sleep(0.01)
    assert said(project).count("train-cifake-32: the run that started this job has ended; the job does nothing") == 1

    left = learned(project)
    forget_training(project)
    snakemake(project, MODEL)
    assert learned(project) == left


def test_a_killed_run_leaves_no_lock_behind(project: Path, finished: Path) -> None:
    shutil.rmtree(project / VARIANT / "figures")
    process = begin(project)
    until(process, lambda: steps(project))
    kill_group(process)
    assert not list((project / ".snakemake/locks").iterdir())
    snakemake(project)
    assert contents(project) == contents(finished)


def test_a_run_killed_on_one_branch_does_no_harm_to_another(project: Path, finished: Path) -> None:
    """Snakemake keeps its mark of the incomplete job and runs that job again, with the same bytes."""
    run(project, "dvc", "commit", "--force")
    run(project, "git", "add", "dvc.lock")
    run(project, "git", "commit", "--quiet", "--message", "Results")
    run(project, "git", "checkout", "--quiet", "-b", "other")
    set_key("recipes", "cifake-32", "learning_rate", to=0.002)(project)
    run(project, "git", "commit", "--quiet", "--all", "--message", "Another learning rate")
    process = begin(project, MODEL)
    until(process, job_of(project, "train"))
    kill_group(process)
    run(project, "git", "checkout", "--quiet", "-")
    run(project, "dvc", "checkout", "--force")
    snakemake(project)
    assert contents(project) == contents(finished)
    assert "Nothing to be done" in snakemake(project, "-n")


def test_a_second_run_at_the_same_time_is_refused_and_does_no_harm(project: Path, finished: Path) -> None:
    forget_training(project)
    first = begin(project, MODEL)
    until(first, lambda: "cifake-32:   0%" in said(project))
    with paused(first, project, "train"):
        note = "note: another run is at work in this folder"
        assert note in snakemake(project, "-n")
        refused = snakemake(project, expect=2)
        assert "error: another run is at work in this folder; wait for its end, or use another clone" in refused
        assert "Traceback" not in refused
        assert "rule " not in refused
    assert first.wait() == 0
    assert contents(project) == contents(finished)
    assert "another run" not in said(project)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(set_key("recipes", "cifake-32", "learning_rate", to=0.002), id="learning rate"),
        pytest.param(add_line("src/brushprint/training/loop.py"), id="code"),
    ],
)
def test_a_checkpoint_of_other_settings_or_code_is_not_resumed(project: Path, change: Callable[[Path], None]) -> None:
    set_key("budget", "epochs", to=4)(project)
    process = begin(project, MODEL)
    until(process, changed(project / CHECKPOINT))
    kill_group(process)
    change(project)
    output = snakemake(project, MODEL)
    assert IGNORED in output
    assert "resumed" not in output
    changed_on_the_way = learned(project)
    forget_training(project)
    output = snakemake(project, MODEL)
    assert IGNORED not in output
    assert learned(project) == changed_on_the_way


def without_privilege() -> tuple[str, ...]:
    """The prefix of a command that must obey file permissions, which root otherwise overrides."""
    return () if os.getuid() else ("setpriv", f"--bounding-set={SUPERUSER}", f"--inh-caps={SUPERUSER}")


@contextmanager
def shut(folder: Path) -> Iterator[None]:
    """Make a folder write-protected during the block."""
    folder.chmod(0o555)
    yield
    folder.chmod(0o755)


@pytest.mark.parametrize(
    "folder", ["results/sample", VARIANT, "scratch/sample/checkpoints", "logs/sample", ".snakemake"]
)
def test_a_write_protected_folder_is_reported_before_anything_runs(project: Path, finished: Path, folder: str) -> None:
    set_key("latent", "clusters", to=3)(project)
    with shut(project / folder):
        output = run(project, *without_privilege(), "snakemake", "--cores", "2", expect=2)
    assert f"error: {folder}: this user may not write there; change its owner or permissions" in output
    assert "Traceback" not in output
    assert "rule " not in output
    assert contents(project) == contents(finished)


@pytest.mark.parametrize("folder", [VARIANT, "scratch/sample/checkpoints"])
def test_a_folder_that_becomes_write_protected_during_a_job_is_reported_in_one_line(
    project: Path, finished: Path, folder: str
) -> None:
    forget_training(project)
    process = begin(project, MODEL, within=without_privilege())
    until(process, job_of(project, "train"))
    with shut(project / folder):
        assert process.wait() == 1
    errors = [line for line in said(project).splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert re.fullmatch(rf"error: {folder}/\S+: Permission denied; allow this user to write there", errors[0])
    assert "Traceback" not in said(project)
    snakemake(project, MODEL)
    assert learned(project) == learned(finished)


class SmallDisk:
    """A small disk mounted on a folder of a project; only commands with the prefix `within` see it."""

    def __init__(self, project: Path, folder: str, size: str) -> None:
        self.project, self.folder = project, folder
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        # The mount lives as long as this process.
        self.keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", '"$@" && echo mounted && exec cat', "sh", *mount],
            cwd=project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.keeper.stdout.readline() != "mounted\n":
            pytest.skip("a small disk cannot be mounted here")

    @property
    def place(self) -> Path:
        """The path under which other processes see the small disk."""
        return Path(f"/proc/{self.keeper.pid}/root{self.project}", self.folder)

    @property
    def within(self) -> tuple[str, ...]:
        """The prefix of commands that see the small disk."""
        return "nsenter", f"--mount=/proc/{self.keeper.pid}/ns/mnt", "env", f"--chdir={self.project}"

    def snakemake(self, *arguments: str, expect: int = 0) -> str:
        return run(self.project, *self.within, "snakemake", "--cores", "2", *arguments, expect=expect)

    def grow(self) -> None:
        run(self.project, *self.within, "mount", "-o", "remount,size=64m", self.folder)

    def fill(self) -> Path:
        """Fill the disk with one file, and return the file."""
        filler = self.place / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        return filler


@pytest.fixture
def small_disk(project: Path) -> Iterator[Callable[[str, str], SmallDisk]]:
    disks = []

    def mount(folder: str, size: str) -> SmallDisk:
        (project / folder).mkdir(exist_ok=True)
        disks.append(SmallDisk(project, folder, size))
        return disks[-1]

    yield mount
    for disk in disks:
        disk.keeper.communicate()


def assert_told(output: str, target: str) -> None:
    """Assert that a full disk was reported in one line."""
    errors = [line for line in output.splitlines() if line.startswith("error:")]
    assert errors == [f"error: the disk is full: no room for {target}; free some space and run again"]
    assert "Traceback" not in output


def test_a_disk_too_small_for_the_pixels_is_reported_and_they_are_made_once_there_is_room(
    project: Path, small_disk: Callable[[str, str], SmallDisk]
) -> None:
    pixels = "scratch/sample/pixels-128-nearest.npy"
    snakemake(project, pixels)
    disk = small_disk("scratch/sample", "4m")
    assert_told(disk.snakemake(pixels, expect=1), pixels)
    assert not list(disk.place.glob("*.part"))
    disk.grow()
    disk.snakemake(pixels)
    assert (disk.place / Path(pixels).name).read_bytes() == (project / pixels).read_bytes()


def test_a_disk_too_small_for_a_checkpoint_is_reported_and_training_resumes_once_there_is_room(
    project: Path, finished: Path, small_disk: Callable[[str, str], SmallDisk]
) -> None:
    forget_training(project)
    disk = small_disk("scratch/sample/checkpoints", "5m")
    assert_told(disk.snakemake(MODEL, expect=1), CHECKPOINT)
    disk.grow()
    assert re.search(RESUMED, disk.snakemake(MODEL))
    assert learned(project) == learned(finished)


@pytest.mark.parametrize(("rule", "target"), [("train", MODEL), ("infer", f"{VARIANT}/probabilities.parquet")])
def test_a_disk_that_fills_up_during_a_job_is_reported_and_the_job_is_repeated_once_there_is_room(
    project: Path, finished: Path, small_disk: Callable[[str, str], SmallDisk], rule: str, target: str
) -> None:
    disk = small_disk(VARIANT, "16m")
    shutil.copytree(project / VARIANT, disk.place, dirs_exist_ok=True)
    made = disk.place / Path(target).name
    made.unlink()
    process = begin(project, target, within=disk.within)
    with paused(process, project, rule):
        filler = disk.fill()
    assert process.wait() == 1
    assert_told(said(project), target)
    filler.unlink()
    disk.snakemake(target)
    assert made.read_bytes() == (finished / target).read_bytes()


def test_a_disk_that_fills_up_before_a_job_can_write_its_log_is_reported(
    project: Path, small_disk: Callable[[str, str], SmallDisk]
) -> None:
    add_line("src/brushprint/report/templates/page.html.jinja", "<!-- end -->")(project)
    disk = small_disk("logs/sample", "2m")
    process = begin(project, "results/sample/report/index.html", within=disk.within)
    with paused(process, project, "report"):
        # The job may have written its first line already. The memory page of that line would have room for more.
        for log in disk.place.glob("report.log"):
            log.unlink()
        disk.fill()
    assert process.wait() == 1
    assert "error: the disk is full; free some space and run again\n" in said(project)
    assert "Traceback" not in said(project)


@pytest.mark.parametrize("folder", ["results/sample", "scratch/sample", ".snakemake"])
def test_a_full_disk_is_reported_before_anything_runs(
    project: Path, small_disk: Callable[[str, str], SmallDisk], folder: str
) -> None:
    disk = small_disk(folder, "2m")
    disk.fill()
    output = disk.snakemake(expect=2)
    assert f"error: the disk is full: no room in {folder}; free some space and run again" in output
    assert "Traceback" not in output
    assert "rule " not in output
