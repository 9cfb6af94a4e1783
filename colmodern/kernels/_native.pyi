# The private face of the compiled kernels (csrc/bindings.cpp). Results go into `out`.

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

def supported_isas() -> list[str]: ...
def centroid_scores(
    isa: int,
    query: NDArray[np.float32],
    centroids: NDArray[np.float32],
    threads: int,
    out: NDArray[np.float32],
) -> None: ...
def nearest_centroids(
    isa: int,
    vectors: NDArray[np.float32],
    centroids: NDArray[np.float32],
    starts: NDArray[np.float32],
    threads: int,
    out: NDArray[np.uint32],
) -> None: ...
def merge_closest(
    products: NDArray[np.float32], n_clusters: int, labels: NDArray[np.uint32]
) -> None: ...
def maxsim(
    isa: int,
    query: NDArray[np.float32],
    vectors: NDArray[np.float32],
    offsets: NDArray[np.int64],
    sharpness: float,
    expected: NDArray[np.float32] | None,
    threads: int,
    out: NDArray[np.float32],
) -> None: ...
def centroid_table(
    isa: int,
    values: NDArray[np.int8],
    scales: NDArray[np.float32],
    centroids: NDArray[np.int8],
    steps: NDArray[np.float32],
    threads: int,
    rows: NDArray[np.int16],
) -> None: ...
def expected_maxima(
    rows: NDArray[np.int16],
    steps: NDArray[np.float32],
    count: int,
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    expected: NDArray[np.float32],
) -> None: ...
def probe(
    rows: NDArray[np.int16], steps: NDArray[np.float32], count: int, probed: NDArray[np.uint32]
) -> None: ...

class Segments:
    def __init__(self) -> None: ...
    def add(
        self,
        offsets: NDArray[np.int64],
        ids: NDArray[np.uint16] | NDArray[np.uint32],
        residuals: NDArray[np.uint8],
        gains: NDArray[np.uint16],
        norms: NDArray[np.uint16],
        context_residuals: NDArray[np.uint8],
        context_gains: NDArray[np.uint16],
        context_offsets: NDArray[np.int64],
        posting_offsets: NDArray[np.int64],
        postings: NDArray[np.uint16] | NDArray[np.uint32],
    ) -> None: ...

class Words:
    def __init__(self) -> None: ...
    def add(
        self,
        word_offsets: NDArray[np.int64],
        word_bytes: NDArray[np.uint8],
        posting_offsets: NDArray[np.int64],
        documents: NDArray[np.uint16] | NDArray[np.uint32],
        counts: NDArray[np.uint16],
        n_documents: int,
    ) -> None: ...

class WordCounter:
    def __init__(self) -> None: ...
    def add(self, text: str) -> list[str]: ...
    def add_word(self, word: str) -> None: ...
    def end_document(self) -> None: ...
    @property
    def n_words(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    @property
    def n_postings(self) -> int: ...
    @property
    def n_documents(self) -> int: ...
    def write(
        self,
        word_offsets: NDArray[np.int64],
        word_bytes: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        documents: NDArray[np.uint32],
        counts: NDArray[np.uint16],
        lengths: NDArray[np.uint32],
    ) -> None: ...

def find_words(
    postings: Words,
    words: Sequence[bytes],
    live: NDArray[np.bool_] | None,
    rows: NDArray[np.int64],
    frequencies: NDArray[np.int64],
) -> None: ...
def score_words(
    postings: Words,
    rows: NDArray[np.int64],
    weights: NDArray[np.float32],
    saturations: NDArray[np.float32],
    threads: int,
    scores: NDArray[np.float32],
) -> None: ...
def gather(
    rows: NDArray[np.int16],
    steps: NDArray[np.float32],
    count: int,
    probed: NDArray[np.uint32],
    segments: Segments,
    allowed: NDArray[np.bool_],
    taken_off: NDArray[np.float32] | None,
    ordered: int,
    threads: int,
    documents: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> tuple[int, int]: ...
def smooth_maxsim(
    isa: int,
    rows: NDArray[np.int16],
    steps: NDArray[np.float32],
    count: int,
    context_levels: NDArray[np.int8],
    context_step: float,
    context_values: NDArray[np.int8],
    context_scales: NDArray[np.float32],
    segments: Segments,
    documents: NDArray[np.int64],
    threads: int,
    out: NDArray[np.float32],
) -> None: ...
def maxsim_codes(
    isa: int,
    values: NDArray[np.int8],
    scales: NDArray[np.float32],
    rows: NDArray[np.int16],
    steps: NDArray[np.float32],
    levels: NDArray[np.int8],
    bits: int,
    context_levels: NDArray[np.int8],
    context_step: float,
    context_values: NDArray[np.int8],
    context_scales: NDArray[np.float32],
    segments: Segments,
    documents: NDArray[np.int64],
    sharpness: float,
    expected: NDArray[np.float32] | None,
    depth: int,
    threads: int,
    out: NDArray[np.float32],
) -> None: ...
def nearest_in_cells(
    isa: int,
    rows: NDArray[np.uint8],
    representatives: NDArray[np.int8],
    representative_starts: NDArray[np.int32],
    members: NDArray[np.int8],
    member_starts: NDArray[np.int32],
    cell_offsets: NDArray[np.int64],
    member_ids: NDArray[np.uint32],
    n_probes: int,
    threads: int,
    nearest: NDArray[np.uint32],
    scores: NDArray[np.int32],
) -> None: ...
def sum_clusters(
    rows: NDArray[np.uint8],
    clusters: NDArray[np.uint32],
    threads: int,
    sums: NDArray[np.int32],
    counts: NDArray[np.int32],
) -> None: ...
def round_vectors(
    isa: int,
    vectors: NDArray[np.float32] | NDArray[np.uint16],
    columns: NDArray[np.float32],
    starts: NDArray[np.float32],
    step: float,
    longest: float,
    threads: int,
    rows: NDArray[np.uint8],
    lengths: NDArray[np.float32],
) -> int: ...
def encode_tokens(
    isa: int,
    vectors: NDArray[np.float32] | NDArray[np.uint16],
    columns: NDArray[np.float32],
    starts: NDArray[np.float32],
    step: float,
    representatives: NDArray[np.int8],
    representative_starts: NDArray[np.int32],
    members: NDArray[np.int8],
    member_starts: NDArray[np.int32],
    cell_offsets: NDArray[np.int64],
    member_ids: NDArray[np.uint32],
    n_probes: int,
    centroids: NDArray[np.int8],
    centroid_steps: NDArray[np.float32],
    levels: NDArray[np.int8],
    level_step: float,
    bits: int,
    context_levels: NDArray[np.int8],
    context_step: float,
    longest: float,
    threads: int,
    bounds: NDArray[np.int64],
    context_residuals: NDArray[np.uint8],
    context_gains: NDArray[np.uint16],
    ids: NDArray[np.uint16] | NDArray[np.uint32],
    residuals: NDArray[np.uint8],
    gains: NDArray[np.uint16],
    norms: NDArray[np.uint16],
    errors: NDArray[np.float32],
) -> int: ...
def code_maxima(
    isa: int,
    values: NDArray[np.int8],
    scales: NDArray[np.float32],
    rows: NDArray[np.int16],
    steps: NDArray[np.float32],
    levels: NDArray[np.int8],
    bits: int,
    context_levels: NDArray[np.int8],
    context_step: float,
    context_values: NDArray[np.int8],
    context_scales: NDArray[np.float32],
    segments: Segments,
    documents: NDArray[np.int64],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    threads: int,
    out: NDArray[np.float32],
) -> None: ...
def can_encode(isa: int, precision: int) -> bool: ...
def multiply_in_bytes(
    *,
    isa: int,
    weight: NDArray[np.float32],
    rows: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None: ...
def checksum(bytes: NDArray[np.uint8], *, threads: int) -> int: ...  # noqa: A002

class EncoderShape:
    def __init__(
        self,
        *,
        vocabulary: int,
        hidden: int,
        inner: int,
        heads: int,
        radius: int,
        norm_eps: float,
    ) -> None: ...

class NormArrays:
    def __init__(self, *, weight: NDArray[Any], bias: NDArray[Any] | None) -> None: ...

class LinearArrays:
    def __init__(self, *, weight: NDArray[Any], bias: NDArray[Any] | None) -> None: ...

class LayerArrays:
    def __init__(
        self,
        *,
        is_global: bool,
        attention_norm: NormArrays | None,
        qkv: LinearArrays,
        attention_out: LinearArrays,
        mlp_norm: NormArrays,
        mlp_in: LinearArrays,
        mlp_out: LinearArrays,
    ) -> None: ...

class CodedQuery:
    def __init__(
        self,
        values: NDArray[np.int8],
        scales: NDArray[np.float32],
        rows: NDArray[np.int16],
        steps: NDArray[np.float32],
        levels: NDArray[np.int8],
        bits: int,
        context_levels: NDArray[np.int8],
        context_step: float,
        context_values: NDArray[np.int8],
        context_scales: NDArray[np.float32],
    ) -> None: ...

def find_passages(
    isa: int,
    chooser: CodedQuery | None,
    scorer: CodedQuery | None,
    segments: Segments | None,
    documents: NDArray[np.int64] | None,
    texts: list[bytes],
    spans: list[NDArray[np.int32] | None],
    is_code: list[bool],
    words: list[bytes],
    idf: NDArray[np.float64],
    phrases: list[list[list[tuple[int, int]]]],
    wanted: int,
    within: float,
    threads: int,
) -> list[tuple[tuple[Any, ...], ...] | None]: ...
def units_of(text: bytes, is_code: bool) -> NDArray[np.int32]: ...
def cut_texts(
    texts: list[bytes],
    spans: list[NDArray[np.int32] | None],
    is_code: list[bool],
    words: list[bytes],
    threads: int,
) -> tuple[NDArray[np.int32], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float32]]: ...
def choose_windows(
    pieces: NDArray[np.int64],
    offsets: NDArray[np.int64],
    n_tokens: NDArray[np.int64],
    maxima: NDArray[np.float32] | None,
    counts: NDArray[np.float32],
    idf: NDArray[np.float64],
    wanted: int,
    threads: int,
    chosen: NDArray[np.int64],
    scores: NDArray[np.float64],
    answers: NDArray[np.float64],
) -> None: ...

class DenseArrays:
    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        linear: LinearArrays,
        activation: int,
        residual: bool,
        residual_weight: NDArray[Any] | None,
    ) -> None: ...

class EncoderModel:
    def __init__(
        self,
        *,
        isa: int,
        precision: int,
        shape: EncoderShape,
        embeddings: NDArray[Any],
        embedding_norm: NormArrays,
        final_norm: NormArrays,
        global_frequencies: list[float],
        local_frequencies: list[float],
        packed: NDArray[np.uint8] | None = None,
    ) -> None: ...
    def add_layer(self, layer: LayerArrays, *, threads: int) -> None: ...
    def add_dense(self, dense: DenseArrays, *, threads: int) -> None: ...
    def add_normalisation(self) -> None: ...
    @property
    def dim(self) -> int: ...
    @property
    def packed(self) -> list[NDArray[np.uint8]]: ...
    @property
    def packed_left(self) -> int: ...
    def forward(
        self,
        *,
        ids: NDArray[np.int64],
        lengths: NDArray[np.int64],
        seen: NDArray[np.int64],
        kept: NDArray[np.int64],
        threads: int,
        out: NDArray[np.float32],
    ) -> None: ...
