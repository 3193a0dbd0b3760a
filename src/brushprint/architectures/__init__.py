"""The networks, one module each.

A module `some_network` is the architecture `some-network` of a recipe. It holds

- `build(classes, image_size)`: the network with fresh weights, from float32 [batch, 3, image_size, image_size] in
  [0, 1] to float32 logits [batch, classes];
- `GRADCAM`, `POOL`, `PENULTIMATE`: the names of the layers whose outputs Grad-CAM weighs, that pool last, and that
  feed the classifier;
- `MINIMUM_SIZE`: the smallest image size that it can take.
"""

import re
from pathlib import Path


def names() -> list[str]:
    """Every architecture that a recipe can name. Reads file names only: importing torch takes seconds."""
    return sorted(file.stem.replace("_", "-") for file in Path(__file__).parent.glob("[a-z]*.py"))


def minimum_size(architecture: str) -> int:
    """The smallest image size that an architecture can take, from the text of its module."""
    source = Path(__file__).with_name(f"{architecture.replace('-', '_')}.py").read_text(encoding="utf-8")
    return int(re.search(r"^MINIMUM_SIZE = (\d+)$", source, re.MULTILINE)[1])


def module_name(architecture: str) -> str:
    """The importable module of an architecture."""
    return f"{__name__}.{architecture.replace('-', '_')}"
