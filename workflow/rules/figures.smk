"""The figures of a variant, drawn from the files of the stages before."""


rule figures:
    input:
        unpack(seals_of),
        **{name: f"{VARIANT}/{file}" for name, file in figure_registry.VARIANT_FILES.items()},
    output:
        [shown(figure) for figure in figure_registry.VARIANT],
    log:
        f"{LOGS}/figures-{{variant}}.log",
    params:
        *code("figures"),
        **drawn(figure_registry.VARIANT),
    script:
        "../scripts/figures.py"
