"""A package from npm must be the one that the lock file pins; any other is refused."""

import base64
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from brushprint.core.errors import UserError
from brushprint.page import npm
from tests.conftest import REPOSITORY


def packed(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


ARCHIVE = packed(runtime=b"run", other=b"more")
PACKAGE = npm.Package("@scope/thing", "1.2.0", f"sha512-{base64.b64encode(hashlib.sha512(ARCHIVE).digest()).decode()}")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, to keep the output of the tests short."""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The archive that a local registry serves for the package; `npm_config_registry` names this registry."""
    file = tmp_path / "registry/@scope/thing/-/thing-1.2.0.tgz"
    file.parent.mkdir(parents=True)
    file.write_bytes(ARCHIVE)
    handler = partial(Quiet, directory=str(tmp_path / "registry"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{serving.server_port}/")
        yield file
        serving.shutdown()


@pytest.mark.usefixtures("registry")
def test_a_package_is_downloaded_and_its_files_are_extracted_by_name(tmp_path: Path) -> None:
    npm.fetch(PACKAGE, tmp_path / "thing.tgz")
    npm.unpack(tmp_path / "thing.tgz", [tmp_path / "page/runtime"])
    assert (tmp_path / "page/runtime").read_bytes() == b"run"
    assert [file.name for file in (tmp_path / "page").iterdir()] == ["runtime"]


def test_an_archive_other_than_the_pinned_one_is_refused_and_leaves_no_file(registry: Path, tmp_path: Path) -> None:
    registry.write_bytes(packed(runtime=b"evil"))
    with pytest.raises(UserError, match=r"thing-1.2.0.tgz has the sha512 .*, not .* of demo/package-lock.json"):
        npm.fetch(PACKAGE, tmp_path / "thing.tgz")
    assert [file.name for file in tmp_path.iterdir()] == ["registry"]


def test_a_registry_without_the_package_is_reported_with_the_remedy(registry: Path, tmp_path: Path) -> None:
    registry.unlink()
    helps = f"set npm_config_registry to a registry that has it, or copy it to {tmp_path / 'thing.tgz'}"
    with pytest.raises(UserError, match=rf"HTTP 404 .*{helps}$"):
        npm.fetch(PACKAGE, tmp_path / "thing.tgz")


def test_the_lock_file_pins_the_runtime_that_the_page_requires() -> None:
    package = npm.locked(REPOSITORY / "demo/package-lock.json", "onnxruntime-web")
    assert package.integrity.startswith("sha512-")
    assert f'"onnxruntime-web": "{package.version}"' in (REPOSITORY / "demo/package.json").read_text()
