"""Were two encoders made of the same weights, tokenizer and settings?

The digest covers every setting that decides a vector and the whole tokenizer. Of the weights it
covers names, types, shapes, every tensor of up to 64 KiB, and of larger ones 16 blocks of 4 KiB
spread from the first to the last byte: training changes all of a tensor, so a retrained,
converted or truncated model differs, while hashing costs a few milliseconds instead of one for
each megabyte. A file altered by hand in a few numbers may escape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.encoder.checkpoint.tensors import StoredTensor

# Raise this when the same checkpoint gives other tokens or vectors than before.
_REVISION = 1
_WHOLE = 64 * 1024
_BLOCK = 4 * 1024
_N_BLOCKS = 16


def fingerprint(
    settings: Mapping[str, Any],
    tokenizer: Path,
    tensors: Mapping[str, Mapping[str, StoredTensor]],
) -> str:
    """Return a hex digest of 64 characters.

    Args:
        settings: Plain values that decide the vectors.
        tokenizer: The tokenizer's file.
        tensors: The tensors of each weights file, by the file's role.
    """
    digest = hashlib.sha256(f"colmodern encoder {_REVISION}\n".encode())
    digest.update(json.dumps(settings, sort_keys=True, ensure_ascii=True).encode())
    digest.update(hashlib.sha256(tokenizer.read_bytes()).digest())
    _update_with_tensors(digest, tensors)
    return digest.hexdigest()


def weights_digest(
    settings: Mapping[str, Any], tensors: Mapping[str, Mapping[str, StoredTensor]]
) -> str:
    """Return a hex digest of the weights alone, whatever the texts become before.

    Args:
        settings: Plain values that decide what the weights are for.
        tensors: The tensors of each weights file, by the file's role.
    """
    digest = hashlib.sha256(f"colmodern weights {_REVISION}\n".encode())
    digest.update(json.dumps(settings, sort_keys=True, ensure_ascii=True).encode())
    _update_with_tensors(digest, tensors)
    return digest.hexdigest()


def _update_with_tensors(digest: Any, tensors: Mapping[str, Mapping[str, StoredTensor]]) -> None:
    for role in sorted(tensors):
        for name in sorted(tensors[role]):
            tensor = tensors[role][name]
            digest.update(f"\n{role} {name} {tensor.dtype} {tensor.shape}\n".encode())
            _update_sampled(digest, tensor)


def _update_sampled(digest: Any, tensor: StoredTensor) -> None:
    data = tensor.values.reshape(-1).view(np.uint8)
    if data.size <= _WHOLE:
        digest.update(data.tobytes())
        return
    for start in np.linspace(0, data.size - _BLOCK, _N_BLOCKS).astype(np.int64).tolist():
        digest.update(data[start : start + _BLOCK].tobytes())
