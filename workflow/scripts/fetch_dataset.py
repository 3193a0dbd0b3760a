from pathlib import Path

from brushprint.core.job_log import logged
from brushprint.data.hugging_face import fetch_dataset

with logged(snakemake.log[0], snakemake.output):
    digest = fetch_dataset(snakemake.params.source, Path(snakemake.output.archive), sha256=snakemake.params.sha256)
    Path(snakemake.output.digest).write_text(digest)
