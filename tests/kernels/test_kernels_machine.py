"""Is what runs here what the system says that the processor can do?"""

import platform
import sys
from pathlib import Path

import pytest

from colmodern import kernels

AVX2 = {"avx2", "fma", "f16c"}
NEEDS = {
    "avx2": AVX2,
    "avxvnni": AVX2 | {"avx_vnni"},
    "avx512vnni": AVX2 | {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"},
}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="reads /proc/cpuinfo"
)
def test_instruction_sets_are_those_that_linux_lists():
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).partition(":")[2].split())
    expected = {name for name, needed in NEEDS.items() if needed <= flags}
    assert set(kernels.available_isas()) & set(NEEDS) == expected


@pytest.mark.parametrize("name", ["__builtin_shuffle(", "__builtin_cpu_supports("])
def test_the_sources_use_nothing_that_one_compiler_alone_has(name):
    csrc = Path(__file__).parents[2] / "csrc"
    sources = [*csrc.rglob("*.h"), *csrc.rglob("*.cpp")]
    assert len(sources) > 50
    assert [path.name for path in sources if name in path.read_text(encoding="utf-8")] == []
