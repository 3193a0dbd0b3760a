"""The browser page served to this machine alone."""

import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from brushprint.core.errors import UserError


class Handler(SimpleHTTPRequestHandler):
    """Files with the types that browsers insist on, and the headers without which they give a page one thread."""

    extensions_map = {  # noqa: RUF012, the base class has it so
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
        """Add the headers to each answer."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        # A page that was built anew is shown anew.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads a line a file."""


class Server(ThreadingHTTPServer):
    """A server that says nothing of a tab that was closed while it loaded."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Tell of an error, unless the browser went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder: str | Path) -> Server:
    """A server of the folder on a free port of the loopback address.

    Raises `UserError` when there is no page.
    """
    if not Path(folder, "index.html").exists():
        raise UserError(f"{folder} has no page: `snakemake --cores all demo` makes it")
    return Server(("127.0.0.1", 0), partial(Handler, directory=str(folder)))


def serve(folder: str | Path) -> None:
    """Serve the folder until the keyboard interrupts, and print where; raises `UserError` as `server` does."""
    with server(folder) as serving:
        print(f"The page: http://127.0.0.1:{serving.server_port}/ (^C ends it)", flush=True)
        with suppress(KeyboardInterrupt):
            serving.serve_forever()
    print()
