"""A server on this machine that answers as the Hugging Face Hub does."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

CODES = {404: "RepoNotFound", 403: "GatedRepo"}
COMMIT, OTHER = "1" * 40, "2" * 40


def settings(address: str, home: Path) -> dict[str, str]:
    """The environment variables with which the hub's client asks this server, without Xet."""
    own = {"HF_ENDPOINT": address, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home), "HF_TOKEN": "mine"}
    return own | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DOWNLOAD_TIMEOUT": "5", "NO_PROXY": "127.0.0.1"}


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
