"""Fetch a model as Immich does: a snapshot of its repository in Immich's namespace (facts/clip.md section 2)."""

import asyncio
from pathlib import Path

from reactor.adapters.clip.folder import clean_name, read_folder
from reactor.core.errors import StartError

NAMESPACE = "immich-app"
# Graphs for other chips, which Immich skips as well.
SKIPPED = ["*.armnn", "*.rknn"]


async def pull(name: str, root: Path) -> Path:
    """Download a model into ``root``/<clean name> and return that folder; raises StartError.

    A download that was cut short is taken up again by the next call; a complete one costs a look at the file list.
    """
    folder = root / clean_name(name)
    await asyncio.to_thread(_download, folder)
    await asyncio.to_thread(read_folder, folder)
    return folder


def _download(folder: Path) -> None:
    # Costs 1.6 s at its first use (facts/libraries.md section 7), which only this call should pay.
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415

    repository = f"{NAMESPACE}/{folder.name}"
    try:
        snapshot_download(repository, local_dir=folder, ignore_patterns=SKIPPED)
    except errors.RepositoryNotFoundError as error:
        raise StartError(f"there is no model {repository}; is the name right?") from error
    except errors.LocalEntryNotFoundError as error:
        raise StartError(f"the model {repository} cannot be fetched: its host cannot be reached from here") from error
    except (errors.HfHubHTTPError, OSError, ValueError) as error:
        raise StartError(f"the model {repository} cannot be fetched: {error}") from error
