"""Small collections of pictures, in archives of different formats, and their catalogues."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from brushprint.core.errors import UserError
from brushprint.data.catalogue import COLUMNS, build_catalogue
from brushprint.data.decoding import open_picture, to_rgb
from brushprint.data.taxonomy import FolderRules
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
LABELS = FolderRules(HUMAN_AND_AI)
GOOD = encoded(picture(0))


def catalogued(root: Path, **options: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    """The catalogue, indexed by path, and the reason for each rejected path."""
    asked = {"labels": HUMAN_AND_AI, "images": None, "max_rejected": 1, "seed": 0, "jobs": 1} | options
    asked["labels"] = FolderRules(asked["labels"])
    table, rejected, ignored = build_catalogue(root, **asked)
    assert tuple(table.columns) == COLUMNS
    assert tuple(rejected.columns) == ("path", "reason", "origin")
    assert tuple(ignored.columns) == ("path", "reason")
    for found in (table, rejected, ignored):
        assert found["path"].is_monotonic_increasing
        assert pa.Table.from_pandas(found).num_rows == len(found)
    return table.set_index("path"), dict(zip(rejected["path"], rejected["reason"], strict=True))


def refusal(root: Path, **options: Any) -> str:
    """The one-line error with which a collection is refused."""
    with pytest.raises(UserError) as raised:
        catalogued(root, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(to_rgb(open_picture(content)))


def zipped(target: Path, files: dict[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def tarred(target: Path, files: dict[str | tarfile.TarInfo, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT):
    with tarfile.open(target, mode, format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.type = tarfile.DIRTYPE if info.name.endswith("/") else info.type
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content))
    return target
