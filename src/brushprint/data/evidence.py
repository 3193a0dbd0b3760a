"""Provenance evidence: what a picture file itself declares about its origin, and whether the declaration is signed.

Anybody can write or remove such declarations, unless they are signed. They are therefore never part of a probability,
and their absence says nothing.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from PIL import Image

from brushprint.data.content_credentials import Credentials, read_credentials
from brushprint.data.file_metadata import FileMetadata, read_metadata

# What a declaration can say, the strongest first: AI made the picture or parts of it; it was drawn or edited with
# software; a camera or scanner captured it.
DECLARATIONS = ("ai", "edit", "capture", "none")
SIGNATURES = ("none", "broken", "intact", "trusted")

# The values of the IPTC's vocabulary of digital source types, https://cv.iptc.org/newscodes/digitalsourcetype/, and
# those that C2PA adds, by what they declare.
_SOURCE_TYPES = {
    "ai": ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicData"),
    "edit": (
        *("humanEdits", "minorHumanEdits", "algorithmicallyEnhanced", "compositeCapture", "composite"),
        *("compositeSynthetic", "digitalArt", "digitalCreation", "softwareImage", "algorithmicMedia"),
        *("dataDrivenMedia", "screenCapture", "virtualRecording"),
    ),
    "capture": ("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"),
}
_DECLARED = {name: kind for kind, names in _SOURCE_TYPES.items() for name in names}
_SOURCE_TYPE = re.compile(
    r"(?:https?://(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/|digsrctype:)?(\w+)", re.ASCII
)
_WORDS = {"ai": "made by AI", "edit": "drawn or edited with software", "capture": "captured by a camera or scanner"}
# The programs that write their names into files. A name that is on neither list declares nothing: cameras state their
# firmware in the same place.
_GENERATORS = re.compile(
    r"midjourney|dall[-·]?e\b|stable diffusion|stability ai|novelai|comfyui|invokeai|automatic1111|fooocus|swarmui"
    r"|adobe firefly|imagen\b|leonardo\.ai|ideogram|made with google ai|openai",
    re.IGNORECASE,
)
_EDITORS = re.compile(
    r"photoshop|lightroom|illustrator|gimp|affinity|krita|capture one|darktable|rawtherapee|procreate|clip studio"
    r"|paint tool sai|paintshop|corel|pixelmator|paint\.net|snapseed|canva|inkscape|imagemagick|sketchbook|rebelle"
    r"|artrage|medibang|ibis ?paint|luminar|dxo|polarr|picsart|vsco|fresco\b|blender",
    re.IGNORECASE,
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP_SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
_XMP_PROGRAM = "{http://ns.adobe.com/xap/1.0/}CreatorTool"
_XMP_REMOTE = "{http://purl.org/dc/terms/}provenance"
_MIDJOURNEY = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


class Kind(StrEnum):
    """The kinds of facts."""

    CREDENTIALS = "Content Credentials"
    SOURCE_TYPE = "digital source type"
    PARAMETERS = "generator parameters"
    CAMERA = "camera"
    SOFTWARE = "software"


class Line(NamedTuple):
    """One fact of a file.

    `declares` one of `DECLARATIONS`; `signed` is whether a signature covers it, which may be
    broken.
    """

    kind: Kind
    declares: str
    text: str
    signed: bool


class Evidence(NamedTuple):
    """The provenance evidence of a file.

    `declaration` is one of `DECLARATIONS`: the strongest that a line declares. `signature` is one of `SIGNATURES`, see
    `brushprint.data.content_credentials.Credentials`. `verified` is whether the declaration is signed by a trusted
    signer. `summary` says all this in a few words.
    """

    declaration: str
    signature: str
    verified: bool
    summary: str
    lines: tuple[Line, ...]


def examine(content: bytes, trusted: str | None = None) -> Evidence:
    """Read the provenance evidence of a picture file. Nothing is fetched from the network.

    Parameters
    ----------
    content : the file, which need not be a picture
    trusted : certificates in PEM format, see `brushprint.data.content_credentials.read_credentials`
    """
    metadata = read_metadata(content)
    credentials = read_credentials(content, metadata.manifest, trusted) if metadata.manifest else None
    lines = list(_signed(credentials)) if credentials else []
    lines += [*_packets(metadata), *_values(metadata), *_parameters(metadata), *_exif(metadata)]
    declaration = next(kind for kind in DECLARATIONS if kind == "none" or any(line.declares == kind for line in lines))
    signature = credentials.signature if credentials else "none"
    by_signer = any(line.signed and line.declares == declaration for line in lines)
    return Evidence(
        declaration,
        signature,
        by_signer and declaration != "none" and signature == "trusted",
        _one_line(_summary(declaration, by_signer, credentials)),
        tuple(dict.fromkeys(line._replace(text=_one_line(line.text)) for line in lines)),
    )


def _summary(declaration: str, by_signer: bool, credentials: Credentials | None) -> str:
    """The evidence in a few words; `by_signer` is whether the declaration is among those that are signed."""
    declared = {"none": "declares nothing", "ai": "declares AI"}.get(declaration, f"declares {declaration}")
    if credentials is None:
        return declared if declaration == "none" else f"{declared}, unverified"
    signer = credentials.signer or "somebody"
    signed = {
        "broken": "broken signature",
        "intact": f"signed by {signer}, an unknown signer",
        "trusted": f"signed by {signer}",
    }[credentials.signature]
    separator = ", " if by_signer or declaration == "none" else ", unverified; "
    return f"{declared}{separator}{signed}"


def _signed(credentials: Credentials) -> Iterator[Line]:
    kind = Kind.CREDENTIALS
    if credentials.signature == "broken":
        why = f": {credentials.why}" if credentials.why else ""
        yield Line(kind, "none", f"the signature of the Content Credentials is broken{why}", True)
    else:
        known = "" if credentials.signature == "trusted" else ", who is not on the list of trusted signers"
        yield Line(kind, "none", f"Content Credentials, signed by {credentials.signer or 'somebody'}{known}", True)
    for value, program in dict.fromkeys(credentials.source_types):
        if stated := _source_type(value):
            yield Line(kind, *_stated(*stated, program), True)
    for program in credentials.edits:
        yield Line(kind, "edit", f"edited{_with(program)}", True)


def _source_type(value: str) -> tuple[str, str] | None:
    """What a digital source type declares, and its name; None if it is not one of the vocabulary."""
    match = _SOURCE_TYPE.fullmatch(value.strip().rstrip("/"))
    return (_DECLARED[match[1]], match[1]) if match and match[1] in _DECLARED else None


def _stated(declares: str, name: str, program: str) -> tuple[str, str]:
    return declares, f"{_WORDS[declares]}{_with(program)} (digital source type {name})"


def _with(program: str) -> str:
    return f" with {program}" if program else ""


def _packets(metadata: FileMetadata) -> Iterator[Line]:
    for packet in metadata.xmp:
        properties = list(_properties(packet))
        for name, value in properties:
            if name == _XMP_SOURCE_TYPE and (stated := _source_type(value)):
                yield Line(Kind.SOURCE_TYPE, *_stated(*stated, ""), False)
            elif name == _XMP_PROGRAM:
                yield from _program(value, "XMP")
            elif name == _XMP_REMOTE and value.startswith(("http:", "https:")):
                yield Line(
                    Kind.CREDENTIALS, "none", f"refers to Content Credentials elsewhere, not fetched: {value}", False
                )


def _properties(packet: bytes) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the properties of the picture itself in an XMP packet; broken ones give none."""
    try:
        root = defusedxml.ElementTree.fromstring(packet.strip(b"\0 \t\r\n\xef\xbb\xbf"))
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return
    for rdf in root.iter(f"{_RDF}RDF"):
        for description in rdf.findall(f"{_RDF}Description"):
            yield from description.items()
            for child in description:
                yield child.tag, _value(child)


def _value(property_: Element) -> str:
    return (property_.get(f"{_RDF}resource") or property_.text or "").strip()


def _values(metadata: FileMetadata) -> Iterator[Line]:
    """Yield what the values of IPTC records declare."""
    for value in metadata.iptc:
        # In IPTC records, a word alone is a keyword of the picture, not a value of the vocabulary.
        if ("/" in value or ":" in value) and (stated := _source_type(value)):
            yield Line(Kind.SOURCE_TYPE, *_stated(*stated, ""), False)
        elif value.casefold() == "made with google ai":
            yield Line(Kind.SOFTWARE, "ai", f"IPTC credit: {value}", False)


def _parameters(metadata: FileMetadata) -> Iterator[Line]:
    """Yield the generator whose parameters the texts hold."""
    texts = metadata.texts
    if not texts:
        return
    if name := _generator(texts):
        yield Line(Kind.PARAMETERS, "ai", f"parameters of {name}", False)
    if program := texts.get("Software"):
        yield from _program(program, "PNG text")


def _generator(texts: dict[str, str]) -> str | None:
    """The name of the program whose parameters the texts hold."""
    if "sui_image_params" in texts:
        return "SwarmUI"
    if _MIDJOURNEY.search(texts.get("Description", "")):
        return "Midjourney"
    # Importing the library takes a while, and few files have such texts.
    from sd_parsers import Eagerness, ParserManager  # noqa: PLC0415

    picture = Image.new("L", (1, 1))
    # The parsers take the texts from an opened PNG file. A file that was made by a program may lack the workflow.
    picture.format = "PNG"
    picture.info.update({"workflow": '{"links": []}', **texts})
    try:
        parsed = ParserManager(eagerness=Eagerness.FAST).parse(picture)
    except Exception:  # the parsers raise many kinds of exceptions for texts of other programs
        return None
    return parsed.generator.value if parsed and parsed.samplers else None


def _exif(metadata: FileMetadata) -> Iterator[Line]:
    exif = metadata.exif
    maker, model = (_text(exif.get(name)) for name in ("Make", "Model"))
    if maker or model:
        name = model if model.startswith(maker) else f"{maker} {model}".strip()
        yield Line(Kind.CAMERA, "capture", f"EXIF: {name}", False)
    if program := _text(exif.get("Software")):
        yield from _program(program, "EXIF")


def _program(name: str, place: str) -> Iterator[Line]:
    declares = "ai" if _GENERATORS.search(name) else "edit" if _EDITORS.search(name) else "none"
    yield Line(Kind.SOFTWARE, declares, f"{place}: {name}", False)


def _text(value: Any) -> str:
    """A value of an EXIF block, if it is text."""
    return value.strip(" \0") if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    """A text from a file in one line of printable characters, and not too long."""
    return "".join(character if character.isprintable() else " " for character in text)[:300]
