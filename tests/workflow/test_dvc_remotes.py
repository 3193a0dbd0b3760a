"""Colleagues pull the artifacts over a network, as from a folder; the servers are real and run on this machine."""

import getpass
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.conftest import contents, free_ports, run, snakemake

pytestmark = pytest.mark.xdist_group("workflow")


@dataclass(frozen=True)
class Remote:
    """Where results are stored; `shared` settings are committed, `personal` ones stay in a clone."""

    url: str
    shared: dict[str, str]
    personal: dict[str, str]


@contextmanager
def serving(port: int, *command: str) -> Iterator[None]:
    """Run a server; the block starts once the server listens."""
    server = subprocess.Popen(command)
    try:
        wait_for(server, port)
        yield
    finally:
        server.terminate()
        server.wait(10)


def wait_for(server: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, f"{server.args[0]} ended with {server.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{server.args[0]} does not listen")


@contextmanager
def ssh(place: Path) -> Iterator[Remote]:
    """An OpenSSH server that accepts a single key."""
    (port,) = free_ports(1)
    for name in ("host", "user"):
        run(place, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name))
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": place / "host",
        "AuthorizedKeysFile": place / "user.pub",
        "AuthenticationMethods": "publickey",
        "StrictModes": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (place / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    # sshd starts only by its full path.
    with serving(port, shutil.which("sshd"), "-D", "-e", "-f", str(place / "sshd_config")):
        yield Remote(
            url=f"ssh://127.0.0.1{place}/store",
            shared={"port": str(port), "user": getpass.getuser()},
            personal={"keyfile": str(place / "user")},
        )


@contextmanager
def s3(_: Path) -> Iterator[Remote]:
    """A server that speaks S3, with an empty bucket."""
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    key, secret = "a-key-id", "a-secret"
    with serving(port, sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        client = boto3.client(
            "s3", "us-east-1", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret
        )
        client.create_bucket(Bucket="artifacts")
        yield Remote(
            url="s3://artifacts/store",
            shared={"endpointurl": endpoint},
            personal={"access_key_id": key, "secret_access_key": secret},
        )


@pytest.fixture(
    params=[
        pytest.param(ssh, id="ssh", marks=pytest.mark.sshd),
        pytest.param(s3, id="s3"),
    ]
)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    with request.param(tmp_path) as remote:
        yield remote


def sign_in(clone: Path, remote: Remote) -> None:
    for name, value in remote.personal.items():
        run(clone, "dvc", "remote", "modify", "--local", "store", name, value)


def publish(project: Path, remote: Remote) -> None:
    run(project, "dvc", "remote", "add", "--default", "store", remote.url)
    for name, value in remote.shared.items():
        run(project, "dvc", "remote", "modify", "store", name, value)
    sign_in(project, remote)
    run(project, "git", "commit", "--quiet", "--all", "-m", "Where results are stored")
    run(project, "brushprint", "publish")


def test_a_colleague_pulls_the_published_results(project: Path, remote: Remote, tmp_path: Path) -> None:
    publish(project, remote)
    assert run(project, "git", "status", "--porcelain") == "", "what is personal is left to commit"
    colleague = tmp_path / "colleague"
    run(tmp_path, "git", "clone", "--quiet", str(project), str(colleague))
    sign_in(colleague, remote)
    run(colleague, "dvc", "pull")
    assert contents(colleague) == contents(project)
    assert "Nothing to be done" in snakemake(colleague, "-n")
