"""What a copy of `brushprint.forkserver` runs in tests: a command of Python, with the brushprint of a project."""

import json
import os
import runpy
import sys

module, source, sys.argv = json.loads(os.environ.pop("COMMAND"))
sys.path.insert(0, source)
# The server has that of this repository.
for name in [name for name in sys.modules if name.split(".")[0] == "brushprint"]:
    del sys.modules[name]
runpy.run_module(module, run_name="__main__")
