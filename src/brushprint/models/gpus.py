"""Distribute the GPUs of one machine among the jobs of a user."""

import os
import tempfile
from pathlib import Path
from typing import TextIO

from brushprint.core import locks

_GPUS = Path("/proc/driver/nvidia/gpus")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
# The locks that this process holds until it ends.
_claims: list[TextIO] = []


def claim_gpus(count: int) -> None:
    """Restrict this process and its children to `count` of their visible GPUs: those that no other job has claimed.

    Call this function before CUDA starts. A job to which Slurm gave `count` GPUs keeps them all. If jobs want more GPUs
    than the machine has, they share GPUs.
    """
    listed = range(len(list(_GPUS.iterdir())) if _GPUS.exists() else 0)
    visible = os.environ.get(_VISIBLE, ",".join(map(str, listed))).split(",")
    if len(visible) <= count:
        return
    # The folder belongs to the user, not to the clone, because the user's jobs may run in several clones.
    folder = Path(tempfile.gettempdir(), f"brushprint-gpus-{os.getuid()}")
    claimed: list[str] = []
    for gpu in visible:
        if len(claimed) < count and (lock := locks.hold(folder / gpu)):
            claimed.append(gpu)
            _claims.append(lock)
    shared = [gpu for gpu in visible if gpu not in claimed]
    os.environ[_VISIBLE] = ",".join([*claimed, *shared][:count])
