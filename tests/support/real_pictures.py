"""Real pictures, if there are any on this machine."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

PICTURES = REPOSITORY.parent / "shared/data"


def labels(settings: str) -> list[dict[str, Any]]:
    """The rules that label the folders of a collection, from one of the shipped settings files."""
    rules = yaml.safe_load((REPOSITORY / "config" / settings).read_text())["collection"]["labels"]
    return [{"style": None} | rule for rule in rules]


def archive(name: str) -> Path:
    """An archive of real pictures beside the repository. If it is missing, the test is skipped."""
    if not (PICTURES / name).exists():
        pytest.skip(f"{name} is not beside the repository: these pictures may not be given away")
    return PICTURES / name
