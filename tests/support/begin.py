"""What a copy of the fork server runs in tests: a command of Python, with the brushprint of a project."""

import json
import os
import runpy
import sys

module, source, sys.argv = json.loads(os.environ.pop("COMMAND"))
# Those of the server were opened for what it was given.
sys.stdout = os.fdopen(1, "w", closefd=False)
sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
sys.path.insert(0, source)
# The server has that of this repository.
for name in [name for name in sys.modules if name.split(".")[0] == "brushprint"]:
    del sys.modules[name]
runpy.run_module(module, run_name="__main__")
