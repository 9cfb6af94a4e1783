"""Commands that write do not import pandas because pyarrow would like to know of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from colmodern.cli.arrow_start import leave_pandas_out
leave_pandas_out()
import numpy as np, pyarrow as pa
pa.array(np.arange(3)), pa.array(["a", None]), pa.array([1.5], pa.float32())
assert "pandas" not in sys.modules
import pandas
assert pa.table({"a": [1, 2]}).to_pandas()["a"].tolist() == [1, 2]
leave_pandas_out()
assert sys.modules["pandas"] is pandas
"""


def test_arrays_are_made_without_pandas_which_can_be_imported_later():
    pytest.importorskip("pandas")

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
