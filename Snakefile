"""brushprint: from pictures to a report, a file of rules for each stage in the order that data flows."""


configfile: "config/config.yaml"
configfile: "config/recipes.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/start.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/catalogue.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/pixels.smk"
include: "workflow/rules/faces.smk"
include: "workflow/rules/oversample.smk"
include: "workflow/rules/corrupt.smk"
include: "workflow/rules/seal.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/infer.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/mistakes.smk"
include: "workflow/rules/latent.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/regions.smk"
include: "workflow/rules/robustness.smk"
include: "workflow/rules/arms.smk"
include: "workflow/rules/elsewhere.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/overview.smk"
include: "workflow/rules/cards.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/trace.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/pdf.smk"
include: "workflow/rules/checksums.smk"
include: "workflow/rules/demo.smk"


rule all:
    default_target: True
    input:
        everything,


# Only when asked for: no result of a run needs it.
rule onnx:
    input:
        expand(rules.export.output, variant=CONFIG.variants),


# Elsewhere a process cannot be copied once its libraries are loaded; without a place for its socket, none is.
onstart:
    if sys.platform == "linux":
        with suppress(OSError):
            shell.prefix(forkserver.start() + " ")


onsuccess:
    print(f"The report: {RESULTS}/report/index.html")
