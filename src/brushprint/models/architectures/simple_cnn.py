"""The network of Ovsianik, "Artistic Insights", that starts from random weights: two convolutions, no hidden layer.

The variant `simple-cnn` uses this network.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

GRADCAM = "relu2"
POOL = "pool2"
MINIMUM_SIZE = 4


def build(image_size: int, head: Callable[[int], nn.Module]) -> nn.Sequential:
    """Build the network. It has 27,556 parameters for 20 classes and inputs of 32 pixels."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 32, kernel_size=5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(32, 16, kernel_size=3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            head=head(16 * (image_size // 4) ** 2),
        )
    )
