"""Captions for `snakemake --report`, which reads them only from files.

Each figure has its own caption file: Snakemake does not tell a caption template which of a job's files it describes.
"""

from pathlib import Path

from brushprint.core.atomic import replacing
from brushprint.figures.declaration import Figure

# Snakemake fills in the note on synthetic pictures (see workflow/rules/report.smk) and the name of the variant.
_NOTE = "{{ snakemake.config.report.note }}"
_VARIANT = "**{{ snakemake.wildcards.variant }}**. "


def file_of(figure: Figure, folder: Path) -> str:
    """Write a figure's caption as reStructuredText to a folder, unless it is up to date; returns the absolute path."""
    kind = "variant" if figure.per_variant else "collection"
    name = Path(figure.file).stem.replace("-{split}", "")
    target = folder.absolute() / f"{kind}-{name}.rst"
    text = f"{_NOTE}\n\n{_VARIANT if figure.per_variant else ''}{figure.caption}\n"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        with replacing(target) as part:
            part.write_text(text, encoding="utf-8")
    return str(target)
