"""Packages of npm without Node: as a lock file pins them, from a registry, and single files out of them."""

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
    """A package of npm, as a lock file pins it."""

    name: str
    version: str
    integrity: str


def locked(lock: str | Path, name: str) -> Package:
    """The package of this name in a `package-lock.json`."""
    found = json.loads(Path(lock).read_text(encoding="utf-8"))["packages"][f"node_modules/{name}"]
    return Package(name, found["version"], found["integrity"])


def vendor(package: Package, target: str | Path) -> None:
    """Download the archive of a package to `target`, from the registry that `npm_config_registry` names, else npm's.

    Raises `UserError` as `brushprint.data.download.download` does, and when the archive is not the one that was pinned.
    """
    registry = os.environ.get("npm_config_registry", REGISTRY).rstrip("/")  # noqa: SIM112, npm spells it so
    url = f"{registry}/{package.name}/-/{package.name.rpartition('/')[2]}-{package.version}.tgz"
    by_hand = f"set npm_config_registry to a registry that has it, or put it at {target}"
    with replacing(target) as part:
        download(url, part, by_hand=by_hand)
        algorithm, _, stated = package.integrity.partition("-")
        found = base64.b64encode(hashlib.new(algorithm, part.read_bytes()).digest()).decode()
        if found != stated:
            raise UserError(
                f"{url} has the {algorithm} {found}, not {stated} of demo/package-lock.json: run again, "
                "or set npm_config_registry to a registry that can be trusted"
            )


def unpack(archive: str | Path, targets: Sequence[str | Path]) -> None:
    """Take the files of these names out of the folder `dist` of a package."""
    with tarfile.open(archive) as package:
        for target in map(Path, targets):
            with replacing(target) as part:
                part.write_bytes(package.extractfile(f"package/dist/{target.name}").read())
