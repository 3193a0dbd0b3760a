"""People keep projects and pictures in folders with any names."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import copy_project, encoded, environment, picture, snakemake

ODD = 'my (pro\'ject) %d $HOME "é" {x} & ;#*'


@pytest.fixture(scope="module")
def odd(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished project in a folder with an odd name."""
    folder = tmp_path_factory.mktemp("places") / ODD / "brushprint"
    folder.parent.mkdir()
    copy_project(finished, folder)
    return folder


@pytest.mark.parametrize("place", [".venv", f"../{ODD}"])
@pytest.mark.parametrize("fork_server", [True, False])
def test_a_run_works_in_a_folder_and_in_an_environment_with_an_odd_name(
    odd: Path, place: str, fork_server: bool
) -> None:
    link = odd / place
    link.symlink_to(Path(sys.prefix))
    target = "results/sample/leaks.json"
    try:
        python = odd.absolute() / place / "bin" / Path(sys.executable).name
        command = [str(python), "-m", "snakemake", "--cores", "2", "--force", target]
        done = subprocess.run(
            [*command, "--config", f"fork_server={fork_server}"],
            cwd=odd,
            env=environment(odd) | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    finally:
        link.unlink()
    assert done.returncode == 0, done.stdout
    assert "100%" in done.stdout
    assert "Traceback" not in done.stdout
    # No report was made, so none is announced.
    assert "Report" not in done.stdout


def test_pictures_and_titles_may_have_any_names(project: Path, tmp_path: Path) -> None:
    for folder in ("human", "ai"):
        (tmp_path / ODD / folder).mkdir(parents=True)
        for number in range(3):
            content = encoded(picture(number + len(folder)))
            (tmp_path / ODD / folder / f"{ODD} {number}.jpg").write_bytes(content)
    folders = [{"folder": name, "origin": name, "source": name} for name in ("human", "ai")]
    place = str(tmp_path / ODD)
    settings = {
        "collection": {"name": "odd", "title": "{title} %s", "source": place, "labels": folders},
        "external": {"title": "{elsewhere}", "source": place, "labels": folders},
        "robustness": {"picked": place},
    }
    (project / "odd.yaml").write_text(yaml.safe_dump(settings))
    listing = snakemake(project, "-n", "--configfile", "odd.yaml")
    assert "rule report:" in listing
    target = "results/odd/catalogue.parquet"
    snakemake(project, "--configfile", "odd.yaml", "--", target)
    assert len(pd.read_parquet(project / target)) == 6
