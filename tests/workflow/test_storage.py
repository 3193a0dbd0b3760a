"""A default storage of Snakemake is for dry runs, as of Kubernetes; the server is real and listens on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import jobs, run
from tests.workflow.test_dvc_remotes import s3

pytestmark = pytest.mark.xdist_group("workflow")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The arguments that put all files into a bucket."""
    with s3(tmp_path) as remote:
        settings = {
            "ENDPOINT_URL": remote.shared["endpointurl"],
            "ACCESS_KEY": remote.personal["access_key_id"],
            "SECRET_KEY": remote.personal["secret_access_key"],
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}", value)
        yield ["--default-storage-provider", "s3", "--default-storage-prefix", remote.url]


def test_a_dry_run_for_kubernetes_lists_every_job_and_what_it_asks_for(
    project: Path, stored: list[str], cluster: str
) -> None:
    said = run(project, cluster, "-n", "--profile", "profiles/kubernetes", *stored, "--config", "device=cuda")
    assert ("train", "cifake-32") in jobs(said) and ("checksums", "") in jobs(said)
    assert "mem_mb=4000" in said and "gpu=1" in said


def test_a_run_with_a_default_storage_is_refused_in_one_line(project: Path, stored: list[str], cluster: str) -> None:
    said = run(project, cluster, "--cores", "2", *stored, expect=2)
    assert "error: default-storage-provider: jobs open the collection and scratch/ as files" in said
    assert "Traceback" not in said
