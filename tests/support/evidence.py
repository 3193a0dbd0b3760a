"""Picture files with provenance evidence of every kind, and files that only seem to have some."""

import io
import json
import struct
import zlib
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import c2pa
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from PIL import ExifTags, Image, PngImagePlugin

from tests.support import png

# Files refer to an address of this machine at this port, where usually nothing answers.
PORT = 9
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI = f"{VOCABULARY}trainedAlgorithmicMedia"
PARAMETERS = (
    "a castle in the fog\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model hash: abc, Model: dream"
)
COMFYUI = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a castle", "clip": ["1", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 1, "steps": 20, "cfg": 7, "sampler_name": "euler", "model": ["1", 0], "positive": ["2", 0]},
    },
}
RESIZED = {"1": {"class_type": "ImageScale", "inputs": {"width": 64, "height": 64}}}
NOVELAI = {
    "Title": "AI generated image",
    "Description": "a castle",
    "Software": "NovelAI",
    "Source": "Stable Diffusion 1D44365E",
    "Comment": json.dumps({"steps": 28, "sampler": "k_euler", "seed": 1, "strength": 0.7, "scale": 11, "uc": "blurry"}),
}
FOOOCUS = {
    **{"base_model": "dream", "base_model_hash": "abc", "prompt": "a castle", "negative_prompt": "blurry"},
    **{"guidance_scale": 4, "sampler": "dpmpp_2m", "scheduler": "karras", "seed": 1, "sharpness": 2, "steps": 30},
}
INVOKEAI = {
    **{"app_version": "3.4.0", "generation_mode": "txt2img", "positive_prompt": "a castle", "negative_prompt": ""},
    **{"width": 64, "height": 64, "seed": 1, "cfg_scale": 7, "steps": 20, "scheduler": "euler"},
    "model": {"model_name": "dream", "base_model": "sd-1"},
}
MIDJOURNEY = "a castle --v 6 Job ID: 12345678-1234-1234-1234-123456789abc"


class Case(NamedTuple):
    """A file, and the declaration and the signature that it has.

    The list of trusted signers holds `authority()`; `says` is part of a line.
    """

    content: bytes
    declaration: str = "none"
    signature: str = "none"
    says: str = ""


def saved(kind: str, **options: Any) -> bytes:
    """A small picture as a file of this format."""
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def xmp(properties: str = "", inside: str = "") -> bytes:
    """An XMP packet with the attributes and the inside of its description."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        f'{properties}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>{" " * 100}<?xpacket end="w"?>'
    ).encode()


def typed(value: str = AI) -> bytes:
    """An XMP packet with a digital source type."""
    return xmp(f'Iptc4xmpExt:DigitalSourceType="{value}"')


def exif(tags: dict[int, Any], *, comment: bytes = b"") -> bytes:
    """An EXIF block."""
    block = Image.Exif()
    for tag, value in tags.items():
        block[tag] = value
    inner = block.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExposureTime] = 0.01
    if comment:
        inner[ExifTags.Base.UserComment] = comment
    return block.tobytes()


def texts(values: dict[str, str], **options: Any) -> bytes:
    """A PNG file with texts."""
    info = PngImagePlugin.PngInfo()
    for name, value in values.items():
        info.add_text(name, value, **options)
    return saved("PNG", pnginfo=info)


def with_chunk(name: bytes, data: bytes, *, after_the_end: bool = False) -> bytes:
    """A PNG file with one chunk more, which may lie after the end of the picture."""
    content = saved("PNG")
    end = content.index(b"IEND") - 4
    chunk = png.chunk(name, data)
    return content + chunk if after_the_end else content[:end] + chunk + content[end:]


def international(name: str, text: bytes) -> bytes:
    """The data of an `iTXt` chunk."""
    return name.encode() + b"\0\0\0\0\0" + text


def segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG file."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def with_segments(*segments: bytes, content: bytes | None = None) -> bytes:
    """A JPEG file with more segments."""
    content = content or saved("JPEG")
    return content[:2] + b"".join(segments) + content[2:]


def iptc(value: str, number: int = 110) -> bytes:
    """A segment of a JPEG file with an IPTC record: the credit, or the value with another number."""
    data = value.encode()
    record = bytes([0x1C, 2, number]) + struct.pack(">H", len(data)) + data
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return segment(0xED, b"Photoshop 3.0\0" + resource)


def extended_xmp(packet: bytes) -> list[bytes]:
    """Segments of a JPEG file that hold a packet in two parts, the second part first."""
    name, middle = b"0123456789ABCDEF0123456789ABCDEF", len(packet) // 2
    head = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">I", len(packet))
    first, second = packet[:middle], packet[middle:]
    return [segment(0xE1, head + struct.pack(">I", place) + part) for place, part in ((middle, second), (0, first))]


def raw_profile(kind: str, block: bytes) -> bytes:
    """The data of a `zTXt` chunk as ImageMagick writes it."""
    return (
        f"Raw profile type {kind}".encode()
        + b"\0\0"
        + zlib.compress(f"\n{kind}\n{len(block):8}\n{block.hex()}\n".encode())
    )


class Signing(NamedTuple):
    """A certificate with its chain in PEM format, and its private key."""

    chain: bytes
    key: bytes


@cache
def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate("Test Authority", key, None, key), key


def authority() -> str:
    """The certificate of the authority, in PEM format."""
    return _pem(_authority()[0]).decode()


@cache
def signing(*, own: bool = False) -> Signing:
    """The means to sign a file: with a certificate of the authority, or of an authority of one's `own`."""
    issuer, issuer_key = _authority()
    if own:
        issuer_key = ec.generate_private_key(ec.SECP256R1())
        issuer = _certificate("Own Authority", issuer_key, None, issuer_key)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _certificate("Example Studio", key, issuer, issuer_key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signing(_pem(leaf) + _pem(issuer), private)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A certificate; one of an authority without an `issuer`."""
    subject = x509.Name([x509.NameAttribute(kind, name) for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)])
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usage = dict.fromkeys([*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
    usage |= {"digital_signature": True} if issuer else {"key_cert_sign": True, "crl_sign": True}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2120, 1, 1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    if issuer:
        ocsp = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"http://127.0.0.1:{PORT}/ocsp")
        )
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        ).add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def created(source_type: str = AI, program: str = "Example Generator") -> list[dict[str, Any]]:
    """The action that creates a picture."""
    return [{"action": "c2pa.created", "digitalSourceType": source_type, "softwareAgent": {"name": program}}]


@cache
def _signer(means: Signing) -> c2pa.Signer:
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", means.chain, means.key, None))


def signed(
    content: bytes,
    actions: list[dict[str, Any]],
    *,
    mime: str = "image/jpeg",
    means: Signing | None = None,
    parent: bytes | None = None,
    padding: int = 0,
    remote: str | None = None,
) -> bytes:
    """A file with Content Credentials.

    `parent` is the signed file that it was made from, `padding` a number of useless characters in the manifest; if the
    manifest is at the address `remote`, it is not in the file.
    """
    manifest = {
        "claim_generator_info": [{"name": "Example Program", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
    }
    if padding:
        manifest["assertions"].append({"label": "org.example.padding", "data": {"text": "x" * padding}})
    without_thumbnail = c2pa.Context(c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}}))
    builder = c2pa.Builder(json.dumps(manifest), context=without_thumbnail)
    if parent is not None:
        builder.add_ingredient(json.dumps({"label": "parent", "relationship": "parentOf"}), mime, io.BytesIO(parent))
    if remote:
        builder.set_no_embed()
        builder.set_remote_url(remote)
    target = io.BytesIO()
    builder.sign(_signer(means or signing()), mime, io.BytesIO(content), target)
    return target.getvalue()


def altered(content: bytes, old: bytes, new: bytes) -> bytes:
    """A file with other bytes of the same number in one place."""
    assert len(old) == len(new)
    assert old in content
    return content.replace(old, new, 1)


@cache
def cases() -> dict[str, Case]:
    """Files by name."""
    return {**_without(), **_unsigned(), **_of_cameras_and_editors(), **_with_credentials()}


def _without() -> dict[str, Case]:
    """Files that declare nothing, although some contain the words of declarations."""
    made_by_ai = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + typed())
    manifest = _segments_of_manifest(signed(saved("JPEG"), created()))
    pixels = np.frombuffer((typed() * 20)[: 64 * 48 * 3], np.uint8).reshape(48, 64, 3)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG", compress_level=0)
    within = f"<!-- {typed().decode()} -->".replace("--?>", "?>")
    part_of = (
        '<xmpMM:Ingredients><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:DigitalSourceType>'
        f"{AI}</Iptc4xmpExt:DigitalSourceType></rdf:li></rdf:Bag></xmpMM:Ingredients>"
    )
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    webp = saved("WEBP")
    return {
        "plain.jpg": Case(saved("JPEG")),
        "plain.png": Case(saved("PNG")),
        "plain.webp": Case(webp),
        "plain.tif": Case(saved("TIFF")),
        "plain.avif": Case(saved("AVIF")),
        "plain.gif": Case(saved("GIF")),
        "empty.jpg": Case(b""),
        "words.txt": Case(typed()),
        "thirteen-bytes-appended.jpg": Case(saved("JPEG") + b"jumbjumdc2pa\0"),
        "manifest-in-trailer.jpg": Case(saved("JPEG") + manifest),
        "xmp-in-trailer.jpg": Case(saved("JPEG") + made_by_ai),
        "xmp-in-comment.jpg": Case(saved("JPEG", comment=typed())),
        "parameters-in-comment.jpg": Case(saved("JPEG", comment=PARAMETERS.encode())),
        "xmp-of-another-name.jpg": Case(with_segments(segment(0xE1, b"http://example.org/\0" + typed()))),
        "other-jumbf.jpg": Case(
            with_segments(segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x28jumb\0\0\0\x20jumd" + bytes(24)))
        ),
        "xmp-after-end.png": Case(with_chunk(b"iTXt", international("XML:com.adobe.xmp", typed()), after_the_end=True)),
        "parameters-after-end.png": Case(
            with_chunk(b"tEXt", b"parameters\0" + PARAMETERS.encode(), after_the_end=True)
        ),
        "manifest-after-end.png": Case(saved("PNG") + png.chunk(b"caBX", manifest[12:])),
        "wrong-checksum.png": Case(
            altered(texts({"parameters": PARAMETERS}), b"parameters\0a castle", b"parameters\0A castle")
        ),
        "comment.png": Case(texts({"Comment": AI, "Title": typed().decode("latin-1")})),
        "stored-pixels.png": Case(stored.getvalue()),
        "after-riff.webp": Case(webp + b"XMP " + struct.pack("<I", len(typed())) + typed()),
        "xml-comment.jpg": Case(saved("JPEG", xmp=xmp(inside=within))),
        "xmp-of-ingredient.jpg": Case(saved("JPEG", xmp=xmp(inside=part_of))),
        "unknown-type.jpg": Case(saved("JPEG", xmp=typed(f"{VOCABULARY}somethingElse"))),
        "other-vocabulary.jpg": Case(saved("JPEG", xmp=typed("http://example.org/trainedAlgorithmicMedia"))),
        "broken-xmp.jpg": Case(saved("JPEG", xmp=typed()[:-200])),
        "xml-bomb.jpg": Case(saved("JPEG", xmp=bomb)),
        "keyword.jpg": Case(with_segments(iptc("trainedAlgorithmicMedia", number=25))),
        "text-in-place-of-parameters.png": Case(texts({"parameters": "a castle", "prompt": "write a poem"})),
        "comfyui-resize-only.png": Case(texts({"prompt": json.dumps(RESIZED), "workflow": '{"links": []}'})),
        "broken-json.png": Case(texts({"prompt": "{", "workflow": "[" * 10_000, "Comment": "{}"})),
        "broken-exif.jpg": Case(with_segments(segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"))),
        "unknown-program.jpg": Case(saved("JPEG", exif=exif({ExifTags.Base.Software: "Ver. 1.00"}))),
    }


def _segments_of_manifest(content: bytes) -> bytes:
    start = position = content.index(b"\xff\xeb")
    while content[position : position + 2] == b"\xff\xeb":
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return content[start:position]


def _unsigned() -> dict[str, Case]:
    """Files that declare AI without a signature."""
    by_type = "made by AI (digital source type trainedAlgorithmicMedia)"
    utf16 = {name: b"UNICODE\0" + PARAMETERS.encode(name) for name in ("utf-16-be", "utf-16-le")}
    element = f"<Iptc4xmpExt:DigitalSourceType>{AI}</Iptc4xmpExt:DigitalSourceType>"
    resource = f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{AI}"/>'
    comfyui = {"prompt": json.dumps(COMFYUI), "workflow": '{"links": []}'}
    in_exif = exif(
        {ExifTags.Base.Make: f"Workflow:{comfyui['workflow']}", ExifTags.Base.Model: f"Prompt:{comfyui['prompt']}"}
    )
    tagged_as_tiff = {"tiffinfo": {700: typed()}}
    files = {
        "xmp.jpg": (saved("JPEG", xmp=typed()), by_type),
        "xmp.png": (with_chunk(b"iTXt", international("XML:com.adobe.xmp", typed())), by_type),
        "xmp.webp": (saved("WEBP", xmp=typed()), by_type),
        "xmp.tif": (saved("TIFF", **tagged_as_tiff), by_type),
        "xmp.avif": (saved("AVIF", xmp=typed()), by_type),
        "xmp-element.jpg": (saved("JPEG", xmp=xmp(inside=element)), by_type),
        "xmp-resource.jpg": (saved("JPEG", xmp=xmp(inside=resource)), by_type),
        "xmp-https.jpg": (saved("JPEG", xmp=typed(AI.replace("http:", "https:"))), by_type),
        "xmp-extended.jpg": (with_segments(*extended_xmp(typed())), by_type),
        "xmp-parts-by-ai.jpg": (
            saved("JPEG", xmp=typed(f"{VOCABULARY}compositeWithTrainedAlgorithmicMedia")),
            "compositeWithTrainedAlgorithmicMedia",
        ),
        "xmp-fill-bytes.jpg": (
            with_segments(b"\xff\xff\xff", segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + typed())),
            by_type,
        ),
        "imagemagick.png": (with_chunk(b"zTXt", raw_profile("xmp", typed())), by_type),
        "iptc.jpg": (with_segments(iptc(AI, number=40)), by_type),
        "iptc-google.jpg": (with_segments(iptc("Made with Google AI")), "Made with Google AI"),
        "automatic1111.png": (texts({"parameters": PARAMETERS}), "AUTOMATIC1111"),
        "automatic1111-compressed.png": (texts({"parameters": PARAMETERS}, zip=True), "AUTOMATIC1111"),
        "automatic1111-unicode.png": (texts({"parameters": f"\u6d77 {PARAMETERS}"}), "AUTOMATIC1111"),
        "automatic1111-be.jpg": (saved("JPEG", exif=exif({}, comment=utf16["utf-16-be"])), "AUTOMATIC1111"),
        "automatic1111-le.jpg": (saved("JPEG", exif=exif({}, comment=utf16["utf-16-le"])), "AUTOMATIC1111"),
        "automatic1111.webp": (saved("WEBP", exif=exif({}, comment=utf16["utf-16-be"])), "AUTOMATIC1111"),
        "automatic1111-ascii.jpg": (
            saved("JPEG", exif=exif({}, comment=b"ASCII\0\0\0" + PARAMETERS.encode())),
            "AUTOMATIC1111",
        ),
        "comfyui.png": (texts(comfyui), "ComfyUI"),
        "comfyui-without-workflow.png": (texts({"prompt": comfyui["prompt"]}), "ComfyUI"),
        "comfyui.webp": (saved("WEBP", exif=in_exif), "ComfyUI"),
        "novelai.png": (texts(NOVELAI), "NovelAI"),
        "novelai.webp": (
            saved("WEBP", exif=exif({}, comment=b"ASCII\0\0\0" + json.dumps(NOVELAI).encode())),
            "NovelAI",
        ),
        "fooocus.png": (texts({"parameters": json.dumps(FOOOCUS)}), "Fooocus"),
        "invokeai.png": (texts({"invokeai_metadata": json.dumps(INVOKEAI)}), "InvokeAI"),
        "swarmui.png": (texts({"parameters": json.dumps({"sui_image_params": {"prompt": "a castle"}})}), "SwarmUI"),
        "midjourney.png": (texts({"Description": MIDJOURNEY}), "Midjourney"),
        "software.jpg": (saved("JPEG", exif=exif({ExifTags.Base.Software: "Midjourney 6"})), "Midjourney"),
        "creator-tool.jpg": (saved("JPEG", xmp=xmp('xmp:CreatorTool="Adobe Firefly"')), "Adobe Firefly"),
    }
    return {name: Case(content, "ai", says=says) for name, (content, says) in files.items()}


def _of_cameras_and_editors() -> dict[str, Case]:
    camera = {ExifTags.Base.Make: "Canon", ExifTags.Base.Model: "Canon EOS R5"}
    scanner = {ExifTags.Base.Make: "EPSON", ExifTags.Base.Model: "Perfection V850"}
    return {
        "camera.jpg": Case(saved("JPEG", exif=exif(camera)), "capture", says="EXIF: Canon EOS R5"),
        "camera.tif": Case(saved("TIFF", exif=exif(camera)), "capture", says="Canon EOS R5"),
        "camera.webp": Case(saved("WEBP", exif=exif(camera)), "capture", says="Canon EOS R5"),
        "phone.jpg": Case(
            saved("JPEG", exif=exif({ExifTags.Base.Make: "Apple", ExifTags.Base.Model: "iPhone 15", 0x0131: "17.1"})),
            "capture",
            says="Apple iPhone 15",
        ),
        "captured.jpg": Case(saved("JPEG", xmp=typed(f"{VOCABULARY}digitalCapture")), "capture", says="digitalCapture"),
        "scan.jpg": Case(saved("JPEG", exif=exif(scanner)), "capture", says="EPSON Perfection V850"),
        "edited-scan.jpg": Case(
            saved("JPEG", exif=exif({**scanner, ExifTags.Base.Software: "Adobe Photoshop 25.0"})),
            "edit",
            says="EXIF: Adobe Photoshop 25.0",
        ),
        "drawn.jpg": Case(saved("JPEG", xmp=typed(f"{VOCABULARY}digitalCreation")), "edit", says="digitalCreation"),
        "painted.png": Case(texts({"Software": "Krita 5"}), "edit", says="PNG text: Krita 5"),
        "photo-with-ai.jpg": Case(saved("JPEG", exif=exif(camera), xmp=typed()), "ai", says="trainedAlgorithmicMedia"),
    }


def _with_credentials() -> dict[str, Case]:
    plain, capture = saved("JPEG"), f"{VOCABULARY}digitalCapture"
    by_ai = signed(plain, created())
    edit = {"action": "c2pa.color_adjustments", "softwareAgent": {"name": "Editor"}}
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
    in_segments = signed(plain, created(), padding=100_000)
    first = _segments_of_manifest(in_segments)[: 2 + int.from_bytes(_segments_of_manifest(in_segments)[2:4], "big")]
    return {
        "signed.jpg": Case(by_ai, "ai", "trusted", "made by AI with Example Generator"),
        "signed.png": Case(signed(saved("PNG"), created(), mime="image/png"), "ai", "trusted"),
        "signed.webp": Case(signed(saved("WEBP"), created(), mime="image/webp"), "ai", "trusted"),
        "signed.tif": Case(signed(saved("TIFF"), created(), mime="image/tiff"), "ai", "trusted"),
        "signed.avif": Case(signed(saved("AVIF"), created(), mime="image/avif"), "ai", "trusted"),
        "signed-in-segments.jpg": Case(in_segments, "ai", "trusted"),
        "signed-by-unknown.jpg": Case(
            signed(plain, created(), means=signing(own=True)), "ai", "intact", "not on the list of trusted signers"
        ),
        "signed-photo.jpg": Case(
            signed(plain, created(capture, "Example Camera")), "capture", "trusted", "captured by a camera"
        ),
        "signed-edit.jpg": Case(signed(plain, [*created(capture), edit]), "edit", "trusted", "edited with Editor"),
        "signed-edit-of-ai.jpg": Case(
            signed(plain, [opened, edit], parent=by_ai), "ai", "trusted", "Example Generator"
        ),
        "signed-photo-with-unsigned-ai.jpg": Case(
            signed(saved("JPEG", xmp=typed()), created(capture)), "ai", "trusted", "trainedAlgorithmicMedia"
        ),
        "signed-nothing.jpg": Case(signed(plain, created(f"{VOCABULARY}somethingElse")), "none", "trusted"),
        "tampered-pixels.jpg": Case(
            by_ai[:-10] + bytes([by_ai[-10] ^ 1]) + by_ai[-9:], "ai", "broken", "the file has changed"
        ),
        "tampered-declaration.jpg": Case(
            altered(by_ai, b"trainedAlgorithmicMedia", b"digitalCapture\0\0\0\0\0\0\0\0\0"), "none", "broken"
        ),
        "appended.jpg": Case(by_ai + b"thirteen bytes", "ai", "broken", "the file has changed"),
        "moved.jpg": Case(
            with_segments(_segments_of_manifest(by_ai), content=saved("JPEG", quality=30)), "ai", "broken"
        ),
        "unreadable.jpg": Case(with_segments(first), "none", "broken", "cannot be read"),
        "remote.jpg": Case(
            signed(plain, created(), remote=f"http://127.0.0.1:{PORT}/manifest.c2pa"), says="not fetched"
        ),
    }
