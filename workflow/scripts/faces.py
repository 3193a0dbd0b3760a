import pandas as pd

from brushprint.console import logged
from brushprint.faces import find_faces
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    # Heat is measured on test pictures alone.
    tested = [pd.read_parquet(file, filters=[("partition", "==", "test")]) for file in snakemake.input.splits]
    chosen = catalogue[catalogue["image_id"].isin(pd.concat(tested)["image_id"])]
    write_parquet(find_faces(snakemake.params.root, chosen, jobs=snakemake.threads), snakemake.output[0])
