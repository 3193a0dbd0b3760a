"""Every figure is drawn whole, without parts cut off: with many pictures, with few and with none."""

from importlib import import_module
from pathlib import Path

import pytest

from brushprint.figures import registry
from tests.support.drawing import check_whole

# Each module that declares figures has a test module whose `DRAWINGS` draw examples of these figures.
NAMES = [name.rpartition(".")[2] for name in registry.modules([*registry.VARIANT, *registry.COLLECTION])]
BY_MODULE = {module: import_module(f"tests.unit.figures.test_{module}").DRAWINGS for module in NAMES}
DRAWINGS = {f"{module}: {name}": draw for module in NAMES for name, draw in BY_MODULE[module].items()}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_whole(DRAWINGS[name], tmp_path / "figure.png", monkeypatch)


@pytest.mark.parametrize("module", NAMES)
def test_a_figure_that_is_drawn_twice_has_the_same_bytes(module: str, tmp_path: Path) -> None:
    """Only the first drawing of each module is compared; workflow tests compare the bytes of whole runs."""
    for target in ("one.png", "other.png"):
        next(iter(BY_MODULE[module].values()))(tmp_path / target)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()
