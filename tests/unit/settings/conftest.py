"""The fixture that the tests of the settings share."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from brushprint.core.errors import UserError
from brushprint.settings import loading
from tests.support.settings import SHIPPED, merged, shipped


@pytest.fixture
def error_line(tmp_path: Path) -> Callable[[str], str]:
    """A function that returns the one error line about an overlay, without the file's name at its beginning.

    The function checks that the same settings on the command line give the same line, beginning with `--config`.
    """

    def error_line(text: str) -> str:
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(text, encoding="utf-8")
        values = merged(shipped(), yaml.safe_load(text))
        lines = set()
        for name, files in {str(overlay): [*SHIPPED, overlay], "--config": SHIPPED}.items():
            with pytest.raises(UserError) as raised:
                loading.load(copy.deepcopy(values), files)
            file, line = str(raised.value).split(": ", 1)
            assert file == name
            lines.add(line)
        assert len(lines) == 1
        assert "\n" not in line
        return line

    return error_line
