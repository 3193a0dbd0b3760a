"""The device that a network computes on."""

import ctypes
from contextlib import suppress
from functools import cache

import torch

from brushprint.core.errors import UserError
from brushprint.models.gpus import claim_gpus


def choose_device(name: str) -> torch.device:
    """The device `cpu`, `cuda` or `mps`, or, with `auto`, the best of this machine.

    Raises `UserError` when this machine has no such device.
    """
    keep_freed_memory()
    if name != "cpu":
        claim_gpus(1)
    best = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if name in ("auto", best.type):
        return best
    if name == "cpu":
        return torch.device("cpu")
    raise UserError(f"this machine cannot compute with device: {name}")


@cache
def keep_freed_memory() -> None:
    """Make the C library keep the memory that a batch frees for the next one.

    Memory that was returned to the system comes back page by page, each cleared first, which takes a third of the
    training time of a small network. The process keeps no more than it used at once. The numbers are those of
    malloc.h, see mallopt(3).
    """
    trim_threshold, mmap_threshold = -1, -3
    with suppress(AttributeError):  # not the GNU library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(trim_threshold, 2**31 - 1)
        # Older versions refuse more than 32 MB.
        if not mallopt(mmap_threshold, 2**30):
            mallopt(mmap_threshold, 2**25)
