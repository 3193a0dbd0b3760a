"""Real pictures, if there are any on this machine."""

from pathlib import Path

import pytest
import yaml

from brushprint.data.taxonomy import FolderRules
from tests.conftest import REPOSITORY

PICTURES = REPOSITORY.parent / "shared/data"


def labels(settings: str) -> FolderRules:
    """The labels of a collection by the rules in one of the shipped settings files."""
    rules = yaml.safe_load((REPOSITORY / "config" / settings).read_text())["collection"]["labels"]
    return FolderRules({"style": None} | rule for rule in rules)


def archive(name: str) -> Path:
    """An archive of real pictures beside the repository. If it is missing, the test is skipped."""
    if not (PICTURES / name).exists():
        pytest.skip(f"{name} is not beside the repository: these pictures may not be given away")
    return PICTURES / name
