"""Data sets are fetched from Hugging Face, here from a server on this machine that answers as the hub does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brushprint.data.archive import content_digest
from tests.conftest import encoded, picture
from tests.support.collections import catalogued, sharded
from tests.support.hub import COMMIT, OTHER, hub, settings

PROGRAM = """
import sys
from pathlib import Path
from brushprint.core.errors import UserError
from brushprint.data.hugging_face import fetch_dataset
source, target, sha256 = sys.argv[1:]
try:
    print(fetch_dataset(source, Path(target), sha256=sha256 or None))
except UserError as error:
    print(f"error: {error}")
"""


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[..., str]:
    """A function that fetches a data set to the folder `x.archive` in a new process; returns what it prints."""

    def fetch(address: str, source: str = "hf:me/art", sha256: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, source, tmp_path / "x.archive", sha256],
            env=os.environ | settings(address, tmp_path / "home"),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    return fetch


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """The files of a data set of shards."""
    pictures = {f"train/{name}/{seed}.jpg": encoded(picture(seed)) for seed, name in enumerate(["human", "ai"] * 2)}
    root = sharded(tmp_path / "made", pictures)
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_data_set_is_fetched_once_with_the_users_token_and_catalogued(files, fetched, tmp_path: Path) -> None:
    with hub(files) as (address, asked):
        digest = fetched(address)
        assert asked.token == "Bearer mine"
        before = len(asked.requests)
        assert fetched(address, sha256=digest) == digest
        assert not [line for line in asked.requests[before:] if line.startswith("GET /datasets/")]
    assert digest == content_digest(tmp_path / "x.archive", tmp_path / "memory.json")
    for name, content in files.items():
        assert (tmp_path / "x.archive" / name).read_bytes() == content
    assert len(list((tmp_path / "x.archive").rglob("*.*"))) == len(files)
    table, rejected = catalogued(tmp_path / "x.archive")
    assert table["origin"].value_counts().to_dict() == {"human": 2, "ai": 2}
    assert rejected == {"README.md": "a text file"}


def test_a_transfer_that_was_cut_resumes(fetched, tmp_path: Path) -> None:
    # The client keeps what it received in steps of ten mebibytes.
    files = {"data.bin": bytes(range(256)) * 48_000}
    with hub(files, cut_after=11 * 2**20) as (address, asked):
        if fetched(address).startswith("error"):
            assert not fetched(address).startswith("error")
    assert asked.requests[-1].endswith(f"data.bin bytes={10 * 2**20}-")
    assert (tmp_path / "x.archive/data.bin").read_bytes() == files["data.bin"]


def test_a_revision_is_fetched_beside_another(files, fetched, tmp_path: Path) -> None:
    with hub(files) as (address, _):
        fetched(address)
        fetched(address, "hf:me/art@v1")
        assert fetched(address, "hf:me/art@none").startswith(
            "error: cannot fetch the data set me/art from Hugging Face: it has no revision 'none'"
        )
    names = sorted(folder.name for folder in (tmp_path / "fetched").iterdir())
    assert names == [f"me--art-{COMMIT}", f"me--art-{OTHER}"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, "there is none of this name, or it is private: log in with `hf auth login`"),
        (403, "it is gated: accept its terms on its page, and log in with `hf auth login`"),
        (503, "503"),
    ],
)
def test_a_refusal_of_the_hub_is_one_line(files, fetched, status: int, reason: str) -> None:
    with hub(files, status=status) as (address, _):
        said = fetched(address)
    assert said.startswith("error: cannot fetch the data set me/art from Hugging Face: ")
    assert reason in said
    assert "\n" not in said


def test_without_a_network_the_error_is_one_line(fetched) -> None:
    said = fetched("http://127.0.0.1:9")
    assert said.startswith("error: cannot fetch the data set me/art from Hugging Face: ")
    assert "check the network" in said
    assert "\n" not in said


def test_another_digest_than_the_stated_one_is_refused(files, fetched) -> None:
    with hub(files) as (address, _):
        digest = fetched(address)
        assert fetched(address, sha256="0" * 64) == (
            f"error: hf:me/art has the SHA-256 {digest}, but collection.sha256 is {'0' * 64}; one of them is wrong"
        )


def test_a_revision_that_is_a_commit_is_fetched_again_without_a_network(files, fetched) -> None:
    with hub(files) as (address, _):
        digest = fetched(address, f"hf:me/art@{COMMIT}")
    assert fetched("http://127.0.0.1:9", f"hf:me/art@{COMMIT}") == digest
