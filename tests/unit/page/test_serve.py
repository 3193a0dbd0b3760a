"""The web server of the page serves this machine only, with the headers that browsers require."""

import re
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from brushprint.core.errors import UserError
from brushprint.page.serve import server
from tests.conftest import REPOSITORY, environment

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "vendor/runtime.mjs": "text/javascript; charset=utf-8",
    "vendor/runtime.wasm": "application/wasm",
    "models.json": "application/json",
    "models/some.onnx": "application/octet-stream",
    "gallery/1": "application/octet-stream",
}


@pytest.mark.usefixtures("interruptible")
def test_files_are_served_with_media_types_and_the_headers_for_threads_until_ctrl_c(tmp_path: Path) -> None:
    for name in TYPES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    code = f"from brushprint.page.serve import serve; serve({str(tmp_path)!r})"
    command = (sys.executable, "-c", code)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(REPOSITORY), **pipes) as process:
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        for name, kind in TYPES.items():
            answer = requests.get(address + name, timeout=10)
            assert answer.text == name
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        process.send_signal(signal.SIGINT)
        try:
            _, complaints = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, complaints) == (0, "")


def test_a_tab_that_closes_while_it_loads_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    (tmp_path / "index.html").write_text("page")
    with server(tmp_path) as serving, socket.create_connection(serving.server_address) as tab:
        tab.sendall(b"GET / HTTP/1.1\r\n")
        # The browser resets the connection instead of closing it properly.
        tab.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tab.close()
        serving.process_request_thread(*serving.get_request())
    assert capfd.readouterr().err == ""


def test_a_page_that_was_not_built_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no page; run `snakemake --cores all demo`$"):
        server(tmp_path)


def test_a_port_that_is_taken_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    with server(tmp_path) as serving:
        taken = serving.server_port
        with pytest.raises(UserError, match=rf"^port {taken} cannot be used: .*; choose another with --port$"):
            server(tmp_path, taken)
