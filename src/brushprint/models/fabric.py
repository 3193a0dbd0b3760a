"""Lightning Fabric: trains on a device in a number format, in one process or in several together."""

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
    """Set Fabric up on the device `cpu`, `cuda`, `mps` or `auto`; with several processes, join them.

    With several processes, every process must call this function. Raises `UserError` when this machine cannot compute
    on so many such devices in this precision.
    """
    keep_freed_memory()
    # They import half of torch besides, 4 s of CPU that inference in one process does not need.
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
            # Buffers, the statistics of batches, are the same in all processes without: see sync_batch_norm.
            strategy=DDPStrategy(forward_sync_buffers=False) if several else "auto",
            devices=processes.devices,
            num_nodes=processes.nodes,
            precision=precision,
            plugins=[SLURMEnvironment() if processes.nodes > 1 else LightningEnvironment()],
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        devices = f", devices: {processes.devices}" if several else ""
        raise UserError(
            f"this machine cannot compute with device: {device}{devices} and precision: {precision}"
        ) from error
    if several:
        fabric.launch()
        # One thread, as every job computes with: another number of threads sums in another order.
        torch.set_num_threads(1)
    return fabric
