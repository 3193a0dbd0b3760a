"""Fetch an archive of pictures, as one file, from an http(s) address or from Kaggle."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from brushprint.core import digest
from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG, progress

TIMEOUT = (10, 60)  # seconds: to connect, and between two pieces of data
PAUSES = (1, 2, 4, 8)  # seconds before each new attempt; the pauses start again after progress
CHUNK = 1 << 16

_BY_HAND = "download the archive by hand and set collection.source to it"
_KAGGLE_HANDLE = re.compile(r"([^/\s]+)/([^/\s]+)(?:/versions/([1-9][0-9]*))?")


def fetch(source: str, target: Path, *, sha256: str | None = None) -> None:
    """Fetch the archive at `source`, an http(s) address or `kaggle:owner/dataset`, to `target`.

    The downloaded file is kept in the folder `fetched` beside `target`, and `target` is a hard link to it. Snakemake
    deletes a target before making it again, and that must not require another transfer. Raises `UserError` as
    `download` does.
    """
    kept = target.parent / "fetched" / hashlib.sha256(source.encode()).hexdigest()[:16]
    if kept.exists() and sha256 and digest.sha256(kept) != sha256.lower():
        kept.unlink()
    if not kept.exists():
        if source.startswith("kaggle:"):
            download_from_kaggle(source.removeprefix("kaggle:"), kept, sha256=sha256)
        else:
            download(source, kept, sha256=sha256)
    target.unlink(missing_ok=True)
    target.hardlink_to(kept)


def download(url: str, target: Path, *, sha256: str | None = None, by_hand: str = _BY_HAND) -> None:
    """Download `url` to `target`, and resume an earlier download from the bytes in `<target>.part`.

    `sha256` is the expected digest in hexadecimal; None skips the check. `target` appears only when it is complete and
    verified. Raises `UserError` if the address does not work, if the transfer fails after all attempts, if the disk is
    full, or if the file has another digest. `by_hand` is the part of the error message that tells users what they can
    do instead.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise UserError(f"cannot download {url}: the address must begin with http:// or https://; else {by_hand}")
    _fetch(url, target, url, sha256, by_hand)


def download_from_kaggle(handle: str, target: Path, *, sha256: str | None = None) -> None:
    """Download the archive of a Kaggle dataset, "owner/dataset" or "owner/dataset/versions/3", to `target`.

    Raises `UserError` if Kaggle cannot be reached or refuses the dataset, and as `download` does.
    """
    _fetch(_kaggle_archive_url(handle), target, f"Kaggle dataset {handle}", sha256, _BY_HAND)


class _CutError(Exception):
    """The transfer stopped early; a new attempt may continue it."""


@dataclass
class _Part:
    """The bytes that have arrived, and a note beside them that identifies the server's file to which they belong.

    `source` names the file in messages and in the note; the address cannot, because Kaggle's changes each time.
    `by_hand` tells users what they can do instead. `validator` is the server's identifier for this version of the file
    (see `_validator`), and `total` is the number of its bytes; each is None if it is unknown.
    """

    path: Path
    source: str
    by_hand: str
    validator: str | None = None
    total: int | None = None

    @property
    def note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def arrived(self) -> str:
        total = "an unknown number of" if self.total is None else f"{self.total:,}"
        return f"{self.size:,} of {total} bytes received"

    def recall(self) -> None:
        """Read the note of an earlier run. Bytes without a note for this source are deleted: they cannot be trusted."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            note = {}
        if note.get("source") == self.source:
            self.validator, self.total = note["validator"], note["total"]
        else:
            self.discard()

    def begin(self, response: requests.Response) -> None:
        """Delete the bytes received so far, and write a note that identifies the file in `response`."""
        # Empty the file before writing the note: a run killed in between must not pair old bytes with the new note.
        self.path.write_bytes(b"")
        length = response.headers.get("Content-Length")
        self.validator, self.total = _validator(response), int(length) if length else None
        note = {"source": self.source, "validator": self.validator, "total": self.total}
        self.note.write_text(json.dumps(note), encoding="utf-8")

    def belongs_to(self, response: requests.Response) -> bool:
        """Return whether a response 206 contains exactly the missing bytes, or a 416 confirms that none is missing."""
        # Some servers honour Range but not If-Range, so the validator is compared here too.
        unchanged = _validator(response) in (None, self.validator)
        span, _, total = response.headers.get("Content-Range", "").partition("/")
        if response.status_code == 416:
            return unchanged and span == "bytes *" and total == str(self.size)
        fits = self.total is None or total in (str(self.total), "*")
        return unchanged and fits and span.startswith(f"bytes {self.size}-")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.validator = self.total = None


def _fetch(url: str, target: Path, source: str, sha256: str | None, by_hand: str) -> None:
    part = _Part(target.with_name(f"{target.name}.part"), source, by_hand)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.recall()
        _receive(url, part)
        if sha256:
            _verify(part, sha256)
        part.path.replace(target)
        part.note.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write {target}: {error.strerror or error} ({part.arrived}, kept in {part.path}): "
            "free some space or correct the path, then run again to resume"
        ) from error


def _receive(url: str, part: _Part) -> None:
    """Request the missing bytes until the file is complete."""
    furthest, pauses, reached = part.size, iter(PAUSES), False
    while part.total is None or part.size != part.total:
        try:
            with _as_cut(), _get(url, part) as response:
                reached = True
                _take(response, part)
        except _CutError as cut:
            if not reached and not part.size:
                raise UserError(
                    f"cannot download {part.source}: {cut}: check the address and the network, or {part.by_hand}"
                ) from cut
            # Restart the pauses only if more bytes than ever have arrived: otherwise, a server that always sends the
            # file from the start and always stops early would keep this loop running forever.
            if part.size > furthest:
                furthest, pauses = part.size, iter(PAUSES)
            _wait(next(pauses, None), cut, part)


def _wait(pause: float | None, cut: _CutError, part: _Part) -> None:
    if pause is None:
        advice = "run again to resume" if part.validator else "run again to start over (the server cannot resume)"
        raise UserError(f"the download of {part.source} stopped: {part.arrived} ({cut}): {advice}") from cut
    LOG.info("%s (%s); next attempt in %s s", part.arrived, cut, pause)
    time.sleep(pause)


def _get(url: str, part: _Part) -> requests.Response:
    # If a server compresses on the fly, lengths and ranges would count the compressed bytes, not those of the file.
    headers = {"Accept-Encoding": "identity"}
    if part.size and part.validator:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)


def _take(response: requests.Response, part: _Part) -> None:
    """Append the content of a response to the part, or discard a part that the server cannot continue."""
    status = response.status_code
    if status == 200:
        part.begin(response)
        _append(response, part)
    elif status == 206 and part.belongs_to(response):
        _append(response, part)
    elif status == 416 and part.belongs_to(response):
        part.total = part.size
    elif status in (206, 416) and part.size:
        part.discard()
    elif status == 429 or status >= 500:
        raise _CutError(f"HTTP {status} {response.reason}")
    else:
        raise UserError(
            f"cannot download {part.source}: HTTP {status} {response.reason}: check the address, or {part.by_hand}"
        )


def _append(response: requests.Response, part: _Part) -> None:
    with part.path.open("ab") as file, _bar("download", part.total, part.size) as bar:
        # Read the raw bytes: iter_content would unpack an archive sent with "Content-Encoding: gzip".
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            bar.update(file.write(chunk))
    if part.total is None:
        part.total = part.size
    if part.size != part.total:
        raise _CutError(f"the server sent {part.size} bytes, not {part.total} as it had announced")


def _verify(part: _Part, sha256: str) -> None:
    hashed = hashlib.sha256()
    with part.path.open("rb") as file, _bar("verify", part.total, 0) as bar:
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
            bar.update(len(chunk))
    if hashed.hexdigest() != sha256.lower():
        part.discard()
        raise UserError(
            f"{part.source} has the SHA-256 {hashed.hexdigest()}, not {sha256.lower()}: correct or delete "
            "collection.sha256 if the file was changed on purpose, else run again, which starts the download over"
        )


def _bar(label: str, total: int | None, initial: int) -> tqdm:
    return progress(total, label, "B", initial=initial, unit_scale=True)


def _validator(response: requests.Response) -> str | None:
    """Return the identifier of this file version that If-Range accepts: a strong ETag, else the date of last change."""
    etag = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


@contextmanager
def _as_cut() -> Iterator[None]:
    """Raise connection errors as `_CutError`."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _CutError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return the cause that the exceptions of requests and urllib3 wrap, in one line."""
    cause = error.args[0] if error.args else type(error).__name__
    return " ".join(str(getattr(cause, "reason", cause)).split())


def _kaggle_archive_url(handle: str) -> str:
    """Ask Kaggle for the signed, short-lived address of the archive of a dataset.

    kagglehub.dataset_download downloads the same archive, but then unpacks and deletes it. This function makes only
    kagglehub's request for the address, which avoids needing twice the disk space and packing 180,000 files again.
    """
    parts = _KAGGLE_HANDLE.fullmatch(handle)
    if not parts:
        raise UserError(f"Kaggle dataset {handle!r}: write owner/dataset or owner/dataset/versions/3")
    # Import here because the import takes half a second.
    from kagglehub.clients import build_kaggle_client  # noqa: PLC0415
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest  # noqa: PLC0415

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = parts[1], parts[2]
    request.dataset_version_number = int(parts[3]) if parts[3] else None
    try:
        with build_kaggle_client() as kaggle, kaggle.datasets.dataset_api_client.download_dataset(request) as response:
            return response.url
    except requests.RequestException as error:
        if isinstance(error, requests.HTTPError) and error.response is not None:
            raise UserError(_kaggle_refusal(handle, error.response.status_code)) from error
        raise UserError(
            f"cannot reach Kaggle for the dataset {handle}: {_reason(error)}: check the network, or {_BY_HAND}"
        ) from error
    except (OSError, ValueError) as error:  # kagglehub raises these for a faulty kaggle.json
        raise UserError(f"{error}: correct the file, or create a new token at kaggle.com/settings") from error


# Texts about the collection give three addresses for it, and which of them works changes over time.
_SAME_DATASET = (
    "adamelkholy/human-ai-artwork-dataset",
    "adamelkholy/human-ai-artwork",
    "adamelkholyy/human-ai-artwork-dataset",
)


def _kaggle_refusal(handle: str, status: int) -> str:
    if handle in _SAME_DATASET and status in (401, 403, 404):
        others = " or ".join(f"kaggle:{other}" for other in _SAME_DATASET if other != handle)
        return f"Kaggle does not serve the dataset {handle} (HTTP {status}): set collection.source to {others}"
    if status == 404:
        return f"Kaggle has no dataset {handle} (HTTP 404): correct its name or version"
    if status in (401, 403):
        return (
            f"Kaggle refuses the dataset {handle} (HTTP {status}: no account, private, or misspelt): check its name, "
            "accept its terms on its page, create a token at kaggle.com/settings and set KAGGLE_API_TOKEN (or "
            f"KAGGLE_USERNAME and KAGGLE_KEY, or save ~/.kaggle/kaggle.json); or {_BY_HAND}"
        )
    return f"Kaggle cannot serve the dataset {handle} (HTTP {status}): try again later, or {_BY_HAND}"
