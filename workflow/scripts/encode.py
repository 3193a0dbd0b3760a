import json
from pathlib import Path

import numpy as np

from brushprint.core.digest import key
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.models.encoders import build_encoder
from brushprint.models.files import load_encoder
from brushprint.training.encoding import write_features

with logged(snakemake.log[0], snakemake.output):
    inputs, of = snakemake.input, snakemake.params.encoder
    encoder = build_encoder(of)
    load_encoder(encoder, inputs.weights)
    pixels = json.loads(Path(inputs.digest).read_text())
    digest = write_features(
        encoder,
        np.load(inputs.pixels, mmap_mode="r"),
        Path(snakemake.output.encoded),
        jobs=snakemake.threads,
        device=snakemake.params.device,
    )
    made_from = key([*snakemake.params, Path(inputs.weights_seal).read_text(), pixels["made_from"]])
    # The digest file of corrupted pictures names them, too.
    write_json({**pixels, "pixels": digest, "made_from": made_from}, snakemake.output.digest)
