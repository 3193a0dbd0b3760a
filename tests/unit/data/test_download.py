"""Real transfers from a loopback server that can be made to misbehave."""

import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from brushprint.core.errors import UserError
from brushprint.data import download as module
from brushprint.data.download import download, download_from_kaggle

PAYLOAD = random.Random(1).randbytes(400_000)
OTHER = random.Random(2).randbytes(400_000)
SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
DATES = ("Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT")
KAGGLE = "owner/paintings"


class Handler(BaseHTTPRequestHandler):
    """Answers GET with `site.body`, as configured in `site`, and POST like Kaggle's API."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.site
        site.gets.append(dict(self.headers))
        self.close_connection = True
        if site.statuses and (status := site.statuses.pop(0)) != 200:
            self.answer(status, {"Content-Length": "0"})
            return
        start = self.first_byte()
        if start >= len(site.body) > 0:
            self.answer(416, site.names() | {"Content-Range": f"bytes */{len(site.body)}", "Content-Length": "0"})
            return
        self.send_body(start)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.site.posts.append((urlsplit(self.path).path, asked, self.headers["Authorization"]))
        if self.site.kaggle_status == 302:
            self.answer(302, {"Location": f"{self.site.url}?signature=secret", "Content-Length": "0"})
            return
        message = json.dumps({"code": self.site.kaggle_status, "message": "no\nsuch thing"}).encode()
        self.answer(self.site.kaggle_status, {"Content-Type": "application/json", "Content-Length": str(len(message))})
        self.wfile.write(message)

    def first_byte(self) -> int:
        site, asked = self.site, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if not asked or not site.ranges:
            return 0
        if site.if_range and condition and condition not in (site.etag, site.modified):
            return 0
        return int(asked[1])

    def send_body(self, start: int) -> None:
        site, body = self.site, self.site.body[start:]
        headers = site.names() | site.extra
        headers |= {"Content-Length": str(len(body))} if site.lengths else {"Transfer-Encoding": "chunked"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(site.body) - 1}/{len(site.body)}"
        # Take the cut of this request before answering: the next request may arrive as soon as the answer begins.
        cut = site.cuts.pop(0) if site.cuts else None
        self.answer(206 if start else 200, headers)
        self.write(body[:cut])
        if cut is None and not site.lengths:
            self.wfile.write(b"0\r\n\r\n")
        if cut is not None and site.stall:
            site.released.wait(10)

    def write(self, body: bytes) -> None:
        if self.site.lengths:
            self.wfile.write(body)
        else:
            self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    @property
    def site(self) -> "Site":
        return self.server.site

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Site:
    """How the server behaves, and which requests it has received."""

    url: str
    body: bytes = PAYLOAD
    etag: str | None = '"one"'
    modified: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    if_range: bool = True
    lengths: bool = True
    stall: bool = False  # after a cut, the connection hangs instead of closing
    cuts: list[int | None] = field(default_factory=list)  # bytes that each of the next answers sends before a cut
    statuses: list[int] = field(default_factory=list)  # of each of the next answers
    kaggle_status: int = 302
    gets: list[dict[str, str]] = field(default_factory=list)
    posts: list[tuple[str, dict, str | None]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def names(self) -> dict[str, str]:
        return {k: v for k, v in (("ETag", self.etag), ("Last-Modified", self.modified)) if v}

    @property
    def starts(self) -> list[int]:
        """The first byte that each request asked for."""
        return [int(headers.get("Range", "bytes=0-")[6:-1]) for headers in self.gets]


@pytest.fixture
def site() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.site = Site(f"http://127.0.0.1:{server.server_port}/archive.zip")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.site
    server.site.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "data" / "archive.zip"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0, 0.01, 0.01))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def refused(url: str, target: Path, **options: str) -> str:
    with pytest.raises(UserError) as caught:
        download(url, target, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def cut_run(site: Site, target: Path, arrived: int = 150_000) -> str:
    """Leave a part of `arrived` bytes: the server then fails until all attempts are used up."""
    site.cuts, site.statuses = [arrived], [200] + [503] * 9
    message = refused(site.url, target)
    assert part_of(target).stat().st_size == arrived
    site.cuts, site.statuses = [], []
    site.gets.clear()
    return message


def wait_for_bytes(target: Path, number: int) -> None:
    deadline = time.monotonic() + 10
    while not part_of(target).exists() or part_of(target).stat().st_size < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_complete(target: Path, body: bytes = PAYLOAD) -> None:
    assert target.read_bytes() == body
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_file_is_downloaded_and_its_digest_may_be_in_upper_case(site: Site, target: Path) -> None:
    download(site.url, target, sha256=SHA256.upper())
    assert_complete(target)
    assert site.starts == [0]


def test_a_download_without_a_digest_replaces_an_older_target(site: Site, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    download(site.url, target)
    assert_complete(target)


def test_an_empty_file_is_downloaded(site: Site, target: Path) -> None:
    site.body = b""
    download(site.url, target)
    assert_complete(target, b"")


def test_progress_is_logged(site: Site, target: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        download(site.url, target, sha256=SHA256)
    assert re.search(r"download: 100%.*400k/400k \[00:00<00:00, .*B/s\]", caplog.text)
    assert "verify: 100%" in caplog.text


def test_a_file_declared_as_gzip_is_not_unpacked(site: Site, target: Path) -> None:
    site.extra = {"Content-Encoding": "gzip"}
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.gets[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("lengths", [True, False], ids=["content-length", "chunked"])
def test_a_cut_connection_is_resumed_at_the_first_missing_byte(site: Site, target: Path, lengths: bool) -> None:
    site.lengths, site.cuts = lengths, [100_000, 50_000, 200_000]
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [0, 100_000, 150_000, 350_000]
    assert all(headers["If-Range"] == '"one"' for headers in site.gets[1:])


def test_the_number_of_attempts_starts_again_when_bytes_arrive(site: Site, target: Path) -> None:
    site.cuts = [10_000] * 20  # far more cuts than pauses
    download(site.url, target, sha256=SHA256)
    assert len(site.gets) == 21


def test_a_stalled_transfer_is_stopped_and_resumed(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", (1, 0.2))
    site.stall, site.cuts = True, [module.CHUNK * 2]
    start = time.monotonic()
    download(site.url, target, sha256=SHA256)
    assert time.monotonic() - start < 5  # the server would have stalled for ten seconds
    assert_complete(target)
    assert site.starts == [0, module.CHUNK * 2]


def test_the_error_states_the_bytes_received_and_the_next_run_resumes(site: Site, target: Path) -> None:
    message = cut_run(site, target)
    assert "150,000 of 400,000 bytes" in message
    assert "run again to resume" in message
    assert site.url in message
    assert not target.exists()
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [150_000]


def test_a_server_unreachable_after_a_cut_is_reported_with_the_bytes_received(site: Site, target: Path) -> None:
    cut_run(site, target)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{unused.getsockname()[1]}/archive.zip"
    note = part_of(target).with_name(target.name + ".part.json")
    note.write_text(note.read_text().replace(site.url, gone))
    message = refused(gone, target)
    assert "150,000 of 400,000 bytes" in message
    assert "refused" in message
    assert "run again to resume" in message


def test_a_killed_run_is_resumed(site: Site, target: Path) -> None:
    site.stall, site.cuts = True, [module.CHUNK * 3]
    code = "import sys, pathlib, brushprint.data.download as d; d.download(sys.argv[1], pathlib.Path(sys.argv[2]))"
    run = subprocess.Popen([sys.executable, "-c", code, site.url, str(target)], stderr=subprocess.DEVNULL)
    wait_for_bytes(target, module.CHUNK * 3)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not target.exists()
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [0, module.CHUNK * 3]


@pytest.mark.parametrize("if_range", [True, False], ids=["honoured", "ignored"])
@pytest.mark.parametrize("kind", ["etag", "date"])
def test_a_file_changed_on_the_server_is_downloaded_again(site: Site, target: Path, kind: str, if_range: bool) -> None:
    site.if_range = if_range
    site.etag, site.modified = ('"one"', None) if kind == "etag" else ('W/"weak"', DATES[0])
    cut_run(site, target)
    site.body = OTHER
    site.etag, site.modified = ('"two"', None) if kind == "etag" else ('W/"weak"', DATES[1])
    download(site.url, target)
    assert_complete(target, OTHER)
    assert site.gets[0]["If-Range"] == ('"one"' if kind == "etag" else DATES[0])


def test_a_file_changed_between_two_attempts_is_downloaded_from_the_start(site: Site, target: Path) -> None:
    site.cuts = [100_000]
    site.stall = True

    def change() -> None:
        wait_for_bytes(target, 1)
        site.body, site.etag = OTHER, '"two"'
        site.released.set()

    changer = threading.Thread(target=change)
    changer.start()
    download(site.url, target)
    changer.join()
    assert_complete(target, OTHER)
    assert site.starts == [0, 100_000]


def test_a_file_of_another_length_with_the_same_etag_is_downloaded_from_the_start(site: Site, target: Path) -> None:
    cut_run(site, target)
    site.body = OTHER + b"more"
    download(site.url, target)
    assert_complete(target, OTHER + b"more")


def test_a_download_starts_again_if_the_server_ignores_ranges(site: Site, target: Path) -> None:
    cut_run(site, target)
    site.ranges = False
    download(site.url, target, sha256=SHA256)
    assert_complete(target)


def test_a_server_that_ignores_ranges_and_always_cuts_the_file_is_given_up(site: Site, target: Path) -> None:
    site.ranges, site.cuts = False, [100_000] * 50
    message = refused(site.url, target)
    assert "100,000 of 400,000 bytes" in message
    assert len(site.gets) == 1 + len(module.PAUSES)


def test_a_part_without_a_validator_is_not_continued(site: Site, target: Path) -> None:
    site.etag = None
    assert "run again to start over" in cut_run(site, target)
    site.body = OTHER
    download(site.url, target)
    assert_complete(target, OTHER)
    assert site.starts == [0]


def test_a_part_from_another_or_an_unknown_address_is_not_used(site: Site, target: Path) -> None:
    cut_run(site, target)
    download(site.url + "?other", target, sha256=SHA256)
    assert site.starts == [0]
    part_of(target).write_bytes(OTHER[:1000])
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [0, 0]


def test_a_damaged_note_makes_the_download_start_again(site: Site, target: Path) -> None:
    cut_run(site, target)
    part_of(target).with_name(target.name + ".part.json").write_text('{"sour')
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [0]


def test_a_complete_part_needs_no_transfer(site: Site, target: Path) -> None:
    cut_run(site, target)
    part_of(target).write_bytes(PAYLOAD)
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.gets == []


def test_a_complete_part_of_unknown_length_is_recognised_by_status_416(site: Site, target: Path) -> None:
    site.lengths = False
    assert "150,000 of an unknown number of bytes" in cut_run(site, target)
    part_of(target).write_bytes(PAYLOAD)
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [len(PAYLOAD)]


def test_status_416_for_a_part_longer_than_the_file_makes_the_download_start_again(site: Site, target: Path) -> None:
    cut_run(site, target)
    part_of(target).write_bytes(PAYLOAD + b"surplus")
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [len(PAYLOAD) + 7, 0]


def test_status_416_or_206_to_a_request_without_a_range_is_an_error(site: Site, target: Path) -> None:
    for status in (416, 206):
        site.statuses = [status]
        assert f"HTTP {status}" in refused(site.url, target)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_client_error_is_reported_without_another_attempt(site: Site, target: Path, status: int) -> None:
    site.statuses = [status] * 9
    message = refused(site.url, target)
    assert f"HTTP {status}" in message
    assert site.url in message
    assert len(site.gets) == 1
    assert not target.exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_error_is_retried_a_few_times(site: Site, target: Path, status: int) -> None:
    site.statuses = [status] * 9
    assert f"HTTP {status}" in refused(site.url, target)
    assert len(site.gets) == 1 + len(module.PAUSES)
    site.statuses = [status]
    download(site.url, target, sha256=SHA256)
    assert_complete(target)


def test_an_http_error_keeps_the_part(site: Site, target: Path) -> None:
    cut_run(site, target)
    site.statuses = [404]
    refused(site.url, target)
    assert part_of(target).read_bytes() == PAYLOAD[:150_000]


@pytest.mark.parametrize("url", ["ftp://example.org/a.zip", "file:///etc/passwd", "/data/a.zip", "example.org/a.zip"])
def test_an_unsupported_scheme_is_refused(target: Path, url: str) -> None:
    message = refused(url, target)
    assert url in message
    assert "http:// or https://" in message


@pytest.mark.parametrize("url", ["http://", "http://[", "http://no-such-host.invalid/a.zip"])
def test_an_invalid_or_unknown_address_is_refused(target: Path, url: str) -> None:
    assert f"cannot download {url}: " in refused(url, target)


def test_a_refused_connection_is_reported(target: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert "Connection refused" in refused(f"http://127.0.0.1:{port}/a.zip", target)


def test_a_wrong_digest_removes_the_part(site: Site, target: Path) -> None:
    site.body = OTHER
    message = refused(site.url, target, sha256=SHA256.upper())
    assert SHA256 in message
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert site.url in message
    assert "collection.sha256" in message
    assert list(target.parent.iterdir()) == []
    site.body = PAYLOAD
    download(site.url, target, sha256=SHA256)
    assert_complete(target)
    assert site.starts == [0, 0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_keeps_the_part(site: Site, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).symlink_to("/dev/full")
    # With this note, the link counts as a part that is still empty.
    note = {"source": site.url, "validator": site.etag, "total": len(PAYLOAD)}
    part_of(target).with_name(target.name + ".part.json").write_text(json.dumps(note))
    message = refused(site.url, target)
    assert "No space left on device" in message
    assert "run again to resume" in message
    assert part_of(target).is_symlink()
    assert len(site.gets) == 1


def test_a_folder_that_cannot_be_created_is_reported(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write" in refused(site.url, tmp_path / "file" / "archive.zip")


@pytest.fixture
def kaggle(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Make kagglehub's real client, without an account, reach the server: it calls http://localhost through a proxy."""
    for name in [name for name in os.environ if name.startswith("KAGGLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("http_proxy", site.url.removesuffix("/archive.zip"))
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    return site


def kaggle_refused(handle: str, target: Path) -> str:
    with pytest.raises(UserError) as caught:
        download_from_kaggle(handle, target)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("version", [None, 3])
def test_a_kaggle_archive_is_downloaded_unchanged(kaggle: Site, target: Path, version: int | None) -> None:
    download_from_kaggle(f"{KAGGLE}/versions/3" if version else KAGGLE, target)
    assert_complete(target)
    [(path, asked, authorization)] = kaggle.posts
    assert path == "/api/v1/datasets.DatasetApiService/DownloadDataset"
    assert (asked["ownerSlug"], asked["datasetSlug"]) == ("owner", "paintings")
    assert asked.get("datasetVersionNumber") == version
    assert authorization is None


def test_the_kaggle_account_is_sent_to_kaggle_but_not_to_the_file_server(
    kaggle: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    download_from_kaggle(KAGGLE, target)
    assert kaggle.posts[0][2].startswith("Basic ")
    assert all("Authorization" not in headers for headers in kaggle.gets)


def test_a_kaggle_download_is_resumed(kaggle: Site, target: Path) -> None:
    kaggle.cuts, kaggle.statuses = [150_000], [200, 200] + [503] * 9  # the first answer only gives the address
    kaggle.cuts.insert(0, 0)
    message = kaggle_refused(KAGGLE, target)
    assert f"Kaggle dataset {KAGGLE}" in message
    assert "150,000 of 400,000 bytes" in message
    assert "signature" not in message
    kaggle.statuses, kaggle.gets[:] = [], []
    download_from_kaggle(KAGGLE, target)
    assert_complete(target)
    assert kaggle.starts == [0, 150_000]


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "KAGGLE_KEY"), (403, "kaggle.com/settings"), (404, "has no dataset"), (500, "try again later")],
)
def test_a_refusal_by_kaggle_is_reported_with_advice(kaggle: Site, target: Path, status: int, advice: str) -> None:
    kaggle.kaggle_status = status
    message = kaggle_refused(KAGGLE, target)
    assert f"HTTP {status}" in message
    assert advice in message
    assert KAGGLE in message


def test_the_error_for_a_dataset_with_several_addresses_names_the_others(kaggle: Site, target: Path) -> None:
    kaggle.kaggle_status = 404
    message = kaggle_refused("adamelkholy/human-ai-artwork-dataset", target)
    assert "kaggle:adamelkholy/human-ai-artwork or kaggle:adamelkholyy/human-ai-artwork-dataset" in message


@pytest.mark.parametrize("handle", ["paintings", "a/b/c", "a/b/versions/0", "a/b/versions/x", "a//b", "", "a/b/"])
def test_an_invalid_kaggle_handle_is_refused(target: Path, handle: str) -> None:
    assert "owner/dataset" in kaggle_refused(handle, target)


def test_a_damaged_kaggle_account_file_is_reported(kaggle: Site, target: Path, tmp_path: Path) -> None:
    file = tmp_path / "home" / ".kaggle" / "kaggle.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    message = kaggle_refused(KAGGLE, target)
    assert str(file) in message
    assert "kaggle.com/settings" in message


def test_kaggle_without_an_account_or_a_network_is_reported_in_one_line(tmp_path: Path) -> None:
    """Run in a separate process: empty home, no account, and a proxy on a closed port instead of the network."""
    code = (
        "import sys, pathlib, brushprint.data.download as d, brushprint.core.errors as e\n"
        "assert 'kagglehub' not in sys.modules\n"
        f"try: d.download_from_kaggle('{KAGGLE}', pathlib.Path('archive.zip'))\n"
        "except e.UserError as error: print(error)\n"
    )
    environment = {"HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9", "PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.fullmatch(
        r"cannot reach Kaggle for the dataset owner/paintings: .* collection\.source to it\n", run.stdout
    )
    assert list(tmp_path.iterdir()) == []
