"""The pictures of the README can be taken again, and are small."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_page import build
from tests.conftest import REPOSITORY, run, share

pytestmark = pytest.mark.xdist_group("page")
NAMES = ["page.jpg", "report.jpg"]


def check(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == NAMES
    for name in NAMES:
        assert (folder / name).stat().st_size < 300_000
        pixels = np.asarray(Image.open(folder / name))
        assert pixels.shape == (800, 1280, 3)
        # Not blank.
        assert pixels.std() > 20


def test_the_pictures_of_the_readme_are_small_and_not_blank() -> None:
    check(REPOSITORY / "docs/images")
    readme = (REPOSITORY / "README.md").read_text()
    assert all(f"docs/images/{name}" in readme for name in NAMES)


def test_the_pictures_can_be_taken_again(
    finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> None:
    project = share("page", lambda project: build(finished, project), tmp_path_factory, worker_id)
    for file in (project / "docs/images").iterdir():
        file.unlink()
    run(project, "python", "docs/pictures.py")
    check(project / "docs/images")
