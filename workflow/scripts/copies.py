import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.data.array_digests import write_pixels_digest
from brushprint.data.oversampling import write_copies

with logged(snakemake.log[0]):
    given = snakemake.input
    copies = write_copies(
        np.load(given.pixels, mmap_mode="r"),
        pd.read_parquet(given.split),
        snakemake.output.copies,
        jobs=snakemake.threads,
    )
    pixels = json.loads(Path(given.digest).read_text())["made_from"]
    made_from = key([*snakemake.params, sha256(given.split), pixels])
    write_pixels_digest(snakemake.output.digest, pixels=copies, made_from=made_from)
