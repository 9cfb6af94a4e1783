"""Half-precision products by way of single precision, for the builds of the peers.

Both peers assign tokens to centroids by a product in half precision, which PyTorch computes with a
plain loop on processors without AVX512-FP16: 1.1 ms of CPU time a token for 32,768 centroids, 80
minutes for LONG. Its sums are single precision there too, so what comes out here is the same but
for the order of additions; only the time differs, in favour of the peers.
"""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - the peers' process


def multiply_half_in_single() -> Any:
    """Make ``torch.mm`` of half-precision matrices on the CPU fast; return what has to be kept."""
    library = torch.library.Library("aten", "IMPL")
    library.impl("mm", _mm, "CPU")
    return library


def _mm(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    if left.dtype == torch.float16:
        return torch.mm(left.float(), right.float()).half()
    return torch.mm(left, right, out=left.new_empty((left.shape[0], right.shape[1])))
