"""Data sets are fetched from Hugging Face, here from a server on this machine that answers as the hub does."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from brushprint.data.archive import content_digest
from tests.conftest import encoded, picture
from tests.support.collections import catalogued, sharded

CODES = {404: "RepoNotFound", 403: "GatedRepo"}
COMMIT, OTHER = "1" * 40, "2" * 40
PROGRAM = """
import sys
from pathlib import Path
from brushprint.core.errors import UserError
from brushprint.data.hugging_face import fetch_dataset
source, target, sha256 = sys.argv[1:]
try:
    print(fetch_dataset(source, Path(target), sha256=sha256 or None))
except UserError as error:
    print(f"error: {error}")
"""


class Hub(BaseHTTPRequestHandler):
    """The requests that the hub's client makes for a public data set."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    requests: list[str]
    status = 200
    cut_after: int | None = None
    token: str | None = None

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.requests.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        type(self).token = self.headers.get("Authorization")
        if self.status != 200:
            self.send(self.status, b"{}", {"X-Error-Code": CODES.get(self.status, "")})
        elif path.startswith("/api/datasets/me/art/tree/"):
            self.send(200, json.dumps([self.entry(name) for name in self.files]).encode())
        elif path.startswith("/api/datasets/me/art"):
            revision = path.rpartition("/revision/")[2]
            if revision not in ("main", "v1", path, COMMIT):
                self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            else:
                sha = OTHER if revision == "v1" else COMMIT
                self.send(200, json.dumps({"id": "me/art", "sha": sha, "siblings": []}).encode())
        elif "/resolve/" in path:
            self.resolve(path, body=body)
        else:
            self.send(404, b"{}")

    def entry(self, name: str) -> dict[str, Any]:
        content = self.files[name]
        return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}

    def resolve(self, path: str, *, body: bool) -> None:
        content = self.files[path.partition("/resolve/")[2].partition("/")[2]]
        about = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start:
            about["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = type(self).cut_after
        if body and cut is not None and len(content) - start > cut:
            type(self).cut_after = None
            self.send(200, content[start : start + cut], about, length=len(content) - start)
            self.close_connection = True
        else:
            self.send(206 if start else 200, content[start:] if body else b"", about, length=len(content) - start)

    def send(self, status: int, content: bytes, headers: Mapping[str, str] = {}, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def hub(files: dict[str, bytes], **changes: Any) -> Iterator[tuple[str, type[Hub]]]:
    """A server with a data set `me/art`; yields its address and its class, which tells what was asked."""
    handler = type("Asked", (Hub,), {"files": files, "requests": [], **changes})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[..., str]:
    """A function that fetches a data set to the folder `x.archive` in a new process; returns what it prints."""

    def fetch(address: str, source: str = "hf:me/art", sha256: str = "") -> str:
        own = {"HF_ENDPOINT": address, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "mine"}
        own |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DOWNLOAD_TIMEOUT": "5", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, source, tmp_path / "x.archive", sha256],
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    return fetch


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """The files of a data set of shards."""
    pictures = {f"train/{name}/{seed}.jpg": encoded(picture(seed)) for seed, name in enumerate(["human", "ai"] * 2)}
    root = sharded(tmp_path / "made", pictures)
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_data_set_is_fetched_once_with_the_users_token_and_catalogued(files, fetched, tmp_path: Path) -> None:
    with hub(files) as (address, asked):
        digest = fetched(address)
        assert asked.token == "Bearer mine"
        before = len(asked.requests)
        assert fetched(address, sha256=digest) == digest
        assert not [line for line in asked.requests[before:] if line.startswith("GET /datasets/")]
    assert digest == content_digest(tmp_path / "x.archive", tmp_path / "memory.json")
    for name, content in files.items():
        assert (tmp_path / "x.archive" / name).read_bytes() == content
    assert len(list((tmp_path / "x.archive").rglob("*.*"))) == len(files)
    table, rejected = catalogued(tmp_path / "x.archive")
    assert table["origin"].value_counts().to_dict() == {"human": 2, "ai": 2}
    assert rejected == {"README.md": "a text file"}


def test_a_transfer_that_was_cut_resumes(fetched, tmp_path: Path) -> None:
    # The client keeps what it received in steps of ten mebibytes.
    files = {"data.bin": bytes(range(256)) * 48_000}
    with hub(files, cut_after=11 * 2**20) as (address, asked):
        if fetched(address).startswith("error"):
            assert not fetched(address).startswith("error")
    assert asked.requests[-1].endswith(f"data.bin bytes={10 * 2**20}-")
    assert (tmp_path / "x.archive/data.bin").read_bytes() == files["data.bin"]


def test_a_revision_is_fetched_beside_another(files, fetched, tmp_path: Path) -> None:
    with hub(files) as (address, _):
        fetched(address)
        fetched(address, "hf:me/art@v1")
        assert fetched(address, "hf:me/art@none").startswith(
            "error: cannot fetch the data set me/art from Hugging Face: it has no revision 'none'"
        )
    names = sorted(folder.name for folder in (tmp_path / "fetched").iterdir())
    assert names == [f"me--art-{COMMIT}", f"me--art-{OTHER}"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, "there is none of this name, or it is private: log in with `hf auth login`"),
        (403, "it is gated: accept its terms on its page, and log in with `hf auth login`"),
        (503, "503"),
    ],
)
def test_a_refusal_of_the_hub_is_one_line(files, fetched, status: int, reason: str) -> None:
    with hub(files, status=status) as (address, _):
        said = fetched(address)
    assert said.startswith("error: cannot fetch the data set me/art from Hugging Face: ")
    assert reason in said
    assert "\n" not in said


def test_without_a_network_the_error_is_one_line(fetched) -> None:
    said = fetched("http://127.0.0.1:9")
    assert said.startswith("error: cannot fetch the data set me/art from Hugging Face: ")
    assert "check the network" in said
    assert "\n" not in said


def test_another_digest_than_the_stated_one_is_refused(files, fetched) -> None:
    with hub(files) as (address, _):
        digest = fetched(address)
        assert fetched(address, sha256="0" * 64) == (
            f"error: hf:me/art has the SHA-256 {digest}, but collection.sha256 is {'0' * 64}; one of them is wrong"
        )
