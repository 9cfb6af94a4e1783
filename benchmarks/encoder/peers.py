"""The same backbone in transformers, ONNX Runtime and OpenVINO; short texts are filled up."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.loads import TOKENS, WORDS, Load, Texts

Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Hidden states of the last layer, float32, for ids and mask of a batch."""

PEERS = ("transformers", "onnxruntime", "openvino")
_DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
_CALIBRATION = (8, 128)  # texts and their tokens, for OpenVINO's bytes


def run_filled(forward: Forward) -> Callable[[Load], None]:
    """Return what runs a load: its batches, short texts filled up."""

    def run(load: Load) -> None:
        for texts in load.batches:
            forward(*_filled(texts))

    return run


def open_peer(
    name: str, floats: Sequence[str], threads: int, model: Path, folder: Path
) -> dict[str, Forward]:
    """Return one of the others by name and precision.

    Args:
        name: One of ``PEERS``.
        floats: Which of ``fp32`` and ``bf16`` the machine has products of.
        threads: How many threads to use.
        model: The checkpoint.
        folder: Where exported models go.
    """
    if name == "transformers":
        return {f"{name} {kind}": open_transformers(kind, threads, model) for kind in floats}
    if name == "onnxruntime":
        return {
            f"ONNX Runtime {kind}": open_onnxruntime(kind, threads, model, folder)
            for kind in ("fp32", "int8")
        }
    return {
        f"OpenVINO {kind}": open_openvino(kind, threads, model, folder)
        for kind in (*floats, "int8", "int8 weights")
    }


def open_transformers(precision: str, threads: int, model: Path) -> Forward:
    """Return the pass of transformers (sdpa), ``fp32`` or ``bf16``."""
    import torch

    torch.set_num_threads(threads)
    backbone = _backbone(precision, model)

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        # Without a mask there is less to do, where no text is filled up.
        seen = None if mask.all() else torch.from_numpy(mask)
        with torch.inference_mode():
            found = backbone(input_ids=torch.from_numpy(ids), attention_mask=seen)
        hidden: np.ndarray = found.last_hidden_state.float().numpy()
        return hidden

    return forward


def open_onnxruntime(precision: str, threads: int, model: Path, folder: Path) -> Forward:
    """Return the pass of ONNX Runtime, ``fp32`` or ``int8`` (dynamic quantisation)."""
    import onnxruntime

    path = _exported(model, folder) if precision == "fp32" else _quantised(model, folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hidden: np.ndarray = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return hidden

    return forward


def open_openvino(precision: str, threads: int, model: Path, folder: Path) -> Forward:
    """Return the pass of OpenVINO: ``fp32``, ``bf16``, ``int8`` or ``int8 weights``.

    ``int8`` multiplies bytes, whose scales come from random texts; ``int8 weights`` keeps weights
    in bytes and multiplies floats.
    """
    import openvino

    read = openvino.Core().read_model(_converted(model, folder))
    if precision.startswith("int8"):
        read = _in_bytes(read, weights_only=precision != "int8")
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # others use the machine as well
    }
    compiled = openvino.Core().compile_model(read, "CPU", settings)

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hidden: np.ndarray = compiled([ids, mask])[0]
        return hidden

    return forward


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


def _backbone(precision: str, model: Path) -> Any:
    import torch
    import transformers

    return transformers.ModernBertModel.from_pretrained(
        model, dtype=getattr(torch, _DTYPES[precision]), attn_implementation="sdpa"
    ).eval()


def _filled(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    longest = max(len(text) for text in texts)
    ids, mask = (np.zeros((len(texts), longest), np.int64) for _ in range(2))
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def _hidden(checkpoint: Path) -> tuple[Any, Any]:
    """Return the backbone as a module that takes ids and mask only, and ids to trace it with."""
    import torch

    model = _backbone("fp32", checkpoint)

    class Hidden(torch.nn.Module):
        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    hidden = Hidden().eval()
    hidden.model = model
    return hidden, torch.randint(0, 1000, (2, 300))


def _exported(checkpoint: Path, folder: Path) -> Path:
    import torch

    path = folder / "backbone.onnx"
    if path.exists():
        return path
    hidden, ids = _hidden(checkpoint)
    axes = {0: torch.export.Dim("batch", max=1024), 1: torch.export.Dim("length", max=TOKENS)}
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


def _converted(checkpoint: Path, folder: Path) -> Path:
    """Return OpenVINO's own file; from torch, as there attention stays one operation."""
    import openvino
    import torch

    path = folder / "backbone.xml"
    if path.exists():
        return path
    hidden, ids = _hidden(checkpoint)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        converted = openvino.convert_model(hidden, example_input=inputs)
    openvino.save_model(converted, path, compress_to_fp16=False)
    return path


def _in_bytes(read: Any, *, weights_only: bool) -> Any:
    import nncf

    if weights_only:
        return nncf.compress_weights(read, mode=nncf.CompressWeightsMode.INT8_ASYM)
    n_texts, length = _CALIBRATION
    rng = np.random.default_rng(2)
    texts = [rng.integers(0, WORDS, (1, length)) for _ in range(n_texts)]
    inputs = [{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in texts]
    kind = nncf.ModelType.TRANSFORMER
    return nncf.quantize(read, nncf.Dataset(inputs), model_type=kind, subset_size=n_texts)


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for exported models that goes away."""
    return tempfile.TemporaryDirectory(prefix="colmodern-peers-")
