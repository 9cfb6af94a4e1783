"""How is pyarrow kept from importing pandas?

It looks for pandas, where that is installed, at the first array that it makes: nothing on the
command line is a series of pandas, and its import takes longer than indexing a small folder.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


class _WithoutPandas(MetaPathFinder):
    """Finds no pandas, whether it is there or not."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        """Leave all other modules to whoever comes next."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=fullname)


def leave_pandas_out() -> None:
    """Let pyarrow look for pandas now, and find none; later imports of pandas work as ever."""
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    finder = _WithoutPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
