"""How large is an installation, and what of it is never loaded?

    python tools/size.py            # megabytes of each package beside the interpreter's own
    python tools/size.py --trim     # removes what colmodern never loads of pyarrow; for images

Run it by the Python of the environment in question. What is trimmed: Flight, S3 and the
other remote file systems of Arrow, its tests and its C++ headers. Other programs in the same
environment may want them; ``pip install --force-reinstall pyarrow`` brings them back.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

UNUSED = (
    "libarrow_flight*",
    "libarrow_s3*",
    "_flight*",
    "_substrait*",
    "_s3fs*",
    "_gcsfs*",
    "_azurefs*",
    "_hdfs*",
    "_orc*",
    "_cuda*",
    "tests",
    "include",
    "src",
)
"""Of the folder of pyarrow."""
_MEGABYTE = 1_000_000


def main() -> int:
    """Print what each package takes; with ``--trim`` remove what is not used, and say how much."""
    site = Path(sysconfig.get_paths()["purelib"])
    if "--trim" in sys.argv[1:]:
        print(f"removed {trim(site / 'pyarrow') / _MEGABYTE:.0f} MB of pyarrow")
    sizes = sorted(((bytes_of(one), one.name) for one in site.iterdir()), reverse=True)
    for size, name in sizes:
        if size >= _MEGABYTE:
            print(f"{size / _MEGABYTE:6.0f} MB  {name}")
    print(f"{sum(size for size, _ in sizes) / _MEGABYTE:6.0f} MB  together")
    return 0


def bytes_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder; a link counts as nothing."""
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(
        one.stat().st_size for one in path.rglob("*") if one.is_file() and not one.is_symlink()
    )


def trim(pyarrow: Path) -> int:
    """Remove what colmodern never loads from the folder of pyarrow, and return how many bytes."""
    removed = 0
    for pattern in UNUSED:
        for found in pyarrow.glob(pattern):
            removed += bytes_of(found)
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    return removed


if __name__ == "__main__":
    raise SystemExit(main())
