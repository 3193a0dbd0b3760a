"""The network of Bird and Lotfi, "CIFAKE": two convolutions and a dense layer.

The variants `cifake-32` and `cifake-128` use this network.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

GRADCAM = "relu2"
POOL = "pool2"
MINIMUM_SIZE = 10


def build(image_size: int, head: Callable[[int], nn.Module]) -> nn.Sequential:
    """Build the network. For 2 classes, it has 186,370 parameters at 32 pixels and 3,725,314 at 128."""
    side = ((image_size - 2) // 2 - 2) // 2
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, kernel_size=3),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(64, 64, kernel_size=3),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            hidden=nn.Linear(64 * side * side, 64),
            hidden_relu=nn.ReLU(),
            head=head(64),
        )
    )
