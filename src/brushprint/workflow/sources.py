"""The external inputs of a run, pictures and the user's own weights, which are identified by their content."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brushprint.core.digest import cached_sha256, key, sha256
from brushprint.core.errors import UserError
from brushprint.data.archive import content_digest
from brushprint.workflow.plan import Plan, Weights


@dataclass(frozen=True)
class Pictures:
    """The path of a collection's pictures, and the digest that identifies their content.

    For a drawn or fetched archive, a file beside it holds the digest; the rules take that file as an input, and
    `digest` is None. For a local collection, the rules take `digest` as a param.
    """

    root: str
    digest: str | None
    # The name of the collection's source that provenance shows, without the folders of this machine.
    name: str
    # The params of the table of labels: `labels_file`, its path, and `labels_digest`; both are None without a table.
    labels: dict[str, str | None]

    @property
    def local(self) -> bool:
        """Whether the collection is the user's own folder or archive, which stays where it is."""
        return self.digest is not None

    @property
    def params(self) -> dict[str, Any]:
        """The params of rules that open the collection."""
        return {"root": self.root, "digest": self.digest}

    @property
    def about(self) -> dict[str, Any]:
        """Where the pictures came from, for the settings in provenance."""
        labels = {name: digest for name, digest in self.labels.items() if name == "labels_digest" and digest}
        return {"pictures": self.name, "digest": self.digest} | labels


def pictures_of(plan: Plan, drawing_code: Iterable[str]) -> Pictures:
    """The pictures of the collection.

    The folder data/ is not versioned, so the name of a drawn or fetched archive contains a digest of everything that
    decides its content. If results of other settings are checked out, they therefore find their own archive or none.
    `drawing_code` is the code that the drawn sample depends on; see `brushprint.workflow.provenance.code`.
    """
    collection, labels = plan.config.collection, _labels_file(plan)
    if collection.kind == "local":
        root = Path(collection.source).expanduser()
        return Pictures(str(root), collection_digest(plan), root.name, labels)
    if collection.kind == "sample":
        decisive = [*drawing_code, collection.sample.model_dump(), plan.config.seed]
    else:
        decisive = [collection.source, collection.sha256]
    return Pictures(f"data/{collection.name}-{key(decisive)[:8]}.archive", None, collection.source, labels)


def collection_digest(plan: Plan) -> str:
    """The digest of a local collection. Snakemake would compare modification times, which a clone or a copy changes.

    If the collection is missing but `collection.sha256` states its digest, the stated digest is returned. Raises
    `UserError` if the collection is missing without a stated digest, or if its digest is not the stated one.
    """
    path, stated = Path(plan.config.collection.source).expanduser(), plan.config.collection.sha256
    if _exists(path, "collection.source"):
        digest = content_digest(path, Path(f"{plan.scratch}/digests/pictures.json"))
        if stated in (None, digest):
            return digest
        reason = f"{path} has the SHA-256 {digest}, but collection.sha256 is {stated}; one of them is wrong"
    elif stated:
        return stated
    elif Path(f"{path}.dvc").exists():
        reason = f"{path} does not exist yet; fetch it with `dvc pull {path}.dvc`"
    else:
        reason = f"{path} does not exist; give a folder, a zip or a tar"
    raise UserError(f"collection.source: {reason}")


def _labels_file(plan: Plan) -> dict[str, str | None]:
    stated = plan.config.collection.labels_file
    if not stated:
        return {"labels_file": None, "labels_digest": None}
    path = Path(stated).expanduser()
    return {"labels_file": str(path), "labels_digest": sha256(path)}


def elsewhere(plan: Plan) -> dict[str, dict[str, Any]]:
    """The sets of pictures from elsewhere by name, `external` and `picked`, with the params of their catalogues.

    Raises `UserError` if the folder or archive of a set does not exist.
    """
    external, picked = plan.config.external, plan.config.robustness.picked
    sets: dict[str, dict[str, Any]] = {}
    if external:
        labels = [rule.model_dump(exclude={"released"}) for rule in external.labels]
        how = {"labels": labels, "max_rejected": plan.config.collection.max_rejected}
        sets["external"] = _pictures_from(plan, external.source, "external.source") | how
    if picked:
        sets["picked"] = _pictures_from(plan, picked, "robustness.picked") | {"labels": None, "max_rejected": 1}
    return sets


def _pictures_from(plan: Plan, source: str, setting: str) -> dict[str, Any]:
    path = Path(source).expanduser()
    if not _exists(path, setting):
        raise UserError(f"{setting}: {path} does not exist; give a folder, a zip or a tar")
    digest = content_digest(path, Path(f"{plan.scratch}/digests/{setting}.json"))
    return {"root": str(path), "digest": digest, "harmonise": plan.harmonise, "setting": setting}


def _exists(path: Path, setting: str) -> bool:
    """Whether there is a file or folder. Raises `UserError` if that cannot be known, or if it is neither."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # Reading a pipe may never end.
            raise UserError(f"{setting}: {path} is neither a file nor a folder")
        return path.exists()
    except OSError as error:
        raise UserError(f"{setting}: {path}: {error.strerror}") from None


def name_of(*decisive: Any) -> str:
    """A short name for a file whose content the plain values `decisive` decide."""
    return key(decisive)[:8]


def check_weights(sets: Iterable[Weights]) -> None:
    """Raise `UserError` if the SHA-256 of a weights file is not the stated one. Missing files may not be needed."""
    stated = {Path(of.file.path).expanduser(): of for of in sets if of.file}
    digests = cached_sha256(filter(Path.exists, stated), Path("data/weights/digests.json"))
    for path, digest in digests.items():
        weights = stated[path]
        if weights.file and digest != weights.file.sha256:
            raise UserError(
                f"pretrained.files.{weights.architecture}: {path} has the SHA-256 {digest}, not {weights.file.sha256}; "
                "one of them is wrong"
            )
