"""`forkclient.py SOCKET python script.py` has a copy of `brushprint.workflow.forkserver` run a script, and ends as that
ends.

The copy takes this process's streams, folder and environment. Where no server answers, the script begins by itself.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

HEADER = 8


def ask(address: str, command: list[str]) -> int:
    """Have the script of a command `[python, script]` run; returns its status, 128 and the signal that ended it."""
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address)
        except OSError:
            os.execv(command[0], command)
        # The copy hears the keyboard's interrupt too, and says how it ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asked = {"script": command[1], "folder": str(Path.cwd()), "environment": dict(os.environ)}
        request = json.dumps(asked).encode()
        socket.send_fds(server, [len(request).to_bytes(HEADER, "big")], [0, 1, 2])
        server.sendall(request)
        status = server.recv(1)
    return status[0] if status else 1


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
