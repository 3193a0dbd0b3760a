"""What a file is, by its name and its first bytes: a picture, or something else, in words for a person."""

import re
from posixpath import splitext

# The suffixes of the formats that are read, in lower case.
SUFFIXES = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".bmp"),
        *(".tif", ".tiff", ".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k"),
    ]
)
# RAW photos begin like TIFF pictures, and a TIFF reader would find their small previews.
_RAW_SUFFIXES = {".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"}
# A file with one of these suffixes describes the picture beside it that has the same name.
_SIDECAR_SUFFIXES = {".json", ".txt", ".caption", ".xmp", ".xml", ".aae", ".csv", ".yaml", ".yml", ".md5"}
# The names of files and folders that systems and programs leave beside pictures. macOS ends `Icon` with a control
# character, in place of which `brushprint.data.archive` puts U+FFFD.
_SYSTEM_FILES = {
    *(".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".picasa.ini", ".directory"),
    *("icon\ufffd", ".snakemake_timestamp"),
}
_SYSTEM_FOLDERS = {"__macosx", "@eadir", ".thumbnails", ".ipynb_checkpoints", ".git"}

# How many of a file's first bytes tell what it is.
HEAD = 2000
RAW = "a RAW photo; develop it to JPEG or TIFF"
_PICTURES = (
    *(rb"\xff\xd8\xff", rb"\x89PNG\r\n\x1a\n", rb"GIF8[79]a", rb"RIFF....WEBP", rb"II[*+]\0", rb"MM\0[*+]"),
    # The size of a BMP header follows the file's own: a text may begin with BM, too.
    rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    *(rb"....ftyp(avif|avis|hei[cmsx]|hev[cx]|mif1|msf1)", rb"\0\0\0\x0cjP  \r\n\x87\n", rb"\xff\x4f\xff\x51"),
)
# How files of other kinds begin; a dot stands for any byte.
_OTHERS = {
    "a Git LFS pointer, not the picture itself; run `git lfs pull`": (rb"version https://git-lfs\.github\.com/spec/",),
    "an HTML page, perhaps an error message in place of a picture": (
        rb"(?i:\s*(<!--.{0,1000}?-->\s*)?<(!doctype )?html)",
    ),
    "an SVG drawing, which has no pixels; export it as PNG": (rb"(?i:\s*(<\?xml.{0,1000}?|<!.{0,1000}?>\s*)?<svg)",),
    RAW: (rb"II\*\0....CR", rb"....ftypcrx ", rb"FUJIFILMCCD-RAW", rb"IIR[OS]", rb"MMOR", rb"IIU\0", rb"FOVb"),
    "an archive inside the collection; unpack it first": (
        *(rb"PK\x03\x04", rb"Rar!", rb"7z\xbc\xaf\x27\x1c", rb"\x1f\x8b", rb"\xfd7zXZ", rb"BZh", rb".{257}ustar"),
    ),
    "a video": (rb"....ftyp(qt|iso|mp4|M4V|avc)", rb"\x1aE\xdf\xa3", rb"RIFF....AVI ", rb"OggS"),
    "a JPEG XL picture, which cannot be read; convert it to PNG": (rb"\xff\x0a", rb"\0\0\0\x0cJXL "),
    "a PDF document": (rb"%PDF-",),
    "a Parquet table": (rb"PAR1",),
    "a PostScript drawing": (rb"%!PS", rb"\xc5\xd0\xd3\xc6"),
    "a Photoshop document; export it as PNG": (rb"8BPS",),
}
_KINDS = [
    (re.compile(b"|".join(beginnings), re.DOTALL), kind) for kind, beginnings in (_OTHERS | {None: _PICTURES}).items()
]
_NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def named_as_picture(path: str) -> bool:
    """Whether the suffix of a path is that of a picture."""
    return splitext(path.lower())[1] in SUFFIXES


def no_picture(head: bytes, path: str = "") -> str | None:
    """Say what a file is that does not begin like a picture in a known format; None if it does.

    `head` holds its first `HEAD` bytes; `path` is its path.
    """
    if splitext(path.lower())[1] in _RAW_SUFFIXES:
        return RAW
    if not head:
        return "empty file"
    for beginning, kind in _KINDS:
        if beginning.match(head):
            return kind
    # The last character may have been cut.
    cut = len(head) - len(head.decode(errors="ignore").encode())
    return "not a picture in a known format" if _NOT_IN_TEXT.search(head) or cut > 3 else "a text file"


def left_by_a_program(path: str) -> bool:
    """Whether a file was left by a system or a program beside pictures, such as `.DS_Store`, by its path."""
    *folders, name = path.lower().split("/")
    return name in _SYSTEM_FILES or name.startswith("._") or not _SYSTEM_FOLDERS.isdisjoint(folders)


def described_by(path: str) -> set[str]:
    """The paths, in lower case and without suffix, of the pictures that a file may describe; none for most files.

    `art.json` and `art.png.json` both describe `art.png`.
    """
    stem, suffix = splitext(path.lower())
    return {stem, splitext(stem)[0]} if suffix in _SIDECAR_SUFFIXES else set()


def stem_of(path: str) -> str:
    """The path of a picture in lower case and without its suffix; see `described_by`."""
    return splitext(path.lower())[0]
