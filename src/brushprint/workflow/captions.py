"""Captions for `snakemake --report`, which takes them from files alone.

One template cannot serve several figures of a job: Snakemake does not tell it which of the job's files it is for.
"""

from pathlib import Path

from brushprint.core.atomic import replacing
from brushprint.figures.declaration import Figure

# Snakemake fills in the note on synthetic pictures (see workflow/rules/report.smk) and the name of the variant.
_NOTE = "{{ snakemake.config.report.note }}"
_VARIANT = "**{{ snakemake.wildcards.variant }}**. "


def file_of(figure: Figure, folder: Path) -> str:
    """The absolute path of a figure's caption in a folder, as reStructuredText; written unless it is there already."""
    kind = "variant" if figure.per_variant else "collection"
    name = Path(figure.file).stem.replace("-{split}", "")
    target = folder.absolute() / f"{kind}-{name}.rst"
    text = f"{_NOTE}\n\n{_VARIANT if figure.per_variant else ''}{figure.caption}\n"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        with replacing(target) as part:
            part.write_text(text, encoding="utf-8")
    return str(target)
