"""Debian packages on this machine, unpacked: downloaded once, never installed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["files_named", "files_of", "unpacked"]


def unpacked(name: str, folder: Path) -> Path:
    """Return the folder with the files of a package; it is downloaded if it is not there."""
    place = folder / name
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        # apt would rather not write as root into a folder of its own user.
        options = ("-o", "APT::Sandbox::User=root", "-qq")
        subprocess.run(["apt-get", *options, "download", name], cwd=folder, check=True)
        (archive,) = folder.glob(f"{name}_*.deb")
        subprocess.run(["dpkg", "--extract", str(archive), str(place)], check=True)
    return place


def files_of(place: Path, *suffixes: str) -> Iterator[Path]:
    """Yield the files of a package with one of these suffixes, links left aside."""
    for path in sorted(place.rglob("*")):
        if path.suffix in suffixes and path.is_file() and not path.is_symlink():
            yield path


def files_named(place: Path, name: str) -> Iterator[Path]:
    """Yield the files of a package with this name."""
    yield from (path for path in sorted(place.rglob(name)) if path.is_file())
