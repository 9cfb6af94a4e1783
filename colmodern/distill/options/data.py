"""What is trained on? Texts, pairs, scored lists, and where negatives come from."""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.distill.options.require import require


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """Files of rows (jsonl, gzip allowed) whose fields are texts to train on.

    Attributes:
        files: A glob below the data folder.
        fields: The fields of a row that hold text; those joined by ``+`` make one text.
        only_ids_in: A judgments file (tsv); only rows whose ``_id`` stands in ``ids_column`` count.
        except_ids_in: The same, to leave rows out.
        ids_column: Which column of those files holds the ids.
    """

    files: str
    fields: tuple[str, ...]
    only_ids_in: str = ""
    except_ids_in: str = ""
    ids_column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSource:
    """Where pairs of a query and a document that answers it come from.

    Attributes:
        name: What to call the source; pairs are mined within it.
        files: A glob below the data folder: rows of pairs; of queries, if there are judgments; of
            documents, if sentences are to be taken out of them.
        query: The field of the query; fields joined by ``+`` make one text.
        document: The field of the document, or fields joined by ``+``.
        corpus: With judgments: the file of documents, by ``_id``.
        qrels: With judgments: a tsv of query id, document id and grade.
        except_ids_in: A tsv; its documents (second column) are never used.
        sentences: So many queries are made of every paragraph of a document: a sentence of it,
            whose document is the rest. 0: rows are pairs. Lee et al. (2019), inverse cloze task.
        limit: At most so many queries, drawn by the seed. 0: all.
        documents: With a limit: so many documents of other pairs are kept to mine among.
        long: Documents that a phase of training with ``long = true`` is for.
    """

    name: str
    files: str
    query: str = "query"
    document: str = "document"
    corpus: str = ""
    qrels: str = ""
    except_ids_in: str = ""
    sentences: int = 0
    limit: int = 0
    documents: int = 0
    long: bool = False

    def __post_init__(self) -> None:
        """Check what depends on each other."""
        require(
            bool(self.corpus) == bool(self.qrels),
            f"The pairs {self.name!r} need both corpus and qrels, or neither.",
            code="option_conflict",
        )
        require(
            min(self.limit, self.sentences, self.documents) >= 0,
            f"The pairs {self.name!r}: limit, documents and sentences must not be negative.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredLists:
    """Lists that somebody has scored already: three Parquet files below the data folder.

    Attributes:
        lists: Columns ``query_id``, ``document_ids`` and ``scores``; the first document of a list
            is the positive one if ``first_is_positive``, else the one with the highest score.
        queries: Columns ``query_id`` and ``text`` (or ``query``).
        documents: Columns ``document_id`` and ``text`` (or ``document``).
        first_is_positive: See ``lists``.
    """

    lists: str
    queries: str
    documents: str
    first_is_positive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRecipe:
    """How texts become pieces and pairs: see ``pieces.py`` and ``pairs.py``.

    Attributes:
        sources: Texts for the pieces of the warm start.
        pairs: Sources of pairs.
        scored_lists: Scored lists instead of pairs.
        lengths: Lengths of pieces, in tokens.
        length_weights: How often each length is drawn.
        dev: The share of documents whose queries are kept for measuring.
        dev_queries: At most so many queries for measuring, of all sources.
        dev_documents: At most so many documents to find them among.
        never: Files of rows (jsonl): no pair has a query or document, and no piece a text, that is
            a ``text``, or title and text, of one of these rows.
        never_overlap: The same for texts of which this share of all runs of words stands in one of
            these rows; 0: equal texts only.
        never_words: Words of a run.
    """

    sources: tuple[TextSource, ...] = ()
    pairs: tuple[PairSource, ...] = ()
    scored_lists: ScoredLists | None = None
    lengths: tuple[int, ...] = (64, 128, 256)
    length_weights: tuple[float, ...] = (0.2, 0.5, 0.3)
    dev: float = 0.02
    dev_queries: int = 200
    dev_documents: int = 2000
    never: tuple[str, ...] = ()
    never_overlap: float = 0.0
    never_words: int = 8

    def __post_init__(self) -> None:
        """Check shares and counts."""
        require(
            0 <= self.never_overlap <= 1 and self.never_words >= 1,
            "[prepare] never-overlap is a share from 0 to 1, and never-words 1 at least; they are "
            f"{self.never_overlap} and {self.never_words}.",
        )
        require(
            len(self.lengths) == len(self.length_weights) > 0,
            f"[prepare] needs a weight for each length, not {len(self.length_weights)} for "
            f"{len(self.lengths)}.",
            code="option_conflict",
        )
        require(0 <= self.dev < 1, f"[prepare] dev is a share below 1, not {self.dev}.")
        names = [source.name for source in self.pairs]
        require(
            len(set(names)) == len(names),
            f"Two [[prepare.pairs]] have one name: {names}.",
            code="option_conflict",
        )
        require(
            not (self.pairs and self.scored_lists),
            "[prepare] has pairs and scored lists; take one of them.",
            code="option_conflict",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Miner:
    """One way to find hard negatives: what ranks between two ranks of a search.

    Attributes:
        system: What searches, as ``colmodern eval --against`` writes it (``bm25``, ``minilm``,
            ``dense:PATH``, ``late:high,model=PATH``); ``student`` is the warm-started student.
        ranks: First and last rank that count, from 1; positives do not count.
        count: So many negatives of a query, drawn by the seed.
    """

    system: str
    ranks: tuple[int, ...] = (2, 50)
    count: int = 8

    def __post_init__(self) -> None:
        """Check ranks and count."""
        require(
            len(self.ranks) == 2 and 1 <= self.ranks[0] <= self.ranks[-1],
            f"The miner {self.system!r} needs ranks like [2, 50], not {list(self.ranks)}.",
        )
        require(self.count >= 1, f"The miner {self.system!r} needs a count of 1 at least.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MineRecipe:
    """Who finds hard negatives."""

    miners: tuple[Miner, ...]
