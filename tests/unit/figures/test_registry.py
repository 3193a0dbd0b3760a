"""Every figure is declared once, completely, and in the order of the report."""

import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from brushprint.figures import registry
from brushprint.figures.declaration import CollectionGroup, Figure, VariantGroup, declared_in, draws
from brushprint.workflow.provenance import Memory, code
from tests.conftest import REPOSITORY

ALL = [*registry.VARIANT, *registry.COLLECTION]
# The inputs and params that the rule of each figure of the collection provides.
COLLECTION_INPUTS = {
    "examples.jpg": ("catalogue", "root", "harmonise"),
    "copies-{split}.jpg": ("split", "pixels", "copies", "oversample"),
    "audit.png": ("audit",),
    "corruptions.jpg": ("corrupted",),
    "robustness.png": ("rates", "variants"),
    "picked.png": ("scores", "thumbnails"),
    "arms.png": ("arms",),
    "comparisons.png": ("comparisons",),
}


@pytest.mark.parametrize("figure", ALL, ids=lambda figure: f"{figure.module.rpartition('.')[2]}.{figure.file}")
def test_a_figure_has_a_title_a_caption_and_an_alternative_text(figure: Figure) -> None:
    for text in (figure.alt, figure.caption):
        assert re.fullmatch(r"[A-Z].{20,}\.", text, re.DOTALL)
    assert re.fullmatch(r"[A-Z][^.]+", figure.title)
    # Snakemake must find no wildcards in the texts, and reStructuredText no markup.
    assert not re.search(r"[{}*`|\\]|_\b|  ", figure.title + figure.alt + figure.caption)
    assert figure.file.endswith((".png", ".jpg"))
    assert callable(getattr(import_module(figure.module), figure.function))


@pytest.mark.parametrize("figures", [registry.VARIANT, registry.COLLECTION], ids=["variant", "collection"])
def test_no_two_figures_have_the_same_file_or_title(figures: tuple[Figure, ...]) -> None:
    for name in ("file", "title"):
        assert set(Counter(getattr(figure, name) for figure in figures).values()) == {1}


def test_figures_are_in_the_order_of_their_headings() -> None:
    assert list(dict.fromkeys(figure.group for figure in registry.VARIANT)) == list(VariantGroup)
    assert list(dict.fromkeys(figure.group for figure in registry.COLLECTION)) == list(CollectionGroup)


def test_the_figures_of_a_variant_read_exactly_the_declared_files_of_the_variant() -> None:
    read = {name for figure in registry.VARIANT for name in figure.inputs}
    assert read == set(registry.VARIANT_FILES)


def test_the_figures_of_the_collection_read_the_inputs_of_their_rules() -> None:
    assert {figure.file: figure.inputs for figure in registry.COLLECTION} == COLLECTION_INPUTS


def test_every_module_that_declares_a_figure_is_in_the_registry() -> None:
    files = Path(registry.__file__).parent.glob("*.py")
    declaring = {file.stem for file in files if re.search(r"^@draws\(", file.read_text(), re.MULTILINE)}
    assert {name.rpartition(".")[2] for name in registry.modules(ALL)} == declaring


def test_importing_the_registry_imports_no_slow_library() -> None:
    slow = {"matplotlib", "pandas", "PIL", "scipy", "sklearn", "torch"}
    program = f"import sys, brushprint.figures.registry; print(*({slow} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_function_may_draw_several_files_in_the_order_of_its_decorators() -> None:
    @draws("b.png", title="B", alt="B.", caption="B.", group=VariantGroup.TRUST, kind="b")
    @draws("a.png", title="A", alt="A.", caption="A.", group=VariantGroup.TRUST, kind="a")
    def function(table: object, kind: str, target: object) -> None:
        """Draw nothing."""

    module = ModuleType(function.__module__)
    module.__dict__["function"] = function
    first, second = declared_in(module)
    assert (first.file, second.file) == ("b.png", "a.png")
    assert first.inputs == second.inputs == ("table",)
    assert (first.options, second.options) == ({"kind": "b"}, {"kind": "a"})
    assert first.per_variant
    assert first.text == {"file": "b.png", "title": "B", "alt": "B.", "caption": "B.", "group": str(VariantGroup.TRUST)}


def test_changing_a_figure_reruns_only_the_rules_that_draw_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "code.json")

    def modules(script: str, figures: tuple[Figure, ...] = ()) -> set[str]:
        values = code(REPOSITORY / f"workflow/scripts/{script}.py", memory, registry.modules(figures))
        return {value.split("@")[0] for value in values} & set(registry.modules(ALL))

    assert modules("figures") == modules("report") == modules("claims") == set()
    assert modules("figures", registry.VARIANT) == set(registry.modules(registry.VARIANT))
    (examples,) = (figure for figure in registry.COLLECTION if figure.file == "examples.jpg")
    assert modules("figures", (examples,)) == {examples.module}
