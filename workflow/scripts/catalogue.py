from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.catalogue import build_catalogue
from brushprint.data.label_table import LabelTable
from brushprint.data.taxonomy import FolderRules

with logged(snakemake.log[0], snakemake.output):
    params = snakemake.params
    rules = FolderRules(params.labels) if params.labels else None
    catalogue = build_catalogue(
        params.root,
        LabelTable(params.labels_file) if params.labels_file else rules,
        images=params.images,
        max_rejected=params.max_rejected,
        seed=params.seed,
        jobs=snakemake.threads,
        setting=params.setting,
    )
    write_parquet(catalogue.pictures, snakemake.output.catalogue)
    write_parquet(catalogue.rejected, snakemake.output.rejected)
    write_parquet(catalogue.ignored, snakemake.output.ignored)
    write_json(catalogue.unusable, snakemake.output.unusable)
