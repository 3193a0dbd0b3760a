"""Summarise a run: model cards, claims, the provenance of each file, the report, and the checksums of all files."""

from brushprint.core.digest import sha256
from brushprint.report import claims_schema

CLAIMS = "config/claims.yaml"
TEMPLATES = sorted(Path(workflow.basedir, "src/brushprint/report/templates").glob("[!.]*"))
REPORTED_COPIES = [split for split in PLAN.oversampled if split in PLAN.reported_splits]
# As plain text, the paths lose their flag for `snakemake --report`: Snakemake would attribute a flagged file to the
# rule that reads it.
COLLECTION_FIGURES = [
    *map(str, [*rules.examples.output, *rules.collection_figures.output, *rules.corrupted_examples.output]),
    *expand(map(str, rules.copies_examples.output), split=REPORTED_COPIES),
]

try:
    claims_schema.load(CLAIMS)
except UserError as error:
    stop(error)


rule cards:
    input:
        external=EXTERNAL_METRICS,
        audit=rules.shortcut_audit.output[0],
        arms=rules.arms.output[0],
        splits=expand(rules.split.output, split=PLAN.reported_splits),
        metrics=of_each("metrics.json"),
        styles=of_each("styles.csv"),
        rates=of_each("robustness.parquet"),
    output:
        summary=f"{RESULTS}/cards.json",
        cards=of_each("card.md"),
    log:
        f"{LOGS}/cards.log",
    localrule: True
    params:
        *code("cards"),
        **as_written(title=CONFIG.collection.title),
        **as_written(external=CONFIG.external and CONFIG.external.title),
        synthetic=PLAN.synthetic,
        splits=PLAN.reported_splits,
        variants={
            name: {"task": variant.task, "split": variant.split, "recipe": variant.recipe.model_dump()}
            for name, variant in PLAN.variants.items()
            if not variant.parent
        },
    script:
        "../scripts/cards.py"


rule claims:
    input:
        claims=local(ancient(CLAIMS)),
        catalogue=rules.catalogue.output.catalogue,
        splits=expand(rules.split.output, split=PLAN.reported_splits),
        history=of_each("history.csv"),
        metrics=of_each("metrics.json"),
        latent=of_each("latent.json"),
        embedding=of_each("embedding.json"),
        effects=of_each("region-effects.parquet"),
    output:
        f"{RESULTS}/claims.json",
    log:
        f"{LOGS}/claims.log",
    params:
        *code("claims"),
        claims=sha256(CLAIMS),
        collection=CONFIG.collection.name,
        synthetic=PLAN.synthetic,
        budget=CONFIG.budget.model_dump(),
        from_scratch=PLAN.from_scratch,
        changed=PLAN.changed_from(SHIPPED),
        splits=PLAN.reported_splits,
        variants={name: PLAN.variants[name].split for name in PLAN.names},
    script:
        "../scripts/claims.py"


def files_of(name):
    """The files of a variant that its provenance lists, each with the rule that writes it."""
    made = [(str(file), rule) for rule in PLAN.rules_of(name) for file in getattr(rules, rule).output]
    return {file.replace("{variant}", name): rule for file, rule in made}


def code_of(name):
    """The code of each rule that the files of a variant depend on."""
    network = architectures.module_name(PLAN.variants[name].recipe.architecture)
    loaded = dict.fromkeys(
        ("weights", "encode", "train", "fit_head", "infer", "explain", "regions", "robustness"), [network]
    )
    loaded |= {"embed": PLAN.embedding_modules, "figures": figures.modules(figures.VARIANT)}
    return {rule: code(rule, *loaded.get(rule, [])) for rule in [*PLAN.rules_before(name), *PLAN.rules_of(name)]}


rule provenance:
    input:
        unpack(sealed_split),
        catalogue=rules.catalogue.output.catalogue,
        files=lambda wildcards: digested(files_of(wildcards.variant)),
    output:
        f"{VARIANT}/provenance.json",
    log:
        f"{LOGS}/provenance-{{variant}}.log",
    localrule: True
    params:
        *code("provenance"),
        rules=lambda wildcards: list(files_of(wildcards.variant).values()),
        code=lambda wildcards: code_of(wildcards.variant),
        settings=lambda wildcards: PLAN.settings_of(wildcards.variant, PICTURES.about),
    script:
        "../scripts/provenance.py"


def digested(files):
    """Files as inputs. Models and features may be too large for Snakemake to compare by content, so they are `ancient`.

    Their digest files, which are inputs as well, trigger reruns instead.
    """
    return [ancient(file) if file.endswith(("model.safetensors", "features.parquet")) else file for file in files]


# Besides the job, the texts of `snakemake --report` (in workflow/report/) can read only `config`.
if workflow.is_main_process:
    config["report"] = {
        "title": CONFIG.collection.title,
        "note": "**Synthetic sample**, drawn by brushprint: about the software, not about art." * PLAN.synthetic,
        "page": f"{RESULTS}/report/index.html",
        "runs": runs.table(Path(LOGS)),
    }


rule report:
    input:
        catalogue=rules.catalogue.output.catalogue,
        rejected=rules.catalogue.output.rejected,
        ignored=rules.catalogue.output.ignored,
        splits=expand(rules.split.output, split=PLAN.reported_splits),
        provenance=of_each("provenance.json"),
        claims=rules.claims.output[0],
        mistakes=rules.mistakes.output[0],
        audit=rules.shortcut_audit.output[0],
        leaks=rules.leaks.output[0],
        arms=rules.arms.output[0],
        comparisons=rules.compare.output.comparisons,
        recommended=rules.recommend.output[0],
        art_or_file=rules.art_or_file.output[0],
        cards=rules.cards.output.summary,
        collection_figures=COLLECTION_FIGURES,
        external=EXTERNAL_METRICS,
        picked=PICKED_FILES,
        metrics=of_each("metrics.json"),
        latent=of_each("latent.json"),
        effects=of_each("region-effects.parquet"),
        faithfulness=of_each("faithfulness.json"),
        heatmaps=of_each("heatmaps.json"),
        embedding=of_each("embedding.json"),
        figures=expand(map(str, rules.figures.output), variant=PLAN.names),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{LOGS}/report.log",
    params:
        *code("report"),
        **as_written(title=CONFIG.collection.title),
        **as_written(external=CONFIG.external and CONFIG.external.title),
        templates={file.name: sha256(file) for file in TEMPLATES},
        synthetic=PLAN.synthetic,
        budget=CONFIG.budget.model_dump(),
        from_scratch=PLAN.from_scratch,
        splits=PLAN.reported_splits,
        copied=REPORTED_COPIES,
        figures=figures.texts(picked=bool(PICKED_FILES)),
        variants=PLAN.names,
    script:
        "../scripts/report.py"


# All files that a run writes under results/, except SHA256SUMS.
ARTIFACTS = [
    *rules.catalogue.output,
    *rules.near_duplicates.output,
    *expand(rules.shortcut_features.output, state=PLAN.states),
    *rules.shortcut_audit.output,
    *expand(rules.split.output, split=PLAN.used_splits),
    *rules.leaks.output,
    *rules.faces.output,
    *sorted(
        {
            file
            for name, variant in PLAN.variants.items()
            for file in expand(rules.seal.output, split=variant.split, seen=PLAN.seen(name))
        }
    ),
    *(file for name in PLAN.variants for file in files_of(name)),
    *expand(rules.provenance.output, variant=PLAN.variants),
    *map(str, rules.compare.output),
    *rules.recommend.output,
    *rules.art_or_file.output,
    *rules.mistakes.output,
    *rules.arms.output,
    *EXTERNAL_METRICS,
    *PICKED_FILES,
    *COLLECTION_FIGURES,
    *rules.cards.output,
    *rules.claims.output,
    *rules.report.output,
]


rule checksums:
    input:
        digested(ARTIFACTS),
    output:
        f"{RESULTS}/SHA256SUMS",
    log:
        f"{LOGS}/checksums.log",
    params:
        *code("checksums"),
    script:
        "../scripts/checksums.py"


def everything(wildcards):
    """The default targets: SHA256SUMS and, if it exists already, the files of the run that are missing."""
    sums = Path(rules.checksums.output[0])
    return [str(sums), *(file for file in ARTIFACTS if sums.exists() and not Path(file).exists())]


if workflow.is_main_process and ALONE is not False:
    if altered := records.altered(Path(PLAN.records), Path(f"{SCRATCH}/digests/results.json")):
        stop(records.complaint(altered))
