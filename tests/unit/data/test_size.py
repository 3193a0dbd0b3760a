"""What does not fit into memory: arrays of pixels are written and read a little at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import encoded, picture

# Decodes to 189 MB and may take 100 MB more than it has when it begins; mapped files are not counted.
SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
from brushprint.data.catalogue import catalogue
from brushprint.data.pixels import write_pixels
from brushprint.training.data import Data

root, target = sys.argv[1:]
labels = [{"folder": "ai", "origin": "ai", "source": "ai", "style": None}]
table, _ = catalogue(root, labels, images=None, max_rejected=0, seed=0, jobs=1)
lines = Path("/proc/self/status").read_text().splitlines()
taken = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (taken + 100_000_000,) * 2)
write_pixels(root, table, target, size=1024, resize="nearest", jobs=1)
pixels = np.load(target, mmap_mode="r")
assert pixels.nbytes > 180_000_000
rows = np.arange(len(pixels))
print(sum(len(pictures) for pictures, _ in Data(pixels, rows, rows).batches(4, rows[::-1])))
try:
    np.array(pixels)
except MemoryError:
    print("too large")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
def test_an_array_that_is_larger_than_memory_is_written_and_read_in_batches(write_files, tmp_path: Path):
    root = write_files({f"ai/{seed}.jpg": encoded(picture(seed)) for seed in range(60)})
    command = [sys.executable, "-c", SCRIPT, str(root), str(tmp_path / "pixels.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["60", "too large"], done.stderr
