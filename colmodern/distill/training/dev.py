"""How good is a student during training? nDCG@10 on queries that were put aside."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from colmodern.distill.data.tables import read_table
from colmodern.distill.options.data import PrepareRecipe

DEV_MEASURE = "dev nDCG@10"


def dev_evaluator(recipe: PrepareRecipe, prepared: Path, *, batch_size: int = 32) -> Any | None:
    """Return an evaluator of sentence-transformers, or None if no query was put aside.

    Documents are those that answer the queries, filled up with others to ``dev_documents``.

    Args:
        recipe: How many queries and documents.
        prepared: The folder of the stage ``prepare``.
        batch_size: Texts that are encoded at once.
    """
    from sentence_transformers.multi_vector_encoder.evaluation import (
        MultiVectorInformationRetrievalEvaluator,
    )

    queries, corpus, relevant = dev_collection(recipe, prepared)
    if not queries:
        return None
    asked: Any = queries
    searched: Any = corpus
    return MultiVectorInformationRetrievalEvaluator(
        asked,
        searched,
        {query: set(documents) for query, documents in relevant.items()},
        name="dev",
        batch_size=batch_size,
        ndcg_at_k=[10],
        mrr_at_k=[10],
        accuracy_at_k=[1],
        precision_recall_at_k=[10],
        map_at_k=[10],
        show_progress_bar=False,
        write_csv=False,
    )


def dev_collection(
    recipe: PrepareRecipe, prepared: Path
) -> tuple[dict[str, str], dict[str, str], dict[str, list[str]]]:
    """Return queries, documents and who answers whom, drawn from what was put aside."""
    queries = read_table(prepared / "queries.parquet", ("query_id", "split", "text")).to_pylist()
    documents = read_table(prepared / "documents.parquet", ("document_id", "text")).to_pylist()
    long = {source.name for source in recipe.pairs if source.long}
    put_aside = [q for q in queries if q["split"] == "dev" and q["source"] not in long]
    chosen = sorted(put_aside, key=lambda q: _draw(q["query_id"]))[: recipe.dev_queries]
    needed = {name for query in chosen for name in query["document_ids"]}
    texts = {d["document_id"]: d["text"] for d in documents if d["source"] not in long}
    remaining = sorted((name for name in texts if name not in needed), key=_draw)
    kept = [*sorted(needed, key=_draw), *remaining][: max(recipe.dev_documents, len(needed))]
    return (
        {query["query_id"]: query["text"] for query in chosen},
        {name: texts[name] for name in kept},
        {query["query_id"]: query["document_ids"] for query in chosen},
    )


def _draw(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
