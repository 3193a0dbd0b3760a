"""Get the archive of a collection that is not yet on this machine."""

from collections.abc import Mapping
from pathlib import Path

from brushprint.download import download, download_from_kaggle
from brushprint.sample import draw_sample


def collect(source: str, target: Path, *, sha256: str | None, sample: Mapping[str, int], seed: int, jobs: int) -> None:
    """Write the archive that `source` names to `target`.

    `source` is `sample`, which is drawn in the sizes `sample` (`train` and `test` pictures), `kaggle:owner/dataset`
    or an http(s) address. Raises `UserError` when it cannot be had or has another `sha256`.
    """
    if source == "sample":
        draw_sample(target, train=sample["train"], test=sample["test"], seed=seed, jobs=jobs)
    elif source.startswith("kaggle:"):
        download_from_kaggle(source.removeprefix("kaggle:"), target, sha256=sha256)
    else:
        download(source, target, sha256=sha256)
