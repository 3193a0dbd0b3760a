"""People keep projects and pictures in folders with any names."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import copy_project, encoded, environment, jobs, picture, snakemake
from tests.support.collections import sharded
from tests.support.hub import hub
from tests.support.hub import settings as hub_settings

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


def test_a_data_set_of_hugging_face_is_fetched_once_and_catalogued(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = {f"train/{name}/{seed}.jpg": encoded(picture(seed)) for seed, name in enumerate(["human", "ai"] * 2)}
    root = sharded(tmp_path / "made", pictures)
    files = {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}
    folders = [{"folder": name, "origin": name, "source": name} for name in ("human", "ai")]
    settings = {"collection": {"name": "fetched", "source": "hf:me/art", "labels": folders}}
    (project / "hub.yaml").write_text(yaml.safe_dump(settings))
    target = "results/fetched/catalogue.parquet"
    with hub(files) as (address, _):
        for name, value in hub_settings(address, tmp_path / "home").items():
            monkeypatch.setenv(name, value)
        made = jobs(snakemake(project, "--configfile", "hub.yaml", "--", target))
    assert {rule for rule, _ in made} == {"fetch_dataset", "catalogue"}
    assert pd.read_parquet(project / target)["origin"].value_counts().to_dict() == {"human": 2, "ai": 2}
    rejected = pd.read_parquet(project / "results/fetched/rejected.parquet")
    assert rejected["path"].tolist() == ["README.md"]
    assert "Nothing to be done" in snakemake(project, "-n", "--configfile", "hub.yaml", "--", target)


def test_a_table_of_labels_is_identified_by_its_content(project: Path, tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(6)]
    (tmp_path / "pictures").mkdir()
    for number, name in enumerate(names):
        (tmp_path / "pictures" / name).write_bytes(encoded(picture(number)))
    table = tmp_path / "labels.csv"
    rows = [f"{name},{'ai' if number % 2 else 'human'}" for number, name in enumerate(names)]
    table.write_text("\n".join(["path,origin", *rows]))
    collection = {"name": "listed", "source": str(tmp_path / "pictures"), "labels_file": str(table)}
    (project / "listed.yaml").write_text(yaml.safe_dump({"collection": collection}))
    arguments = ("--configfile", "listed.yaml", "--", "results/listed/catalogue.parquet")
    snakemake(project, *arguments)
    assert pd.read_parquet(project / arguments[-1])["origin"].tolist() == ["human", "ai"] * 3
    os.utime(table, (1, 1))
    assert "Nothing to be done" in snakemake(project, "-n", *arguments)
    table.write_text(table.read_text().replace("0.jpg,human", "0.jpg,ai"))
    assert "rule catalogue:" in snakemake(project, "-n", *arguments)
    table.write_text("path,origin\n0.jpg,robot\n")
    output = snakemake(project, "-n", *arguments, expect=2)
    assert f"error: collection.labels_file: {table}: row 1: the origin 'robot' is neither human nor ai" in output
    assert "Traceback" not in output
