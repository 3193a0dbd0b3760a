"""The device of inference."""

import pytest
import torch

from brushprint.core.errors import UserError
from brushprint.models.devices import choose_device
from brushprint.models.fabric import setup_fabric


def test_a_device_that_this_machine_lacks_is_told_in_one_line():
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(UserError, match=f"device: {missing}") as caught:
        choose_device(missing)
    assert "\n" not in str(caught.value)


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


@pytest.mark.xdist_group("processes")
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


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("case", ["chance", "bfloat16"])
def test_where_draws_and_rounding_differ_metrics_are_near(results, case: str):
    one, two = (history for _, history in results[case])
    for column in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one[column], two[column], rtol=0.3 if case == "chance" else 0.02)


@pytest.mark.xdist_group("processes")
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
        "import time\nfrom brushprint.core.errors import UserError\n\ndef do(processes):\n"
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
    start = "from pathlib import Path; from task import do; from brushprint.models.devices import *;"
    with subprocess.Popen([sys.executable, "-c", f"{start} run(do, Processes(2), Path('processes'))"]) as parent:
        wait_until(lambda: len(list(Path().glob("*.pid"))) == 2)
        parent.kill()
    pids = [int(file.stem) for file in Path().glob("*.pid")]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_jobs_on_one_machine_have_gpus_of_their_own_and_share_where_there_are_more_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,GPU-of-a-name,4")

    def claim(count: int) -> tuple[subprocess.Popen, str]:
        claims = f"import os, sys; from brushprint.models.devices import claim_gpus; claim_gpus({count});"
        tells = "print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); sys.stdin.read()"
        job = subprocess.Popen(
            [sys.executable, "-c", claims + tells], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return job, job.stdout.readline().strip()

    first, of_first = claim(1)
    second, of_second = claim(2)
    third, of_third = claim(1)
    assert (of_first, of_second, of_third) == ("1", "GPU-of-a-name,4", "1")
    second.communicate()
    fourth, of_fourth = claim(1)
    assert of_fourth == "GPU-of-a-name"
    fifth, of_fifth = claim(3)
    assert of_fifth == "1,GPU-of-a-name,4"
    for job in (first, third, fourth, fifth):
        job.communicate()


def test_several_nodes_without_slurm_are_refused_before_anything_runs(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = "error: nodes: several nodes need Slurm, and there is no srun here; set nodes: 1"
    assert snakemake(finished, "--config", "nodes=2", expect=2).splitlines()[-1] == told


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("change", [{"memory_format": "contiguous"}, {"compile": True}], ids=str)
def test_a_network_trains_alike_in_another_memory_format_or_compiled(results, change: dict, tmp_path: Path):
    """Its weights have the names that the network has as it is; compiled without C++, which takes half a minute."""
    case = CASES["even"] | {"recipe": EXACT.model_copy(update=change)}
    with torch.compiler.set_stance("default", force_backend="aot_eager"):
        weights, history = learn(tmp_path / "c.pt", **case)
    pd.testing.assert_frame_equal(history, results["even"][0][1], rtol=1e-4)
    networks.restore(networks.build("cifake", 2, 16), weights)


@pytest.fixture
def two_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    # The names of the nodes are no hosts'.
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with slurm(tmp_path / "slurm.conf", tmp_path, "n1", "n2"):
        yield


@pytest.mark.xdist_group("slurm")
def test_tasks_of_slurm_on_two_nodes_train_to_the_metrics_of_one_process(two_nodes, tmp_path: Path):
    _, history = learn(tmp_path / "one.pt", **CASES["uneven"])
    two = run(learn, Processes(1, nodes=2), tmp_path / "processes", checkpoint=tmp_path / "two.pt", **CASES["uneven"])
    pd.testing.assert_frame_equal(two[0][1], history, rtol=1e-5)


def test_the_workflow_trains_and_infers_with_two_processes(project: Path, finished: Path) -> None:
    variant = "results/sample/variants/simple-cnn"
    asked = [f"{variant}/probabilities.parquet", "--config", "devices=2"]
    assert jobs(snakemake(project, *asked)) == {("train", "simple-cnn"), ("infer", "simple-cnn")}
    assert "Nothing to be done" in snakemake(project, "-n", *asked)
    two, one = (pd.read_csv(folder / variant / "history.csv") for folder in (project, finished))
    pd.testing.assert_frame_equal(two, one, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["devices=2", "recipes={cifake-32: {architecture: timm/mobilenetv3_small_050}}"], "cannot share"),
        (["recipes={cifake-32: {compile: true}}"], "compile: torch.compile needs a C++ compiler, and there is none"),
    ],
)
def test_what_cannot_be_trained_here_is_refused_before_anything_runs(
    finished: Path, settings: list[str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-compiler")
    output = snakemake(finished, "-n", "--config", *settings, expect=2)
    assert "error: variants.cifake-32: recipe: " in output and line in output
    assert "Traceback" not in output
