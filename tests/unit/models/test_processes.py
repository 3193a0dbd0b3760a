"""A function runs in several processes, which all end when one fails or when their parent ends."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brushprint.core.errors import UserError
from brushprint.models.processes import Processes, run
from tests.support.slurm import wait_until


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A function that writes a module `task`, which the new processes can import from their folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "task", raising=False)

    def write(text: str) -> Path:
        (tmp_path / "task.py").write_text(text)
        return tmp_path / "processes"

    return write


def test_each_process_gets_its_part_and_maps_memory_mapped_arrays_again(module):
    folder = module("def do(processes, array):\n    return type(array).__name__, processes.part(array).tolist()\n")
    from task import do  # noqa: PLC0415

    np.save("array.npy", np.arange(5))
    results = run(do, Processes(3), folder, array=np.load("array.npy", mmap_mode="r"))
    assert results == [("memmap", [0, 3]), ("memmap", [1, 4]), ("memmap", [2])]
    assert run(do, Processes(), folder, array=np.arange(2)) == [("ndarray", [0, 1])]


def test_a_user_error_in_one_process_is_raised_and_ends_the_other_processes(module):
    folder = module(
        "import time\nfrom brushprint.core.errors import UserError\n\ndef do(processes):\n"
        "    if processes.rank == 1:\n        raise UserError('a picture is gone')\n    time.sleep(60)\n"
    )
    from task import do  # noqa: PLC0415

    with pytest.raises(UserError, match=r"^a picture is gone$"):
        run(do, Processes(2), folder)
    assert not folder.exists()


def test_processes_end_when_their_parent_process_is_killed(module):
    module(
        "import os, time\nfrom pathlib import Path\n\ndef do(processes):\n    Path(f'{os.getpid()}.pid').touch()\n"
        "    time.sleep(60)\n"
    )
    start = "from pathlib import Path; from task import do; from brushprint.models.processes import *;"
    with subprocess.Popen([sys.executable, "-c", f"{start} run(do, Processes(2), Path('processes'))"]) as parent:
        wait_until(lambda: len(list(Path().glob("*.pid"))) == 2)
        parent.kill()
    pids = [int(file.stem) for file in Path().glob("*.pid")]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
