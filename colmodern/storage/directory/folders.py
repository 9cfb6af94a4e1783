"""How is a folder made beside the one that it replaces? With second names of what stays."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

__all__ = ["link_file", "make_empty_folder"]

logger = logging.getLogger(__name__)


def make_empty_folder(path: Path) -> None:
    """Make a folder; what an attempt that was killed left there goes.

    Raises:
        OSError: The disk is full or refuses.
    """
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()


def link_file(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no links, the file is copied.

    Raises:
        OSError: The disk is full or refuses.
    """
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError as error:
        logger.info("%s is copied, for it cannot be linked: %s", source, error)
        shutil.copyfile(source, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())
