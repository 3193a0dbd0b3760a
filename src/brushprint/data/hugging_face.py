"""Fetch a data set from the Hugging Face Hub, as a folder."""

import os
import re
import shutil
from pathlib import Path

from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG
from brushprint.data.archive import content_digest

_COMMIT = re.compile("[0-9a-f]{40}")


def fetch_dataset(source: str, target: Path, *, sha256: str | None = None) -> str:
    """Fetch the data set `hf:owner/dataset` or `hf:owner/dataset@revision` to the folder `target`; return its digest.

    The files are kept in the folder `fetched` beside `target`, and those in `target` are hard links to them. Snakemake
    deletes a target before making it again, and that must not require another transfer. A transfer that was cut
    resumes. Raises `UserError` if the hub cannot be reached or refuses the data set, or if its digest (see
    `brushprint.data.archive.content_digest`) is not `sha256`.
    """
    # Imported here, because it takes time that other collections need not spend.
    from huggingface_hub import HfApi, errors, snapshot_download  # noqa: PLC0415

    name, _, revision = source.removeprefix("hf:").partition("@")
    try:
        # A revision that is a commit needs no network if its files are kept.
        commit = revision if _COMMIT.fullmatch(revision) else HfApi().dataset_info(name, revision=revision or None).sha
        LOG.info("%s: commit %s", name, commit)
        kept = target.parent / "fetched" / f"{name.replace('/', '--')}-{commit}"
        snapshot_download(name, repo_type="dataset", revision=commit, local_dir=kept)
    except errors.GatedRepoError:
        raise _refusal(name, "it is gated: accept its terms on its page, and log in with `hf auth login`") from None
    except errors.RevisionNotFoundError:
        raise _refusal(name, f"it has no revision {revision!r}") from None
    except errors.RepositoryNotFoundError:
        raise _refusal(name, "there is none of this name, or it is private: log in with `hf auth login`") from None
    except Exception as error:  # the library that the hub's client uses has its own exceptions
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise _refusal(name, f"{reason}: check the network and the disk, and run again to resume") from error
    shutil.rmtree(target, ignore_errors=True)
    # The client keeps its notes in the folder `.cache`.
    shutil.copytree(kept, target, copy_function=os.link, ignore=shutil.ignore_patterns(".cache"))
    digest = content_digest(target, kept / ".cache/digests.json")
    if sha256 not in (None, digest):
        raise UserError(f"{source} has the SHA-256 {digest}, but collection.sha256 is {sha256}; one of them is wrong")
    return digest


def _refusal(name: str, reason: str) -> UserError:
    return UserError(f"cannot fetch the data set {name} from Hugging Face: {reason}")
