"""What runs a checkpoint on this machine, and in which precision?"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.encoder.checkpoint.fingerprint import weights_digest
from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.shards import open_weights
from colmodern.encoder.checkpoint.specs import WEIGHTS_FILE, Checkpoint, DenseSpec
from colmodern.encoder.checkpoint.tensors import StoredTensor
from colmodern.encoder.forward.native import NativeModel, choose_precision, packing_of
from colmodern.encoder.forward.runner import Runner
from colmodern.encoder.forward.workers import Workers
from colmodern.encoder.kept.packed import PackedWeights
from colmodern.encoder.kept.verdicts import can_keep, is_measured, keep_check, kept_check
from colmodern.encoder.packs import encode_sequences
from colmodern.encoder.tokens.rules import TextRules
from colmodern.encoder.tokens.sequences import EncodingPlan
from colmodern.errors import EncoderError
from colmodern.kernels import REFERENCE, active_isa
from colmodern.types import FloatMatrix

if TYPE_CHECKING:
    from colmodern.encoder.byte_check import ByteCheck

# Short texts about many things, some close to each other, and questions that some of them answer.
_SAMPLES = Path(__file__).with_name("sample_texts.json")

logger = logging.getLogger(__name__)


def projection_settings(
    checkpoint: Checkpoint,
) -> tuple[list[dict[str, Any]], dict[str, Mapping[str, StoredTensor]]]:
    """Return what a checkpoint's projection does, as plain values, and its tensors by layer."""
    steps: list[dict[str, Any]] = []
    tensors: dict[str, Mapping[str, StoredTensor]] = {}
    for index, step in enumerate(checkpoint.projection):
        steps.append(asdict(step))
        if isinstance(step, DenseSpec):
            tensors[f"projection {index}"] = open_weights(step.file)
            del steps[-1]["file"]
    return steps, tensors


class OwnRunners:
    """Opens a ModernBERT checkpoint in our own code."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        config: object,
        tensors: Mapping[str, StoredTensor],
        rules: TextRules,
        workers: Workers,
    ) -> None:
        """Take the parts of a checkpoint; nothing is read yet.

        Raises:
            EncoderError: The backbone is no ModernBERT.
        """
        if not isinstance(config, ModernBertConfig):
            kind = getattr(config, "kind", None)
            raise EncoderError(
                f"{checkpoint.folder} has a {kind!r} backbone; the compiled encoder runs "
                "ModernBERT only. It does work with torch: pip install 'colmodern[torch]', and "
                "then --backend torch, or load_torch_encoder in a program.",
                code="encoder_unsupported",
            )
        self._checkpoint = checkpoint
        self._config = config
        self._tensors = tensors
        self._rules = rules
        self._workers = workers

    def open(self, precision: str) -> Runner:
        """Return what runs the checkpoint: compiled code, or NumPy where that is asked for."""
        if active_isa() == REFERENCE:
            from colmodern.encoder.forward.reference import ReferenceModel

            steps = self._checkpoint.projection
            return ReferenceModel(
                self._path, self._tensors, self._config, steps, precision, self._workers
            )
        digest = self._digest()
        chosen = choose_precision(precision, bytes_pass=lambda: self._bytes_pass(digest))
        return self._native(chosen, digest)

    @property
    def _path(self) -> Path:
        return self._checkpoint.folder / WEIGHTS_FILE

    def _digest(self) -> str:
        steps, tensors = projection_settings(self._checkpoint)
        settings = {"config": asdict(self._config), "projection": steps}
        return weights_digest(settings, {"backbone": self._tensors, **tensors})

    def _native(self, precision: str, digest: str | None) -> NativeModel:
        """Open the compiled model; with a digest, from packed weights that are kept."""
        threads = self._workers.n_threads
        kept = None
        if digest is not None:
            kept = PackedWeights(digest, packing_of(precision), threads=threads)
        return NativeModel(
            self._path,
            self._tensors,
            self._config,
            self._checkpoint.projection,
            precision=precision,
            threads=threads,
            kept=kept,
        )

    def _bytes_pass(self, digest: str) -> bool:
        """Say whether this checkpoint may run in bytes without being asked to."""
        if is_measured(digest):
            return True
        check = kept_check(digest, active_isa())
        if check is None:
            if not can_keep():
                logger.info("bytes are not tried: there is no cache to keep what comes out in")
                return False
            check = self._check_bytes(digest)
            keep_check(digest, active_isa(), check)
        logger.debug("%s in bytes: %s", self._checkpoint.folder, check)
        return check.passes

    def _check_bytes(self, digest: str) -> ByteCheck:
        from colmodern.encoder.byte_check import compare_bytes

        logger.info("comparing bytes with fp32, once for %s", self._checkpoint.folder)
        samples = json.loads(_SAMPLES.read_text("utf-8"))
        queries = self._rules.plan_queries(samples["queries"])
        documents = self._rules.plan_documents(samples["documents"])
        exact, rounded = (
            (self._vectors(model, queries), self._vectors(model, documents))
            for model in (self._native("fp32", None), self._native("int8", digest))
        )
        return compare_bytes(exact, rounded)

    def _vectors(self, model: NativeModel, plans: Sequence[EncodingPlan]) -> list[FloatMatrix]:
        """Return the vectors of texts; those with no token of their own are left out."""
        sequences = [sequence for plan in plans for sequence in plan.sequences]
        return encode_sequences(model, sequences, threads=self._workers.n_threads)
