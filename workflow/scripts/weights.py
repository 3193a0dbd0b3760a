from pathlib import Path

from safetensors.torch import save

from brushprint.core.atomic import replacing
from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.models import weights

with logged(snakemake.log[0], snakemake.output):
    architecture, file = snakemake.params.architecture, snakemake.params.file
    if file:
        state = weights.read(Path(file["path"]).expanduser(), file["sha256"])
    else:
        state = {"installed": weights.installed, "hub": weights.fetch}[snakemake.params.source](architecture)
    state = {name: tensor.contiguous() for name, tensor in weights.renamed(state, architecture).items()}
    with replacing(snakemake.output.weights) as part:
        part.write_bytes(save(state))
    write_sha256(snakemake.output.weights, snakemake.output.digest)
