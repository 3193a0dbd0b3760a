"""Every figure is drawn whole, of many pictures, of few and of none."""

from importlib import import_module
from pathlib import Path

import pytest

from brushprint.figures import registry
from tests.support.drawing import check_whole

# A module that declares figures has a test module with `DRAWINGS` of them.
NAMES = [name.rpartition(".")[2] for name in registry.modules([*registry.VARIANT, *registry.COLLECTION])]
DRAWINGS = {
    f"{module}: {name}": draw
    for module in NAMES
    for name, draw in import_module(f"tests.unit.figures.test_{module}").DRAWINGS.items()
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_whole(DRAWINGS[name], tmp_path / "figure.png", monkeypatch)
