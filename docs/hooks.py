"""Adds the report of the default run to the site, as its live example."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

REPORT = Path("results/sample/report/index.html")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the report. Raises `PluginError` where the default run has not been done."""
    if not REPORT.exists():
        raise PluginError(f"{REPORT} is missing; run `make results` first")
    files.append(File.generated(config, "example/index.html", abs_src_path=str(REPORT.resolve())))
    return files
