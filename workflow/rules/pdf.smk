"""The report as it is printed. Made on request alone: it takes a browser, and says nothing that the page does not."""


rule pdf:
    input:
        rules.report.output,
    output:
        f"{EXPORTS}/report.pdf",
    log:
        f"{LOGS}/pdf.log",
    params:
        *code("pdf"),
    script:
        "../scripts/pdf.py"
