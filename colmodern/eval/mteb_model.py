"""How does MTEB measure this engine? As a model that indexes and searches by itself.

>>> mteb.evaluate(MtebModel(encoder), tasks)  # doctest: +SKIP

MTEB is not imported before its model meta is asked for. Muennighoff et al., MTEB: Massive Text
Embedding Benchmark, EACL 2023; the protocol is ``mteb.models.models_protocols.SearchProtocol``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from colmodern.errors import InputError, MissingExtraError
from colmodern.indexer import Indexer
from colmodern.request import Effort, IndexConfig, SearchRequest
from colmodern.searcher import Searcher
from colmodern.storage import exists
from colmodern.types import Document, DocumentEncoder

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class MtebModel:
    """An MTEB search model: late interaction in the compressed domain.

    A query row's ``instruction`` is appended to its text, and a conversation is joined to one text,
    as MTEB does for encoders. For a reranking task every document is scored, and those that the
    task names are kept.
    """

    def __init__(
        self,
        encoder: DocumentEncoder,
        *,
        effort: Effort | str = Effort.MEDIUM,
        bits: int = 4,
        threads: int = 1,
        name: str | None = None,
        work: str | Path | None = None,
    ) -> None:
        """Make a model of an encoder.

        Args:
            encoder: Encodes documents and queries.
            effort: ``low``, ``medium``, ``high`` or ``exact``.
            bits: Bits a dimension.
            threads: Threads of one search.
            name: The name in MTEB's results, ``organisation/model``; None: the encoder's, if it
                has that form, else ``colmodern/`` and the last part of it.
            work: A folder for indexes, one for each corpus; None: a temporary one, removed by
                ``close``, or with the model.

        Raises:
            ConfigError: An option is not allowed.
        """
        self._request = SearchRequest.of(
            None, {"effort": effort, "threads": threads, "passages": False}
        )
        self._encoder = encoder
        self._config = IndexConfig(bits=bits)
        self._name = name or _mteb_name(encoder.name)
        self._home = None if work is None else Path(work)
        self._remove: Callable[[], object] = lambda: None
        self._searcher: Searcher | None = None

    def close(self) -> None:
        """Close the index; remove it if it was temporary."""
        self._close_index()
        self._remove()

    def _folder(self) -> Path:
        """Return the folder for indexes; a temporary one is made when it is first asked for."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="colmodern-mteb-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._home, ignore_errors=True)
        self._home.mkdir(parents=True, exist_ok=True)
        return self._home

    def _close_index(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None

    def index(
        self,
        corpus: Iterable[Mapping[str, Any]],
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        **_: Any,
    ) -> None:
        """Index a corpus of rows with ``id``, ``text`` and perhaps ``title``, or find its index.

        Raises:
            InputError: A row holds no text.
        """
        self._close_index()
        label = f"{task_metadata.name}-{hf_subset}-{hf_split}-{_digest(corpus)}"
        parts = (re.sub(r"[^\w.-]", "_", label), f"{self._config.bits}bit")
        path = self._folder() / "-".join((*parts, self._encoder.fingerprint[:12]))
        if not exists(path):
            Indexer(path, self._encoder, config=self._config).build(_documents(corpus))
        self._searcher = Searcher.open(path, self._encoder)

    def search(
        self,
        queries: Iterable[Mapping[str, Any]],
        *,
        top_k: int,
        top_ranked: Mapping[str, Sequence[str]] | None = None,
        **_: Any,
    ) -> dict[str, dict[str, float]]:
        """Return, for every query id, the scores of the documents found.

        Raises:
            InputError: Nothing has been indexed, or a query holds no text.
        """
        if self._searcher is None:
            raise InputError("Nothing has been indexed: MTEB calls index() before search().")
        results = {}
        for row in queries:
            name, text = str(row["id"]), _query_text(row)
            if top_ranked is None:
                results[name] = self._found(text, top_k, self._request.effort)
            else:
                wanted = set(top_ranked.get(name, ()))
                everything = self._found(text, self._searcher.n_documents, Effort.EXACT)
                kept = [(doc, score) for doc, score in everything.items() if doc in wanted]
                results[name] = dict(kept[:top_k])
        return results

    @property
    def mteb_model_meta(self) -> Any:
        """What MTEB writes beside results: name, fingerprint as the revision, and options.

        Raises:
            MissingExtraError: mteb is not installed.
        """
        try:
            from mteb.models import ModelMeta
            from mteb.models.model_meta import ScoringFunction
        except ImportError as err:
            raise MissingExtraError(purpose="MTEB's model meta", extra="mteb") from err
        return ModelMeta(
            loader=None,
            name=self._name,
            revision=self._encoder.fingerprint[:16],
            release_date=None,
            languages=None,
            n_parameters=None,
            memory_usage_mb=None,
            max_tokens=None,
            embed_dim=self._encoder.dim,
            license=None,
            open_weights=None,
            public_training_code=None,
            public_training_data=None,
            framework=["NumPy"],
            similarity_fn_name=ScoringFunction.MAX_SIM,
            use_instructions=False,
            training_datasets=None,
            model_type=["late-interaction"],
            experiment_kwargs={"effort": str(self._request.effort), "bits": self._config.bits},
        )

    def _found(self, text: str, k: int, effort: Effort) -> dict[str, float]:
        assert self._searcher is not None
        request = replace(self._request, k=max(1, k), effort=effort)
        (tokens,) = self._encoder.encode_queries([text])
        if not len(tokens):
            return {}
        return {hit.doc_id: hit.score for hit in self._searcher.search_embeddings(tokens, request)}


def _mteb_name(name: str) -> str:
    if _HUB_NAME.fullmatch(name):
        return name
    return "colmodern/" + re.sub(r"[^\w.-]", "-", Path(name).name)


def _documents(corpus: Iterable[Mapping[str, Any]]) -> Iterator[Document]:
    for row in corpus:
        text = row.get("text")
        if not isinstance(text, str):
            raise InputError(
                f"The corpus row {row.get('id')!r} holds no text to index.", code="row_invalid"
            )
        yield Document(str(row["id"]), text, str(row.get("title") or ""))


def _query_text(row: Mapping[str, Any]) -> str:
    text = row.get("text")
    instruction = row.get("instruction")
    if isinstance(text, list):
        turns = [t if isinstance(t, str) else f"{t['role']}: {t['content']}" for t in text]
        return " ".join(filter(None, (instruction, "; ".join(turns))))
    if not isinstance(text, str):
        raise InputError(
            f"The query row {row.get('id')!r} holds no text to search for.", code="row_invalid"
        )
    return f"{text} {instruction}" if instruction else text


def _digest(corpus: Iterable[Mapping[str, Any]]) -> str:
    digest = hashlib.sha256()
    for document in _documents(corpus):
        for part in (document.id, document.title, document.text):
            digest.update(f"{len(part)} {part}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:12]
