"""The same backbone in transformers and in ONNX Runtime; short texts of a batch are filled up."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.loads import TOKENS, Load, Texts

Run = Callable[[Load], None]


def open_transformers(dtype: str, threads: int, model: Path) -> Run:
    """Return what runs a load in transformers (sdpa), ``float32`` or ``bfloat16``."""
    import torch

    torch.set_num_threads(threads)
    backbone = _backbone(dtype, model)

    def run(load: Load) -> None:
        with torch.inference_mode():
            for texts in load.batches:
                ids, mask = (torch.from_numpy(array) for array in _filled(texts))
                # Without a mask there is less to do, where no text is filled up.
                backbone(input_ids=ids, attention_mask=None if mask.all() else mask)

    return run


def open_onnxruntime(precision: str, threads: int, model: Path, folder: Path) -> Run:
    """Return what runs a load in ONNX Runtime, ``fp32`` or ``int8`` (dynamic quantisation)."""
    import onnxruntime

    path = _exported(model, folder) if precision == "fp32" else _quantised(model, folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # which would keep what the longest text needed
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(load: Load) -> None:
        for texts in load.batches:
            ids, mask = _filled(texts)
            session.run(None, {"input_ids": ids, "attention_mask": mask})

    return run


def measure_peak(dtype: str, threads: int) -> float:
    """Return the operations a second of torch's linear layer, 2,048 cubed."""
    import torch

    torch.set_num_threads(threads)
    n = 2048
    rows, weight = (torch.randn(n, n, dtype=getattr(torch, dtype)) for _ in range(2))
    times = []
    with torch.inference_mode():
        for _ in range(10):
            start = time.perf_counter()
            torch.nn.functional.linear(rows, weight)
            times.append(time.perf_counter() - start)
    return 2.0 * n**3 / min(times)


def _backbone(dtype: str, model: Path) -> Any:
    import torch
    import transformers

    return transformers.ModernBertModel.from_pretrained(
        model, dtype=getattr(torch, dtype), attn_implementation="sdpa"
    ).eval()


def _filled(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    longest = max(len(text) for text in texts)
    ids, mask = (np.zeros((len(texts), longest), np.int64) for _ in range(2))
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def _exported(checkpoint: Path, folder: Path) -> Path:
    import torch

    path = folder / "backbone.onnx"
    if path.exists():
        return path
    model = _backbone("float32", checkpoint)

    class Hidden(torch.nn.Module):
        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    hidden = Hidden().eval()
    hidden.model = model
    axes = {0: torch.export.Dim("batch", max=1024), 1: torch.export.Dim("length", max=TOKENS)}
    ids = torch.randint(0, 1000, (2, 300))
    torch.onnx.export(
        hidden,
        (ids, torch.ones_like(ids)),
        path,
        input_names=["input_ids", "attention_mask"],
        dynamic_shapes=(axes, axes),
        dynamo=True,
        verbose=False,
    )
    return path


def _quantised(checkpoint: Path, folder: Path) -> Path:
    from onnxruntime.quantization import quantize_dynamic

    path = folder / "bytes.onnx"
    if not path.exists():
        quantize_dynamic(_exported(checkpoint, folder), path)
    return path


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for exported models that goes away."""
    return tempfile.TemporaryDirectory(prefix="colmodern-onnx-")
