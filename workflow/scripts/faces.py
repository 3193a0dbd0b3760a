import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.faces import find_faces, searched

with logged(snakemake.log[0], snakemake.output):
    params = snakemake.params
    catalogue = searched(pd.read_parquet(snakemake.input.catalogue), published=params.published)
    faces = find_faces(params.root, catalogue, jobs=snakemake.threads, harmonise=params.harmonise)
    write_parquet(faces, snakemake.output[0])
