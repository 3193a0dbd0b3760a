"""Choose the device that a network computes on."""

import ctypes
from contextlib import suppress
from functools import cache

import torch

from brushprint.core.errors import UserError
from brushprint.models.gpus import claim_gpus


def choose_device(name: str) -> torch.device:
    """Return the device `cpu`, `cuda` or `mps`, or, for `auto`, the best device of this machine.

    Raises `UserError` if this machine has no such device.
    """
    keep_freed_memory()
    if name != "cpu":
        claim_gpus(1)
    best = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if name in ("auto", best.type):
        return best
    if name == "cpu":
        return torch.device("cpu")
    raise UserError(f"device: {name} is not available on this machine")


@cache
def keep_freed_memory() -> None:
    """Make the C library keep the memory that a batch frees, so that the next batch can use it.

    If the C library returned the memory to the system, the system would have to supply it again page by page and clear
    each page. That takes a third of the training time of a small network. The process never keeps more memory than its
    peak use. All threads share one arena: the C library limits the size of further arenas, so that they cannot keep the
    memory of a large batch. The parameter numbers come from malloc.h; see mallopt(3).
    """
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8
    with suppress(AttributeError):  # only the GNU C library has mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(arena_max, 1)
        mallopt(trim_threshold, 2**31 - 1)
        # Older versions of the library refuse a threshold above 32 MB.
        if not mallopt(mmap_threshold, 2**30):
            mallopt(mmap_threshold, 2**25)
