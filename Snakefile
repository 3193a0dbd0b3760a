"""brushprint: from pictures to a report. Each file of rules is a stage, in the order that data flows."""


configfile: "config/config.yaml"
configfile: "config/recipes.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/catalogue.smk"
include: "workflow/rules/arrays.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/saliency.smk"
include: "workflow/rules/elsewhere.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


rule all:
    default_target: True
    input:
        everything,


# This rule runs only on request: no result of a run depends on its files.
rule onnx:
    input:
        expand(rules.export.output, variant=PLAN.names),


onstart:
    if ALONE is False:
        stop("another run is at work in this folder; wait for its end, or use another clone")
    try:
        preflight.check_slurm(PLAN)
    except UserError as error:
        stop(error)
    if CONFIG.fork_server and forkserver.supported():
        # Snakemake replaces `{name}` in this text.
        shell.prefix(forkserver.start().replace("{", "{{").replace("}", "}}") + " ")


onsuccess:
    for line in PRODUCTS.made():
        logger.info(line, extra={"conclusion": True})
