"""What do candidates score by all their codes?"""

from __future__ import annotations

import numpy as np

from colmodern import kernels
from colmodern.codec import Codec
from colmodern.searcher.candidates import Candidates
from colmodern.storage import Segment
from colmodern.types import FloatMatrix


def rescore(
    segments: list[Segment],
    codec: Codec,
    query: FloatMatrix,
    scores: FloatMatrix,
    candidates: Candidates,
    *,
    threads: int,
) -> Candidates:
    """Return the candidates with their MaxSim over compressed token vectors, in the same order.

    Args:
        segments: The segments of a snapshot.
        codec: The codec of the index.
        query: Token vectors of the query, shape (n_query_tokens, dim), float32.
        scores: Centroid scores of the query, shape (n_centroids, n_query_tokens), float32.
        candidates: What to score.
        threads: How many threads share the work.
    """
    quantised = codec.quantise_query(query)
    exact = np.zeros(len(candidates), dtype=np.float32)
    for number, segment in enumerate(segments):
        here = candidates.segments == number
        if here.any():
            exact[here] = kernels.maxsim_codes(
                quantised,
                scores,
                segment.codes,
                segment.token_offsets,
                candidates.documents[here],
                threads=threads,
            )
    return Candidates(candidates.segments, candidates.documents, exact)
