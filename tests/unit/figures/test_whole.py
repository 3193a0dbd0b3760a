"""Every figure is drawn whole, of many pictures, of few and of none."""

from pathlib import Path

import pytest

from tests.support.drawing import check_whole
from tests.unit.figures import (
    test_catalogue,
    test_comparison,
    test_evaluation,
    test_latent,
    test_oversampling,
    test_robustness,
    test_saliency,
    test_training,
)

MODULES = (
    test_catalogue,
    test_comparison,
    test_evaluation,
    test_latent,
    test_oversampling,
    test_robustness,
    test_saliency,
    test_training,
)
DRAWINGS = {
    f"{module.__name__.rpartition('test_')[2]}: {name}": draw
    for module in MODULES
    for name, draw in module.DRAWINGS.items()
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_whole(DRAWINGS[name], tmp_path / "figure.png", monkeypatch)
