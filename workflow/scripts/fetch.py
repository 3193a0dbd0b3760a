from pathlib import Path

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.data.download import fetch
from brushprint.data.hugging_face import fetch_dataset

with logged(snakemake.log[0], snakemake.output):
    source, target, digest = snakemake.params.source, Path(snakemake.output.archive), Path(snakemake.output.digest)
    if source.startswith("hf:"):
        digest.write_text(fetch_dataset(source, target, sha256=snakemake.params.sha256))
    else:
        fetch(source, target, sha256=snakemake.params.sha256)
        write_sha256(target, digest)
