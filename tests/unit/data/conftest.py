"""Fixtures that make collections."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.collections import tarred, zipped


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Make a collection of `{name: content}`, as a folder and as each kind of archive; `x/` is an empty folder."""

    def make(files: dict[str, bytes]) -> Path:
        if request.param == "zip":
            return zipped(tmp_path / "pictures.zip", files)
        if request.param != "folder":
            return tarred(tmp_path / f"pictures.{request.param}", files, "w:gz" if "gz" in request.param else "w")
        for name, content in files.items():
            path = tmp_path / "pictures" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.write_bytes(content)
        return tmp_path / "pictures"

    return make
