"""Several processes give what one gives: in training to the order of sums, in inference to the bit."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from brushprint import networks
from brushprint.devices import Processes, run
from brushprint.errors import UserError
from brushprint.inference import infer
from brushprint.training import Data
from tests.conftest import free_ports
from tests.test_inference import held_out, random_model
from tests.test_training import assert_same, large, learn, planted, recipe

torch.set_num_threads(1)

TWO = Processes(2)
# Its sums do not depend on chance, and gradient descent does not make much of their last digits as Adam does.
EXACT = recipe(optimizer="sgd", momentum=0.9, learning_rate=0.01)
CHANCE = recipe(dropout=0.4, augmentation={"horizontal_flip": 0.5, "rotation": 20}, epochs=2)
# Two phases: the head on features that are computed once, then batch norms that learn.
NORMED = recipe(
    architecture="torchvision/resnet18",
    image_size=64,
    optimizer="sgd",
    learning_rate=0.001,
    epochs=1,
    trained=["fc"],
    fine_tuning={"epochs": 2, "learning_rate": 0.001, "trained": ["layer4", "fc"]},
)


def enlarged(count: int, seed: int) -> Data:
    return large(large(planted(count, seed)))


CASES = {
    "even": {"recipe": EXACT, "data": planted(40, 1), "validation": planted(24, 2)},
    # The last batches are of one picture, so that one of two processes has none.
    "uneven": {"recipe": EXACT, "data": planted(41, 1), "validation": planted(17, 2)},
    "resumed": {"recipe": EXACT, "data": planted(41, 1), "validation": planted(17, 2)},
    "weighed": {"recipe": EXACT.model_copy(update={"class_weights": "balanced"}), "data": planted(41, 1)},
    "batch norm": {"recipe": NORMED, "data": enlarged(21, 1), "validation": enlarged(9, 2)},
    "chance": {"recipe": CHANCE, "data": planted(41, 1)},
    "bfloat16": {"recipe": EXACT.model_copy(update={"precision": "bf16-mixed"})},
}


def learn_all(folder: Path, names: list[str], processes: Processes) -> list[tuple[dict, pd.DataFrame]]:
    """Train the cases named, all by the same processes."""
    return [learn(folder / f"{name}.pt", **CASES[name], processes=processes) for name in names]


class Killed(Data):
    """Training pictures in whose second epoch the system ends the second process."""

    epochs = 0

    def batches(self, size: int, order: np.ndarray | None, processes: Processes) -> Iterator:
        self.epochs += 1
        for number, batch in enumerate(super().batches(size, order, processes)):
            if (self.epochs, number, processes.rank) == (2, 2, 1):
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


@pytest.fixture(scope="module")
def resumable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of the case "resumed", one of whose processes was killed."""
    folder, data = tmp_path_factory.mktemp("two"), CASES["resumed"]["data"]
    killed = CASES["resumed"] | {"data": Killed(data.pixels, data.rows, data.targets)}
    with pytest.raises(UserError, match="one of the processes was killed"):
        run(learn, TWO, folder / "processes", checkpoint=folder / "resumed.pt", **killed)
    return folder


@pytest.fixture(scope="module")
def results(
    resumable: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[tuple[dict, pd.DataFrame], ...]]:
    """What one process and two make of each case: weights and history."""
    one, names = tmp_path_factory.mktemp("one"), list(CASES)
    by_two = run(learn_all, TWO, resumable / "processes", folder=resumable, names=names)[0]
    return dict(zip(names, zip(learn_all(one, names, Processes()), by_two, strict=True), strict=True))


@pytest.mark.parametrize("case", ["even", "uneven", "weighed", "batch norm"])
def test_two_processes_train_to_the_metrics_of_one(results, case: str):
    (weights, history), (of_two, history_of_two) = results[case]
    pd.testing.assert_frame_equal(history, history_of_two, rtol=1e-3 if case == "batch norm" else 1e-5)
    for column in ("train_accuracy", "validation_accuracy"):
        # Each picture counts once.
        np.testing.assert_allclose(history[column], history_of_two[column], rtol=1e-12)
    assert weights.keys() == of_two.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value, of_two[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", ["chance", "bfloat16"])
def test_where_draws_and_rounding_differ_metrics_are_near(results, case: str):
    one, two = (history for _, history in results[case])
    for column in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one[column], two[column], rtol=0.3 if case == "chance" else 0.02)


def test_a_run_whose_process_was_killed_gives_the_same_bits_when_it_is_resumed(results):
    assert_same(results["resumed"][1], results["uneven"][1])


def test_two_processes_infer_the_bits_of_one(tmp_path: Path):
    """Of 70 pictures of 128 a side, in batches of 32: three batches, the last of six pictures."""
    pixels, table = held_out(70, 128)
    np.save(tmp_path / "pixels.npy", pixels)
    mapped, model = np.load(tmp_path / "pixels.npy", mmap_mode="r"), random_model("cifake", 128)
    one = infer(model, mapped, table, device="cpu")
    two = infer(model, mapped, table, device="cpu", processes=TWO, folder=tmp_path / "processes")
    pd.testing.assert_frame_equal(one[0], two[0], check_exact=True)
    assert one[1].equals(two[1])


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a module `task` that processes find in their folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "task", raising=False)

    def write(text: str) -> Path:
        (tmp_path / "task.py").write_text(text)
        return tmp_path / "processes"

    return write


def test_each_process_knows_its_part_and_maps_arrays_anew(module):
    folder = module("def do(processes, array):\n    return type(array).__name__, processes.part(array).tolist()\n")
    from task import do  # noqa: PLC0415

    np.save("array.npy", np.arange(5))
    found = run(do, Processes(3), folder, array=np.load("array.npy", mmap_mode="r"))
    assert found == [("memmap", [0, 3]), ("memmap", [1, 4]), ("memmap", [2])]
    assert run(do, Processes(), folder, array=np.arange(2)) == [("ndarray", [0, 1])]


def test_a_mistake_that_one_process_finds_is_told_in_one_line_and_ends_the_others(module):
    folder = module(
        "import time\nfrom brushprint.errors import UserError\n\ndef do(processes):\n"
        "    if processes.rank == 1:\n        raise UserError('a picture is gone')\n    time.sleep(60)\n"
    )
    from task import do  # noqa: PLC0415

    with pytest.raises(UserError, match=r"^a picture is gone$"):
        run(do, TWO, folder)
    assert not folder.exists()


def test_no_process_outlives_the_one_that_began_it(module):
    module(
        "import os, time\nfrom pathlib import Path\n\ndef do(processes):\n    Path(f'{os.getpid()}.pid').touch()\n"
        "    time.sleep(60)\n"
    )
    start = "from pathlib import Path; from task import do; from brushprint.devices import *;"
    with subprocess.Popen([sys.executable, "-c", f"{start} run(do, Processes(2), Path('processes'))"]) as parent:
        until(lambda: len(list(Path().glob("*.pid"))) == 2)
        parent.kill()
    pids = [int(file.stem) for file in Path().glob("*.pid")]
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        time.sleep(0.1)
    raise TimeoutError


def test_several_nodes_without_slurm_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="several nodes need Slurm"):
        run(dict, Processes(1, nodes=2), tmp_path / "processes")


@pytest.mark.parametrize("change", [{"memory_format": "contiguous"}, {"compile": True}], ids=str)
def test_a_network_trains_alike_in_another_memory_format_or_compiled(results, change: dict, tmp_path: Path):
    """Its weights have the names that the network has as it is; compiled without C++, which takes half a minute."""
    case = CASES["even"] | {"recipe": EXACT.model_copy(update=change)}
    with torch.compiler.set_stance("default", force_backend="aot_eager"):
        weights, history = learn(tmp_path / "c.pt", **case)
    pd.testing.assert_frame_equal(history, results["even"][0][1], rtol=1e-4)
    networks.restore(networks.build("cifake", 2, 16), weights)


SLURM = """\
ClusterName=two
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=all Nodes=ALL Default=YES
"""


@pytest.fixture
def two_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Slurm of two nodes that are both this machine, on ports of its own."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if os.getuid() != 0 or not all(map(shutil.which, ("munged", "slurmctld", "slurmd"))):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs root, munge and slurm-wlm")
    host = socket.gethostname().partition(".")[0]
    settings = SLURM.format(host=host, folder=tmp_path, ports=free_ports(3))
    (tmp_path / "slurm.conf").write_text(settings)
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    # The names of the nodes are no hosts'.
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    daemons = [(["slurmctld", "-D"], {}), (["slurmd", "-D", "-N", "n1"], {}), (["slurmd", "-D", "-N", "n2"], {})]
    if not Path("/run/munge/munge.socket.2").exists():
        Path("/run/munge").mkdir(exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        daemons.insert(0, (["munged", "-F"], {"user": "munge", "group": "munge"}))
    with contextlib.ExitStack() as running:
        for command, options in daemons:
            daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
            running.callback(daemon.wait, 20)
            running.callback(daemon.terminate)
            if command[0] == "munged":
                until(Path("/run/munge/munge.socket.2").exists)
        idle = ["sinfo", "--noheader", "--format", "%D %t"]
        until(lambda: "2 idle" in subprocess.run(idle, capture_output=True, text=True, check=False).stdout)
        yield


@pytest.mark.xdist_group("slurm")
def test_tasks_of_slurm_on_two_nodes_train_to_the_metrics_of_one_process(two_nodes, tmp_path: Path):
    _, history = learn(tmp_path / "one.pt", **CASES["uneven"])
    two = run(learn, Processes(1, nodes=2), tmp_path / "processes", checkpoint=tmp_path / "two.pt", **CASES["uneven"])
    pd.testing.assert_frame_equal(two[0][1], history, rtol=1e-5)
