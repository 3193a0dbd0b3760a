"""The networks, one module each.

A module `some_network` is the architecture `some-network` of a recipe. It holds

- `build(image_size, head)`: the network with fresh weights, from float32 [batch, 3, image_size, image_size] to
  float32 logits [batch, classes]; `head(features)` makes its last module, a `brushprint.models.head.Head`;
- `GRADCAM`, `POOL`: the names of the layers whose outputs Grad-CAM weighs, and that pool last;
- `MINIMUM_SIZE`: the smallest image size that it can take.

`torchvision/MODEL` and `timm/MODEL` are any model of these libraries, by the modules `_torchvision` and `_timm`.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path

# Where a library keeps its models. Their source is read in place of asking it: importing torch takes seconds.
_LIBRARIES = {"torchvision": "models", "timm": "models"}


def names() -> list[str]:
    """Every architecture that a recipe can name here."""
    return [*_own(), *(f"{library}/{model}" for library in _LIBRARIES for model in sorted(_models(library)))]


def exists(architecture: str) -> bool:
    """Whether a recipe can name it here."""
    library, _, model = architecture.rpartition("/")
    return _untagged(model) in _models(library) if library in _LIBRARIES else not library and model in _own()


def minimum_size(architecture: str) -> int:
    """The smallest image size that an architecture can take, as its source says; 1 where it says nothing."""
    library, _, model = architecture.rpartition("/")
    if not library:
        source = Path(__file__).with_name(f"{architecture.replace('-', '_')}.py").read_text(encoding="utf-8")
        return min(map(int, re.findall(r"^MINIMUM_SIZE = (\d+)", source, re.MULTILINE)), default=1)
    source = _models(library)[_untagged(model)].read_text(encoding="utf-8")
    return min(map(int, re.findall(r'"min_size": \((\d+),', source)), default=1)


def module_name(architecture: str) -> str:
    """The importable module of an architecture."""
    library = architecture.rpartition("/")[0]
    return f"{__package__}.{f'_{library}' if library else architecture.replace('-', '_')}"


def _untagged(model: str) -> str:
    """A model without the name of its weights, which timm takes after a dot."""
    return model.partition(".")[0]


def _own() -> list[str]:
    files = set(Path(__file__).parent.glob("[a-z]*.py")) - {Path(__file__)}
    return sorted(file.stem.replace("_", "-") for file in files)


@cache
def _models(library: str) -> dict[str, Path]:
    """The models of a library, and the file of each; none where it is not installed."""
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
