import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.faces import find_faces

with logged(snakemake.log[0]):
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    # Heat is measured on test pictures alone; of splits that are drawn any picture may be one, whatever they are now.
    tested = catalogue[catalogue["published_split"] == "test"]
    chosen = tested if snakemake.params.published and len(tested) else catalogue
    params, jobs = snakemake.params, snakemake.threads
    write_parquet(find_faces(params.root, chosen, jobs=jobs, harmonise=params.harmonise), snakemake.output[0])
