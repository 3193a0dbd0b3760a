"""Captions for `snakemake --report` are files with the declared text, which are written only if the text changes."""

from dataclasses import replace
from pathlib import Path

from brushprint.figures import registry
from brushprint.workflow import captions


def test_a_caption_is_a_file_with_the_declared_text(tmp_path: Path) -> None:
    figure = registry.VARIANT[0]
    file = Path(captions.file_of(figure, tmp_path / "captions"))
    assert file.is_absolute()
    note, variant = "{{ snakemake.config.report.note }}", "**{{ snakemake.wildcards.variant }}**"
    assert file.read_text() == f"{note}\n\n{variant}. {figure.caption}\n"
    written = file.stat().st_mtime_ns
    assert Path(captions.file_of(figure, tmp_path / "captions")).stat().st_mtime_ns == written
    captions.file_of(replace(figure, caption="Another."), tmp_path / "captions")
    assert file.read_text().endswith("Another.\n")


def test_no_two_figures_share_a_caption_file(tmp_path: Path) -> None:
    figures = [*registry.VARIANT, *registry.COLLECTION]
    assert len({captions.file_of(figure, tmp_path) for figure in figures}) == len(figures)
