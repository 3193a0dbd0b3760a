"""Content Credentials: the signed C2PA manifests of picture files, and what they declare."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# Actions that leave what a picture shows as it is (C2PA 2.1, section 18.15.4.1); all others edit it.
_NO_EDITS = {
    *("c2pa.created", "c2pa.opened", "c2pa.published", "c2pa.repackaged", "c2pa.resized", "c2pa.transcoded"),
    *("c2pa.converted", "c2pa.metadata", "c2pa.watermarked"),
}
_SIGNATURES = {"Invalid": "broken", "Valid": "intact", "Trusted": "trusted"}
# The failure of every signature whose signer is on no list.
_UNTRUSTED = "signingCredential.untrusted"


class Credentials(NamedTuple):
    """The Content Credentials of a file.

    `signature` is `broken` if the file or its manifest have changed since they were signed or cannot be read, `intact`
    if not, and `trusted` if the signer is on the list as well. `signer` is the organisation in the certificate, and
    `why` the reason why a signature is broken; either may be empty. `source_types` are digital source types, see
    `brushprint.data.evidence`, each with the program that states it, and `edits` the programs that edited the picture.
    """

    signature: str
    signer: str
    why: str
    source_types: list[tuple[str, str]]
    edits: list[str]


def read_credentials(content: bytes, mime: str, trusted: str | None) -> Credentials:
    """Read and check the C2PA manifest store of a file. Nothing is fetched from the network.

    Parameters
    ----------
    content : a file that contains a manifest store
    mime : its MIME type
    trusted : certificates in PEM format of those whose signatures, or whose customers' signatures, are trusted
    """
    # The library takes a tenth of a second to load, and few files have a manifest.
    import c2pa  # noqa: PLC0415

    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True}}
    if trusted:
        settings["trust"] = {"trust_anchors": trusted}
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(settings))
        with c2pa.Reader(mime, io.BytesIO(content), context=context) as reader:
            store, state = json.loads(reader.json()), reader.get_validation_state()
    except c2pa.C2paError as error:
        return Credentials("broken", "", f"they cannot be read ({error})", [], [])
    manifests = list(_manifests(store))
    signature = manifests[0].get("signature_info") or {} if manifests else {}
    return Credentials(
        _SIGNATURES.get(str(state), "broken"),
        str(signature.get("issuer") or signature.get("common_name") or ""),
        _failure(store) if state == "Invalid" else "",
        [stated for manifest in manifests for stated in _source_types(manifest)],
        list(dict.fromkeys(edit for manifest in manifests for edit in _edits(manifest))),
    )


def _manifests(store: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the active manifest, and those of the pictures that it was made from."""
    names, known = [store.get("active_manifest")], set()
    while names:
        name = names.pop(0)
        manifest = store.get("manifests", {}).get(name)
        if manifest is None or name in known:
            continue
        known.add(name)
        yield manifest
        names += [ingredient.get("active_manifest") for ingredient in manifest.get("ingredients", [])]


def _failure(store: Mapping[str, Any]) -> str:
    """Why a signature is broken: the first failure besides an unknown signer."""
    results = store.get("validation_results", {})
    parts = [results.get("activeManifest", {})]
    parts += [part.get("validationDeltas", {}) for part in results.get("ingredientDeltas", [])]
    failures = [failure for part in parts for failure in part.get("failure", [])]
    codes = [failure["code"] for failure in failures if failure["code"] != _UNTRUSTED]
    if any(code.startswith("assertion.") and code.endswith("ash.mismatch") for code in codes):
        return "the file has changed since it was signed"
    return str(codes[0]) if codes else ""


def _assertions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for assertion in manifest.get("assertions", []):
        data = assertion.get("data")
        if isinstance(data, dict):
            yield assertion.get("label", ""), data


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for label, data in _assertions(manifest):
        if label.startswith("c2pa.actions"):
            yield from data.get("actions", [])


def _source_types(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for action in _actions(manifest):
        if kind := action.get("digitalSourceType"):
            yield str(kind), _program(action, manifest)
    for _, data in _assertions(manifest):
        if kind := data.get("Iptc4xmpExt:DigitalSourceType") or data.get("digitalSourceType"):
            yield str(kind), _program({}, manifest)


def _edits(manifest: Mapping[str, Any]) -> Iterator[str]:
    for action in _actions(manifest):
        if action.get("action", "") not in _NO_EDITS:
            yield _program(action, manifest)


def _program(action: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """The name of the program of an action; else that of the program that wrote the manifest."""
    agent = action.get("softwareAgent")
    if isinstance(agent, dict):
        agent = agent.get("name")
    generators = manifest.get("claim_generator_info") or [{}]
    return str(agent or generators[0].get("name") or manifest.get("claim_generator") or "")
