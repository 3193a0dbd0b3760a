"""Declares each figure with a decorator on the function that draws it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeVar

DrawingFunction = TypeVar("DrawingFunction", bound=Callable[..., None])


class VariantGroup(StrEnum):
    """The headings of a variant's figures, in the order of the report."""

    CLASSIFICATION = "Training and classification"
    FEATURES = "Learned features"
    SALIENCY = "Saliency maps"
    TRUST = "Calibration, thresholds and robustness"


class CollectionGroup(StrEnum):
    """The headings of the collection's figures, in the order of the report."""

    PICTURES = "Collection"
    TRUST = "Reliability"


@dataclass(frozen=True)
class Figure:
    """A figure: the text that readers see with it, and the function that draws it.

    Attributes
    ----------
    file : name of the PNG or JPEG file in the folder `figures` of a variant or of the collection; `{split}` in it
        stands for the name of a split
    title, caption : printed with the figure
    alt : alternative text for readers who cannot see the figure
    group : heading under which the report shows the figure
    module, function : full name of the module with the drawing function, and name of that function
    inputs : names of the function's parameters, except `target` and the options; each is an input or a param of the
        rule
    options : for a function that draws several figures, the arguments that select this one; they are the same in every
        run
    """

    file: str
    title: str
    alt: str
    caption: str
    group: VariantGroup | CollectionGroup
    module: str
    function: str
    inputs: tuple[str, ...]
    options: Mapping[str, str]

    @property
    def per_variant(self) -> bool:
        """Whether each variant has this figure; if not, the collection has it."""
        return isinstance(self.group, VariantGroup)

    @property
    def text(self) -> dict[str, str]:
        """The texts that the report prints, as plain values for the params of a rule."""
        return {name: str(getattr(self, name)) for name in ("file", "title", "alt", "caption", "group")}

    @property
    def drawing(self) -> dict[str, Any]:
        """The description that `brushprint.figures.drawing.draw` needs, as plain values for the params of a rule."""
        return {
            "module": self.module,
            "function": self.function,
            "inputs": list(self.inputs),
            "options": dict(self.options),
        }


def draws(
    file: str, *, title: str, alt: str, caption: str, group: VariantGroup | CollectionGroup, **options: str
) -> Callable[[DrawingFunction], DrawingFunction]:
    """Declare a file that the decorated function draws; the function can be called as before.

    Each parameter of the function has the name of an input or of a param of its rule. Inputs are loaded according to
    their file type (see `brushprint.figures.drawing`). The last parameter is `target`, the path of the file. A function
    that draws several files has one decorator for each file, and `options` are the arguments that select the file.
    """

    def declare(function: DrawingFunction) -> DrawingFunction:
        parameters = inspect.signature(function).parameters
        declared = Figure(
            file=file,
            title=title,
            alt=alt,
            caption=caption,
            group=group,
            module=function.__module__,
            function=function.__name__,
            inputs=tuple(name for name in parameters if name not in {"target", *options}),
            options=options,
        )
        # Python applies the lowest decorator first, so inserting at the front keeps the order of the source code.
        function.__dict__.setdefault("figures", []).insert(0, declared)
        return function

    return declare


def declared_in(module: ModuleType) -> list[Figure]:
    """The figures that the functions of a module declare, in the order of the source code."""
    own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    return [declared for function in own for declared in getattr(function, "figures", [])]
