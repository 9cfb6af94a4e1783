"""What can be set in a recipe? One frozen class a table of the TOML file, checked when made."""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.errors import ConfigError


def require(condition: bool, message: str) -> None:
    """Raise a ConfigError with a message unless the condition holds."""
    if not condition:
        raise ConfigError(message)


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

    def __post_init__(self) -> None:
        """Check shares and counts."""
        require(
            len(self.lengths) == len(self.length_weights) > 0,
            f"[prepare] needs a weight for each length, not {len(self.length_weights)} for "
            f"{len(self.lengths)}.",
        )
        require(0 <= self.dev < 1, f"[prepare] dev is a share below 1, not {self.dev}.")
        names = [source.name for source in self.pairs]
        require(len(set(names)) == len(names), f"Two [[prepare.pairs]] have one name: {names}.")
        require(
            not (self.pairs and self.scored_lists),
            "[prepare] has pairs and scored lists; take one of them.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRecipe:
    """The shape of the student, a ModernBERT, and what it starts from.

    Attributes:
        start: A checkpoint to start from: a folder, ``package:NAME`` or a hub name; empty: random
            weights, with the word embeddings of the warm start's teacher if there is one. A
            checkpoint with fewer layers grows: new layers start as the identity.
        start_sha256: Of the start's ``model.safetensors``, first digits; empty: any.
        tokenizer: ``start`` or ``teacher`` by what there is (empty), or ``train``: a WordPiece
            vocabulary of the recipe's own texts.
        vocabulary_size: Of a trained vocabulary.
        markers: Whether [CLS] and [SEP] score: on ``neither`` side, or on ``both``. PyLate knows
            only ``both``.
        query_prefix: A token in front of every query, such as ``"[Q] "``.
        document_prefix: The same for documents.
    """

    start: str = ""
    start_sha256: str = ""
    tokenizer: str = ""
    vocabulary_size: int = 8000
    hidden_size: int = 384
    intermediate_size: int = 576
    n_layers: int = 4
    n_heads: int = 6
    global_every: int = 3
    local_attention: int = 128
    max_positions: int = 8192
    dim: int = 128
    query_length: int = 256
    document_length: int = 512
    markers: str = "neither"
    query_prefix: str = ""
    document_prefix: str = ""

    def __post_init__(self) -> None:
        """Check words and sizes."""
        require(
            self.markers in ("neither", "both"),
            f"[student] markers is 'neither' or 'both', not {self.markers!r}.",
        )
        require(
            self.tokenizer in ("", "train"),
            f"[student] tokenizer is '' or 'train', not {self.tokenizer!r}.",
        )
        require(
            self.hidden_size % self.n_heads == 0,
            f"[student] hidden_size {self.hidden_size} is no multiple of n_heads {self.n_heads}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartRecipe:
    """Token-level distillation: the student reproduces the teacher's token vectors."""

    teacher: str
    teacher_licence: str = ""
    tokens: int
    tokens_a_step: int = 4096
    learning_rate: float = 1e-3
    embedding_learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warm_up: float = 0.02
    decay: float = 0.3
    similarity_weight: float = 2.0
    maxsim_weight: float = 2.0
    sampled_tokens: int = 512
    checkpoint_every: int = 250


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherRecipe:
    """A cross-encoder, fine-tuned from any encoder checkpoint on lists with mined negatives."""

    base: str
    base_licence: str = ""
    n_lists: int
    n_ways: int = 4
    max_length: int = 192
    batch_size: int = 8
    learning_rate: float = 5e-5
    warm_up: float = 0.1
    weight_decay: float = 0.01
    checkpoint_every: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTeacher:
    """Who scores lists.

    Attributes:
        kind: ``cross-encoder``; ``single-vector`` and ``late``, the cosine and the MaxSim of an
            encoder's mean and token vectors; ``bm25``.
        model: A folder, ``package:NAME`` or a hub name; ``teacher`` is the one of the stage
            ``teacher``. Not for ``bm25``.
        weight: In the mean of the teachers, each list scaled to [0, 1].
        max_length: Tokens of a text, or of a pair, that it reads.
    """

    kind: str
    model: str = ""
    weight: float = 1.0
    max_length: int = 256

    def __post_init__(self) -> None:
        """Check the kind."""
        kinds = ("cross-encoder", "single-vector", "late", "bm25")
        require(self.kind in kinds, f"A teacher's kind is one of {kinds}, not {self.kind!r}.")
        require(
            bool(self.model) != (self.kind == "bm25"),
            f"A {self.kind} teacher needs {'no' if self.kind == 'bm25' else 'a'} model.",
        )
        require(self.weight > 0, f"A teacher's weight must be above 0, not {self.weight}.")

    @property
    def key(self) -> str:
        """What its scores are called in the lists."""
        return f"{self.kind} {self.model}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecipe:
    """Who scores n-way lists, and what is thrown out of them.

    Attributes:
        teachers: Their scaled scores are averaged by weight.
        n_candidates: At most so many documents of a list are scored, the positive included.
        n_ways: So many are kept: the positive and the negatives that the teachers score highest.
        margin: A negative whose scaled score is not this far below the positive's may well be an
            answer; it is thrown out.
        limit: At most so many lists, drawn by the seed; 0: all.
        part: Lists that are scored and written together.
    """

    teachers: tuple[ListTeacher, ...]
    n_candidates: int = 12
    n_ways: int = 8
    margin: float = 0.0
    limit: int = 0
    part: int = 512

    def __post_init__(self) -> None:
        """Check that there is a teacher, and something to compare."""
        require(bool(self.teachers), "[score] needs a teacher: [[score.teacher]].")
        require(
            2 <= self.n_ways <= self.n_candidates,
            f"[score] n_ways lies in 2..n_candidates, not {self.n_ways}: a list of one document "
            "teaches nothing.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of training with its own data, lengths, losses and learning rate.

    Attributes:
        name: What to call it; its checkpoints lie in a folder of that name.
        long: Train on sources marked ``long`` only (else on the others).
        steps: Optimiser steps.
        batch_size: Queries a device and micro-batch.
        accumulation: Micro-batches a step.
        n_ways: Documents a query, the positive first. 1: only contrastive, in the batch.
        rows_a_document: So many queries of one document come together, which costs its encoding
            once. Queries without a partner come alone.
        query_length: Longer queries are cut.
        document_length: Longer documents are cut; up to what the student's positions allow, or,
            with windows, to anything.
        window: Documents are encoded in windows of so many tokens, as at search time; 0: whole.
        tokens_a_chunk: Tokens that go through the model at once.
        cached: Chunks keep no activations but are computed again in the backward pass, so that
            batches may be large (Gao et al. 2021, GradCache; here by checkpointing).
        kl_weight: Of the KL divergence between scaled score lists.
        student_temperature: Of the student's list, scaled to [0, 1].
        teacher_temperature: Of the teacher's list, scaled to [0, 1].
        contrastive_weight: Of the cross-entropy over all documents of the batch.
        contrastive_temperature: Of the MaxSim sums there.
        regulariser_weight: Of the warm start's loss on other pieces.
        regulariser_tokens: Tokens of such pieces a micro-batch.
        learning_rate: At its peak.
        embedding_learning_rate: Of word embeddings; 0: the same.
        warm_up: Share of steps in which the learning rate rises.
        decay: Share of steps in which it falls; in between it is stable.
        weight_decay: Of AdamW.
        bf16: Mixed precision, where the device multiplies bfloat16.
        gradient_checkpointing: Keep no activations of layers, for long documents.
        attention: Attention of transformers: ``sdpa``, ``eager``, ``flash_attention_2``.
        checkpoint_every: Steps between checkpoints.
        measure_every: Steps between measurements on the dev queries; 0: only at the end.
        keep: Checkpoints that are kept for averaging.
    """

    name: str
    long: bool = False
    steps: int
    batch_size: int = 16
    accumulation: int = 1
    n_ways: int = 8
    rows_a_document: int = 1
    query_length: int = 64
    document_length: int = 256
    window: int = 0
    tokens_a_chunk: int = 4096
    cached: bool = False
    kl_weight: float = 1.0
    student_temperature: float = 0.25
    teacher_temperature: float = 0.25
    contrastive_weight: float = 0.0
    contrastive_temperature: float = 1.0
    regulariser_weight: float = 0.0
    regulariser_tokens: int = 1024
    learning_rate: float = 1e-4
    embedding_learning_rate: float = 0.0
    warm_up: float = 0.05
    decay: float = 0.3
    weight_decay: float = 0.01
    bf16: bool = False
    gradient_checkpointing: bool = False
    attention: str = "sdpa"
    checkpoint_every: int = 50
    measure_every: int = 0
    keep: int = 1

    def __post_init__(self) -> None:
        """Check what belongs together."""
        where = f"The phase {self.name!r}"
        require(self.steps >= 1, f"{where} needs steps of 1 at least, not {self.steps}.")
        require(
            self.kl_weight == 0 or self.n_ways >= 2,
            f"{where}: n_ways {self.n_ways} with a kl_weight: a list of one document teaches "
            "nothing; set n_ways to 2 at least, or kl_weight to 0.",
        )
        require(
            self.kl_weight > 0 or self.contrastive_weight > 0,
            f"{where} has neither a kl_weight nor a contrastive_weight.",
        )
        temperatures = (
            self.student_temperature,
            self.teacher_temperature,
            self.contrastive_temperature,
        )
        require(min(temperatures) > 0, f"{where}: temperatures must be above 0.")
        require(
            self.warm_up + self.decay <= 1, f"{where}: warm_up and decay are shares of one run."
        )
        require(
            self.window == 0 or self.window > 2,
            f"{where}: window is 0 or above 2.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecipe:
    """The phases, one after the other."""

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        """Check names."""
        names = [phase.name for phase in self.phases]
        require(bool(names), "[train] needs a phase: [[train.phase]].")
        require(len(set(names)) == len(names), f"Two phases have one name: {names}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRecipe:
    """The mean of the weights of the last checkpoints of the last phase.

    Attributes:
        last: So many checkpoints.
        start_weight: How much of the student before ``train`` is in the mean, 0 to below 1.
    """

    last: int = 1
    start_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require(self.last >= 1, f"[average] last is 1 at least, not {self.last}.")
        require(
            0 <= self.start_weight < 1,
            f"[average] start-weight lies from 0 to below 1, not {self.start_weight}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCollection:
    """A judged collection below the data folder, to measure on."""

    path: str
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRecipe:
    """What is measured in the end.

    Attributes:
        collections: Judged collections; none that was trained on.
        systems: How to search, as ``colmodern eval --against`` writes it; ``student`` stands for
            our search with the student.
        every_stage: Measure the start, the warm start and every phase as well.
    """

    collections: tuple[JudgedCollection, ...] = ()
    systems: tuple[str, ...] = ("student",)
    every_stage: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecipe:
    """How the student is written: ``pylate`` or ``st`` (sentence-transformers 6).

    Attributes:
        format: The layout.
        half: Weights as 16-bit floats.
        scoring: How colmodern scores with it: ``maxsim`` or ``corrected``.
    """

    format: str = "pylate"
    half: bool = True
    scoring: str = "maxsim"

    def __post_init__(self) -> None:
        """Check the format."""
        require(
            self.format in ("pylate", "st"),
            f"[export] format is 'pylate' or 'st', not {self.format!r}.",
        )
        require(
            self.scoring in ("maxsim", "corrected"),
            f"[export] scoring is 'maxsim' or 'corrected', not {self.scoring!r}.",
        )
