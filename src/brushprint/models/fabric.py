"""Set up Lightning Fabric, which trains on a given device and in a given precision, in one or several processes."""

import logging
from typing import TYPE_CHECKING

import torch

from brushprint.core.errors import UserError
from brushprint.models.devices import keep_freed_memory
from brushprint.models.gpus import claim_gpus
from brushprint.models.processes import ALONE, Processes
from brushprint.models.recipe import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def setup_fabric(device: str, precision: Precision = "32-true", processes: Processes = ALONE) -> "Fabric":
    """Set up Fabric on the device `cpu`, `cuda`, `mps` or `auto`, and connect the processes if there are several.

    With several processes, every process must call this function. Raises `UserError` if this machine does not have
    enough devices of this kind, or if they cannot compute in this precision.
    """
    keep_freed_memory()
    # Imported here, because Lightning also imports half of torch. That takes 4 s of CPU time, and inference in one
    # process does not need it.
    from lightning_fabric import Fabric  # noqa: PLC0415
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment  # noqa: PLC0415
    from lightning_fabric.strategies import DDPStrategy  # noqa: PLC0415
    from lightning_fabric.utilities.exceptions import MisconfigurationException  # noqa: PLC0415

    several = processes.count > 1
    if several:
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    elif device != "cpu":
        claim_gpus(1)
    try:
        fabric = Fabric(
            accelerator=device,
            # Buffers need no synchronisation: they hold the running statistics of batch norms, and sync_batch_norm
            # already makes these equal in all processes.
            strategy=DDPStrategy(forward_sync_buffers=False) if several else "auto",
            devices=processes.devices,
            num_nodes=processes.nodes,
            precision=precision,
            plugins=[SLURMEnvironment() if processes.nodes > 1 else LightningEnvironment()],
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        devices = f", devices: {processes.devices}" if several else ""
        raise UserError(
            f"device: {device}{devices} with precision: {precision} is not available on this machine"
        ) from error
    if several:
        fabric.launch()
        # Every job computes with one thread, because a different number of threads adds in a different order.
        torch.set_num_threads(1)
    return fabric
