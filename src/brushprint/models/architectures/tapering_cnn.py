"""The network of Urban et al., "Art Critique": nine convolutions that taper from 128 to 8 channels.

The variant `tapering-cnn` uses this network.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

GRADCAM = "block5.relu1"
POOL = "block5.pool"
MINIMUM_SIZE = 32

# The number of channels and of convolutions in each block. A max-pool ends each block.
BLOCKS = ((128, 2), (64, 2), (32, 2), (16, 2), (8, 1))


def build(image_size: int, head: Callable[[int], nn.Module]) -> nn.Sequential:
    """Build five blocks of 3 × 3 convolutions with batch normalisation.

    At 256 pixels, the last pool outputs 512 values.
    """
    layers = OrderedDict[str, nn.Module]()
    channels = 3
    for number, (width, depth) in enumerate(BLOCKS, start=1):
        layers[f"block{number}"] = _block(channels, width, depth)
        channels = width
    side = image_size // 2 ** len(BLOCKS)
    layers["flatten"] = nn.Flatten()
    layers["hidden"] = nn.Linear(channels * side * side, 512)
    layers["hidden_relu"] = nn.ReLU()
    layers["head"] = head(512)
    return nn.Sequential(layers)


def _block(channels: int, width: int, depth: int) -> nn.Sequential:
    layers = OrderedDict[str, nn.Module]()
    for number in range(1, depth + 1):
        layers[f"conv{number}"] = nn.Conv2d(channels, width, kernel_size=3, padding=1)
        layers[f"norm{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU()
        channels = width
    layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)
