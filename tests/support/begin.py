"""Run a Python command, with a project's own copy of brushprint, in a process forked from the fork server."""

import json
import os
import runpy
import sys

module, source, sys.argv = json.loads(os.environ.pop("COMMAND"))
# Open the streams anew, because those of the server belong to the files that the server was started with.
sys.stdout = os.fdopen(1, "w", closefd=False)
sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
sys.path.insert(0, source)
# The server has imported the brushprint of this repository; the command must import that of the project.
for name in [name for name in sys.modules if name.split(".")[0] == "brushprint"]:
    del sys.modules[name]
runpy.run_module(module, run_name="__main__")
