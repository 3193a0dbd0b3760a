"""External inputs of a run are identified by their content."""

import hashlib
import os
from pathlib import Path

import pytest

from brushprint.core.errors import UserError
from brushprint.settings.schema import WeightsFile
from brushprint.workflow.plan import Plan, Weights
from brushprint.workflow.sources import check_weights, collection_digest, elsewhere, pictures_of
from tests.unit.workflow.test_plan import plan_of

DIGEST = hashlib.sha256(b"zip").hexdigest()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.zip").write_bytes(b"zip")
    return tmp_path


def plan(source: str = "own.zip", sha256: str | None = None) -> Plan:
    return plan_of(f"collection: {{source: {source}, sha256: {sha256 or 'null'}}}")


def test_a_local_collection_is_identified_by_its_content() -> None:
    assert collection_digest(plan()) == DIGEST
    assert collection_digest(plan(sha256=DIGEST)) == DIGEST


def test_the_stated_digest_is_used_for_a_missing_collection() -> None:
    assert collection_digest(plan("elsewhere.zip", "ab" * 32)) == "ab" * 32


def test_a_collection_whose_digest_is_not_the_stated_one_is_refused() -> None:
    with pytest.raises(UserError, match=f"collection.source: own.zip has the SHA-256 {DIGEST}, but collection.sha256"):
        collection_digest(plan(sha256="ab" * 32))


def test_a_missing_collection_is_refused_with_a_remedy(here: Path) -> None:
    with pytest.raises(UserError, match=r"collection.source: no.zip does not exist; give a folder, a zip or a tar"):
        collection_digest(plan("no.zip"))
    (here / "no.zip.dvc").touch()
    with pytest.raises(UserError, match=r"no.zip does not exist yet; fetch it with `dvc pull no.zip.dvc`"):
        collection_digest(plan("no.zip"))


def test_a_source_that_cannot_be_a_collection_is_refused_in_one_line(here: Path) -> None:
    os.mkfifo(here / "pipe")
    for source, reason in (("pipe", "pipe is neither a file nor a folder"), ("x" * 300, "File name too long")):
        with pytest.raises(UserError, match=f"^collection.source: .*{reason}$"):
            collection_digest(plan(source))


EXTERNAL = "external: {title: More, source: %s, labels: [{folder: ai, origin: ai, source: ai}]}"


def test_pictures_from_elsewhere_have_the_params_of_their_catalogue() -> None:
    assert elsewhere(plan()) == {}
    sets = elsewhere(plan_of(EXTERNAL % "own.zip", "robustness: {picked: own.zip}"))
    assert {name: params["digest"] for name, params in sets.items()} == {"external": DIGEST, "picked": DIGEST}
    assert sets["external"]["labels"][0]["folder"] == "ai"
    assert sets["external"]["setting"] == "external.source"
    assert (sets["picked"]["labels"], sets["picked"]["max_rejected"]) == (None, 1)


def test_missing_pictures_from_elsewhere_are_reported_with_their_setting() -> None:
    with pytest.raises(UserError, match=r"external.source: no.zip does not exist"):
        elsewhere(plan_of(EXTERNAL % "no.zip"))


def test_the_name_of_a_drawn_or_fetched_archive_depends_on_what_decides_its_content() -> None:
    drawn = pictures_of(plan_of(), ["code@1"])
    assert not drawn.local
    assert drawn.params == {"root": drawn.root, "digest": None}
    assert (
        len({drawn.root, pictures_of(plan_of(), ["code@2"]).root, pictures_of(plan_of("seed: 1"), ["code@1"]).root})
        == 3
    )
    fetched = [pictures_of(plan("https://example.org/a.zip"), [code]).root for code in ("code@1", "code@2")]
    assert fetched[0] == fetched[1]


def test_a_local_collection_stays_where_it_is() -> None:
    pictures = pictures_of(plan(), [])
    assert pictures.local
    assert (pictures.root, pictures.digest) == ("own.zip", DIGEST)
    assert pictures.about == {"pictures": "own.zip", "digest": DIGEST}


def test_a_file_of_weights_whose_digest_is_not_the_stated_one_is_refused(here: Path) -> None:
    def of(path: str, sha256: str) -> Weights:
        return Weights("torchvision/resnet18", WeightsFile(path=path, sha256=sha256))

    check_weights([of("own.zip", DIGEST), of("missing.pth", "ab" * 32), Weights("conv3", None)])
    with pytest.raises(UserError, match=r"pretrained.files.torchvision/resnet18: own.zip has the SHA-256"):
        check_weights([of("own.zip", "ab" * 32)])
