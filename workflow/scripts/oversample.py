import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.data.array_digests import write_array_digest
from brushprint.data.oversampling import write_copies

with logged(snakemake.log[0], snakemake.output):
    inputs, output = snakemake.input, snakemake.output
    pixels = np.load(inputs.pixels, mmap_mode="r")
    copies = write_copies(pixels, pd.read_parquet(inputs.split), output.copies, jobs=snakemake.threads)
    pixels_made_from = json.loads(Path(inputs.digest).read_text())["made_from"]
    made_from = key([*snakemake.params, sha256(inputs.split), pixels_made_from])
    write_array_digest(output.digest, pixels=copies, made_from=made_from)
