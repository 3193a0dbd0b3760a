"""Small collections of pictures, in archives of different formats, and their catalogues."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
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
    table, rejected, ignored, _ = build_catalogue(root, **asked)
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


def sharded(folder: Path, files: dict[str, bytes], rows: int = 3) -> Path:
    """Parquet shards as Hugging Face's library writes them, with `rows` rows each.

    The pictures of `train/human/x.jpg` go to shards of the split `train`, with the class `human`; without a partition,
    the split is `data`.
    """
    classes = sorted({path.split("/")[-2] for path in files})
    label = {"names": classes, "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    schema = pa.schema(
        {"image": pa.struct({"bytes": pa.binary(), "path": pa.string()}), "label": pa.int64()},
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    splits: dict[str, list[dict[str, Any]]] = {}
    for path, content in files.items():
        *above, name, file = path.split("/")
        row = {"image": {"bytes": content, "path": file}, "label": classes.index(name)}
        splits.setdefault(above[-1] if above else "data", []).append(row)
    (folder / "data").mkdir(parents=True)
    for split, listed in splits.items():
        parts = [listed[start : start + rows] for start in range(0, len(listed), rows)]
        for number, part in enumerate(parts):
            target = folder / f"data/{split}-{number:05}-of-{len(parts):05}.parquet"
            pq.write_table(pa.Table.from_pylist(part, schema), target, row_group_size=2)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder
