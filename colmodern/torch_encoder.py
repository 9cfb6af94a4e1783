"""How does torch encode, on a GPU or with a backbone that the compiled encoder does not know?

Tokens, windows and spans are those of ``Encoder``; only the pass itself is sentence-transformers'
``MultiVectorEncoder`` (extra ``torch``). A ModernBERT keeps its name and fingerprint, so an index
made here is searched without torch. Tested on CPUs and run on one GPU; flash-attention and
compilation are untested on GPUs.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.encoder import DEFAULT_NAME, Encoder
from colmodern.encoder.checkpoint.specs import Checkpoint
from colmodern.encoder.forward.native import AUTO
from colmodern.errors import ConfigError, EncoderError, MissingExtraError
from colmodern.types import FloatMatrix, IntVector

if TYPE_CHECKING:
    import torch

_CPU_BATCH = 8192
_GPU_BATCH = 65_536
# Padding that is farther than a local layer reaches (64 tokens) from any token attends to nothing,
# which some kernels answer with NaN.
_SPREAD = 64


def load_torch_encoder(
    name_or_path: str | Path = DEFAULT_NAME,
    *,
    document_length: int | None = None,
    device: str | None = None,
    precision: str = AUTO,
    compiled: bool = False,
    batch_tokens: int | None = None,
    fetch: bool = True,
) -> Encoder:
    """Return an encoder of a checkpoint that torch runs.

    Args:
        name_or_path: As for ``Encoder.load``; any backbone that transformers knows.
        document_length: As for ``Encoder.load``.
        device: As torch names it (``cuda``, ``cuda:1``, ``mps``, ``cpu``); None takes a GPU if
            there is one.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 on a GPU, fp32 on a CPU.
        compiled: Whether torch compiles the backbone first, which takes minutes and saves time on
            large collections only.
        batch_tokens: Tokens in a batch, padding included; None takes what suits the device.
        fetch: As for ``Encoder.load``.

    Raises:
        ConfigError: There is no such device or precision, or ``batch_tokens`` is below 1.
        EncoderError: There is no such model, or it cannot be read.
        MissingExtraError: torch or sentence-transformers is not installed.
    """
    if batch_tokens is not None and batch_tokens < 1:
        raise ConfigError(
            f"batch_tokens must be at least 1, not {batch_tokens!r}.", code="option_out_of_range"
        )
    for package in ("torch", "sentence_transformers"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(purpose="Encoding with torch", extra="torch")
    open_runner = partial(
        TorchModel,
        device=_device(device),
        precision=precision,
        compiled=compiled,
        batch_tokens=batch_tokens,
    )
    return Encoder.load(
        name_or_path, document_length=document_length, open_runner=open_runner, fetch=fetch
    )


class TorchModel:
    """A backbone and its projection in torch: a ``Runner`` for ``Encoder``."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: torch.device,
        precision: str,
        compiled: bool,
        batch_tokens: int | None,
    ) -> None:
        """Load the weights; see ``load_torch_encoder``.

        Raises:
            ConfigError: There is no such precision.
            EncoderError: sentence-transformers cannot read the checkpoint.
        """
        self._device = device
        self.precision = _precision(precision, device)
        self.isa = f"torch on {device}"
        self.pack_tokens = batch_tokens or (_CPU_BATCH if device.type == "cpu" else _GPU_BATCH)
        self._model = _load(checkpoint.folder, device, self.precision)
        if compiled:
            self._model[0].model.compile(dynamic=True)
        self.dim = int(self._model.get_embedding_dimension())

    def forward(
        self,
        ids: IntVector,
        lengths: Sequence[int],
        seen: Sequence[int],
        kept: IntVector,
        *,
        threads: int,  # noqa: ARG002 - torch has its own
    ) -> FloatMatrix:
        """Return the vectors of the kept rows of a pack, shape (len(kept), dim).

        Raises:
            EncoderError: The device has too little memory for the batch.
        """
        import torch

        starts = np.cumsum([0, *lengths])
        vectors = np.empty((len(kept), self.dim), np.float32)
        for first, last in _batches(lengths, self.pack_tokens):
            wanted = (kept >= starts[first]) & (kept < starts[last])
            try:
                vectors[wanted] = self._batch(
                    ids[starts[first] : starts[last]],
                    np.array(lengths[first:last]),
                    np.array(seen[first:last]),
                    kept[wanted] - starts[first],
                )
            except torch.OutOfMemoryError as err:
                raise EncoderError(
                    f"{self._device} has too little memory for batches of {self.pack_tokens:,} "
                    "tokens. Give it smaller ones: --batch-tokens, or batch_tokens in a program."
                ) from err
        return vectors

    def _batch(
        self, ids: IntVector, lengths: IntVector, seen: IntVector, kept: IntVector
    ) -> FloatMatrix:
        """Return the vectors of the kept rows of some sequences that go through together."""
        import torch

        places = np.arange(lengths.max())
        is_token = places < lengths[:, np.newaxis]
        padded = np.zeros(is_token.shape, np.int64)
        padded[is_token] = ids
        mask = (places < seen[:, np.newaxis]).astype(np.int64)
        features: dict[str, Any] = {
            "input_ids": torch.from_numpy(padded).to(self._device),
            "attention_mask": torch.from_numpy(mask).to(self._device),
        }
        with torch.inference_mode():
            hidden = self._model(features)["token_embeddings"]
            rows = torch.from_numpy(np.flatnonzero(is_token)[kept]).to(self._device)
            chosen = hidden.reshape(-1, self.dim)[rows].float()
            chosen = torch.nn.functional.normalize(chosen, dim=-1)
        found: FloatMatrix = chosen.cpu().numpy()
        return found


def _batches(lengths: Sequence[int], budget: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of sequences, which ascend in length, that go through torch together."""
    first = 0
    for last in range(1, len(lengths)):
        is_too_much = lengths[last] * (last + 1 - first) > budget
        if is_too_much or lengths[last] > lengths[first] + _SPREAD:
            yield first, last
            first = last
    yield first, len(lengths)


def _device(name: str | None) -> torch.device:
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as err:  # torch says "not compiled with CUDA" with either
        reason = str(err).splitlines()[0]
        raise ConfigError(
            f"torch cannot use the device {name!r} here: {reason}", code="device_unavailable"
        ) from err
    return device


def _precision(wanted: str, device: torch.device) -> str:
    if wanted == AUTO:
        return "fp32" if device.type == "cpu" else "bf16"
    if wanted not in ("fp32", "bf16"):
        raise ConfigError(
            f"precision with torch is auto, fp32 or bf16, not {wanted!r}.",
            code="option_not_allowed",
        )
    return wanted


def _load(folder: Path, device: torch.device, precision: str) -> Any:
    import torch
    from sentence_transformers import MultiVectorEncoder

    options: dict[str, Any] = {"dtype": torch.bfloat16 if precision == "bf16" else torch.float32}
    if device.type == "cuda":
        has_flash = importlib.util.find_spec("flash_attn") is not None and precision == "bf16"
        options["attn_implementation"] = "flash_attention_2" if has_flash else "sdpa"
    try:
        model: Any = MultiVectorEncoder(
            str(folder), device=str(device), model_kwargs=options, local_files_only=True
        )
    except Exception as err:  # transformers, safetensors and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"torch cannot load the checkpoint in {folder}: {reason}.", code="encoder_unreadable"
        ) from err
    return model.eval()
