"""The shipped settings, and settings that are merged over them as Snakemake merges them."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

SHIPPED = [REPOSITORY / "config" / name for name in ("config.yaml", "recipes.yaml")]


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` overridden by `above`: sections are merged, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        both_sections = isinstance(value, dict) and isinstance(below.get(key), dict)
        result[key] = merged(below[key], value) if both_sections else value
    return result


def shipped() -> dict[str, Any]:
    """The merged settings of config/config.yaml and config/recipes.yaml."""
    settings: dict[str, Any] = {}
    for file in SHIPPED:
        settings = merged(settings, _content(file))
    return copy.deepcopy(settings)


@cache
def _content(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
