import hashlib
import json
from pathlib import Path

import pandas as pd

from brushprint.console import logged

with logged(snakemake.log[0]):
    # The content of the table, not of the file, which changes with the version of its writer.
    split = pd.read_parquet(snakemake.input.split).to_csv(index=False).encode()
    digests = {"split": hashlib.sha256(split).hexdigest(), "pixels": Path(snakemake.input.pixels).read_text()}
    Path(snakemake.output[0]).write_text(json.dumps(digests, indent=2))
