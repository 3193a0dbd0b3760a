"""The products of a run: the files that people open, and which of them the run has made."""

from collections.abc import Mapping
from pathlib import Path

from brushprint.workflow.conclusion import conclusion
from brushprint.workflow.plan import Plan


class Products:
    """The products of a plan, with their modification times when this object was created."""

    def __init__(self, plan: Plan) -> None:
        """Store the modification times of the products of a plan."""
        self._plan = plan
        self._files: Mapping[str, list[Path]] = {
            "The report": [Path(plan.results, "report/index.html")],
            "The report as a PDF": [Path(plan.exports, "report.pdf")],
            "The page for single pictures": [Path(plan.exports, "demo/index.html")],
            "Networks as ONNX files": [Path(plan.exports, f"onnx/{name}.onnx") for name in plan.names],
        }
        self._before = self._ages()

    def made(self) -> list[str]:
        """A line with the path of each product made since then; for the report, the lines of the conclusion."""
        now = self._ages()
        lines = []
        for name, files in self._files.items():
            new = [file for file in files if now[file] not in (None, self._before[file])]
            if new and name == "The report":
                lines += conclusion(Path(self._plan.results))
            elif new:
                lines.append(f"{name}: {new[0] if len(files) == 1 else new[0].parent}")
        return lines

    def _ages(self) -> dict[Path, int | None]:
        files = [file for named in self._files.values() for file in named]
        return {file: file.stat().st_mtime_ns if file.exists() else None for file in files}
