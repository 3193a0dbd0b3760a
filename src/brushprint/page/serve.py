"""A web server for the browser page, reachable from this machine only."""

import sys
import webbrowser
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any

from brushprint.core.errors import UserError


class Handler(SimpleHTTPRequestHandler):
    """Sends files with the media types that browsers require, and the headers that let a page use several threads."""

    extensions_map = {  # noqa: RUF012, as in the base class
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    def end_headers(self) -> None:
        """Add the headers to each response."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        # After the page has been rebuilt, browsers must not show the old one.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, because a line for each file is of no use."""


class Server(ThreadingHTTPServer):
    """A server that prints no error when a browser tab is closed while it loads."""

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Print the error, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder: str | Path, port: int = 0) -> Server:
    """A server for `folder` on a port of the loopback address; port 0 means any free port.

    Raises `UserError` if the folder has no page, or if the port cannot be used.
    """
    if not Path(folder, "index.html").exists():
        raise UserError(f"{folder} has no page; run `snakemake --cores all demo`")
    try:
        return Server(("127.0.0.1", port), partial(Handler, directory=str(folder)))
    except OSError as error:
        raise UserError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from None


def serve(folder: str | Path, *, port: int = 0, open_browser: bool = False) -> None:
    """Print the page's address and serve it until Ctrl+C. Raises `UserError` as `server` does."""
    with server(folder, port) as serving:
        address = f"http://127.0.0.1:{serving.server_port}/"
        print(f"The page: {address} (Ctrl+C stops the server)", flush=True)
        if open_browser:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            serving.serve_forever()
    print()
