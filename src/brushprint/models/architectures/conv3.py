"""The network of rohit-ravi2, "AI vs. Human Art Classification": three convolutions with batch norm.

The variants `conv3-origin`, `conv3-source` and `conv3-folder` use this network.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

GRADCAM = "relu3"
POOL = "pool3"
MINIMUM_SIZE = 8

WIDTHS = (32, 64, 64)


def build(image_size: int, head: Callable[[int], nn.Module]) -> nn.Sequential:
    """Build three 3x3 convolutions, each with batch norm and pooling, and a penultimate layer of 128 features."""
    layers = OrderedDict[str, nn.Module]()
    channels = 3
    for number, width in enumerate(WIDTHS, start=1):
        layers[f"conv{number}"] = nn.Conv2d(channels, width, kernel_size=3, padding=1)
        layers[f"norm{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU()
        layers[f"pool{number}"] = nn.MaxPool2d(2)
        channels = width
    layers["flatten"] = nn.Flatten()
    layers["hidden"] = nn.Linear(channels * (image_size // 2 ** len(WIDTHS)) ** 2, 128)
    layers["hidden_relu"] = nn.ReLU()
    layers["head"] = head(128)
    return nn.Sequential(layers)
