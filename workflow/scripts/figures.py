from brushprint.core.job_log import logged
from brushprint.figures.drawing import draw

with logged(snakemake.log[0], snakemake.output):
    params = dict(snakemake.params.items())
    draw(params["figures"], dict(snakemake.input.items()), params, snakemake.output)
