"""How much of MaxSim is left after coding? Recall by codebook, bits and centroids.

    python -m benchmarks.codec --vectors FOLDER [--documents 300]

FOLDER holds ``tokens.npy``, ``offsets.npy``, ``query_tokens.npy`` and ``query_offsets.npy``, as
``benchmarks/engines/vectors.py`` writes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.trellis import lloyd_max
from colmodern import kernels
from colmodern.codec import Codec, Codes, train_codec
from colmodern.types import FloatMatrix, FloatVector, IntVector

Reconstruct = Callable[[FloatMatrix, IntVector], FloatMatrix]

K = 10
SAMPLE_TOKENS = 500_000
LEVEL_TOKENS = 16_384
BLOCK_DOCUMENTS = 16


class Collection:
    """Token vectors of documents and queries, and what float MaxSim says of them."""

    def __init__(self, folder: Path, n_documents: int, n_queries: int) -> None:
        """Read vectors, no more than so many documents and queries, and score all exactly."""
        self.offsets: IntVector = np.load(folder / "offsets.npy")[: n_documents + 1]
        self.tokens = np.load(folder / "tokens.npy", mmap_mode="r")[: self.offsets[-1]]
        self._query_offsets = np.load(folder / "query_offsets.npy")[: n_queries + 1]
        queries = np.load(folder / "query_tokens.npy")[: self._query_offsets[-1]]
        self._queries = queries.astype(np.float32)
        self._exact, _ = self._scores(lambda vectors, _: vectors)
        self._best = _top(self._exact)

    def sample(self, n: int, seed: int) -> FloatMatrix:
        """Return tokens drawn at random."""
        n = min(n, len(self.tokens))
        rows = np.random.default_rng(seed).choice(len(self.tokens), n, replace=False)
        return _unit(self.tokens[np.sort(rows)])

    def judge(self, reconstruct: Reconstruct) -> tuple[float, float]:
        """Return recall@10 and the mean squared error of reconstructed tokens."""
        scores, error = self._scores(reconstruct)
        shared = [len(set(a) & set(b)) for a, b in zip(_top(scores), self._best, strict=True)]
        return float(np.mean(shared)) / K, error

    def _blocks(self) -> Iterator[tuple[IntVector, FloatMatrix]]:
        for first in range(0, len(self.offsets) - 1, BLOCK_DOCUMENTS):
            offsets = self.offsets[first : first + BLOCK_DOCUMENTS + 1]
            yield offsets - offsets[0], _unit(self.tokens[offsets[0] : offsets[-1]])

    def _scores(self, reconstruct: Reconstruct) -> tuple[FloatMatrix, float]:
        """Return the score of every document with every query, and the squared error."""
        rows, error = [], 0.0
        for offsets, vectors in self._blocks():
            found = reconstruct(vectors, offsets)
            error += float(np.square(found - vectors, dtype=np.float64).sum())
            for start, end in pairwise(offsets):
                maxima = (found[start:end] @ self._queries.T).max(axis=0)
                rows.append(np.add.reduceat(maxima, self._query_offsets[:-1]))
        return np.array(rows).T, error / len(self.tokens)


def _top(scores: FloatMatrix) -> IntVector:
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def _unit(vectors: FloatMatrix) -> FloatMatrix:
    floats = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(floats, axis=1, keepdims=True)
    return floats / np.where(lengths > 0, lengths, 1).astype(np.float32)


def scalar_codebook(
    codec: Codec, sample: FloatMatrix, bits: int, *, quantiles: bool, rotate: bool
) -> Reconstruct:
    """Return one codebook for every component of residuals, their lengths as they are.

    Args:
        codec: Whose centroids to use.
        sample: What to learn the codebook from.
        bits: How many bits a component takes.
        quantiles: Buckets of equal weight, as PLAID has them; else the levels of Lloyd and Max.
        rotate: Whether components are those after the codec's rotation.
    """
    basis = np.eye(codec.dim, dtype=np.float32) if rotate else codec.rotation.T
    centroids = codec.float_centroids @ basis
    turn = codec.rotation if rotate else np.eye(codec.dim, dtype=np.float32)

    def residuals(vectors: FloatMatrix) -> tuple[FloatMatrix, FloatMatrix]:
        chosen = centroids[codec.encode(vectors, threads=2).centroid_ids]
        return chosen, vectors @ turn - chosen

    _, learnt = residuals(sample)
    cuts, levels = (_quantiles if quantiles else _lloyd_max)(learnt, bits)

    def reconstruct(vectors: FloatMatrix, _: IntVector) -> FloatMatrix:
        chosen, left = residuals(vectors)
        return _unit(chosen + levels[np.searchsorted(cuts, left)]) @ turn.T

    return reconstruct


def unit_codebook(codec: Codec, sample: FloatMatrix, bits: int) -> Reconstruct:
    """Return Lloyd-Max levels for every component of rotated unit residuals, with a gain."""

    def directions(vectors: FloatMatrix) -> tuple[FloatMatrix, FloatMatrix, FloatMatrix]:
        chosen = codec.float_centroids[codec.encode(vectors, threads=2).centroid_ids]
        left = vectors @ codec.rotation - chosen
        return chosen, left, _unit(left)

    cuts, levels = _lloyd_max(directions(sample)[2], bits)

    def reconstruct(vectors: FloatMatrix, _: IntVector) -> FloatMatrix:
        chosen, left, units = directions(vectors)
        coded = levels[np.searchsorted(cuts, units)]
        gains = np.einsum("ij,ij->i", left, coded) / np.einsum("ij,ij->i", coded, coded)
        return _unit(chosen + gains[:, np.newaxis] * coded) @ codec.rotation.T

    return reconstruct


def at_the_bound(codec: Codec, bits: int) -> Reconstruct:
    """Return vectors as the best of all codes for independent normal components would leave them.

    Nothing is coded: they get noise of the normal law, ``4**-bits`` of the energy that centroids
    and contexts leave over. The components of a real residual are not quite independent, so a code
    that spent its bits unevenly could still do better.
    """
    rng = np.random.default_rng(0)

    def reconstruct(vectors: FloatMatrix, offsets: IntVector) -> FloatMatrix:
        codes, contexts = codec.encode_documents(vectors, offsets, threads=2)
        nothing, whole = np.zeros_like(codes.gains), np.ones_like(codes.norms)
        start = Codes(codes.centroid_ids, codes.residuals, nothing, whole)
        left = vectors - codec.decode(start, contexts, offsets)
        sizes = np.linalg.norm(left, axis=1, keepdims=True) / np.float32(2**bits * codec.dim**0.5)
        return _unit(vectors + sizes * rng.standard_normal(vectors.shape, dtype=np.float32))

    return reconstruct


def _quantiles(residuals: FloatMatrix, bits: int) -> tuple[FloatVector, FloatVector]:
    n = 2**bits
    cuts = np.quantile(residuals, np.arange(1, n) / n)
    levels = np.quantile(residuals, (np.arange(n) + 0.5) / n)
    return cuts.astype(np.float32), levels.astype(np.float32)


def _lloyd_max(residuals: FloatMatrix, bits: int) -> tuple[FloatVector, FloatVector]:
    levels = lloyd_max(residuals.ravel().astype(np.float64), 2**bits).astype(np.float32)
    return (levels[1:] + levels[:-1]) / 2, levels


def codebooks(codec: Codec, sample: FloatMatrix, bits: int) -> Iterator[tuple[str, Reconstruct]]:
    """Yield the codebooks to compare, with their names."""
    plain = {"codec": codec, "sample": sample[:LEVEL_TOKENS], "bits": bits}
    yield "quantile buckets", scalar_codebook(**plain, quantiles=True, rotate=False)
    yield "Lloyd-Max", scalar_codebook(**plain, quantiles=False, rotate=False)
    yield "rotation, Lloyd-Max", scalar_codebook(**plain, quantiles=False, rotate=True)
    yield "rotation, unit residual, Lloyd-Max, gain", unit_codebook(**plain)
    yield "the codec without contexts", lambda v, _: codec.decode(codec.encode(v, threads=2))

    def whole(vectors: FloatMatrix, offsets: IntVector) -> FloatMatrix:
        codes, contexts = codec.encode_documents(vectors, offsets, threads=2)
        return codec.decode(codes, contexts, offsets)

    yield "the codec", whole
    yield "a code at the rate-distortion bound", at_the_bound(codec, bits)


def main() -> None:
    """Print a line for each codebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1 << 62, help="the first so many")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--centroids", type=int, nargs="+", default=[4096, 16384])
    parser.add_argument("--bits", type=int, nargs="+", default=[4, 2, 1])
    options = parser.parse_args()
    collection = Collection(options.vectors, options.documents, options.queries)
    n_documents = len(collection.offsets) - 1
    print(f"{len(collection.tokens)} tokens, {n_documents} documents, {options.queries} queries")
    print(f"kernels: {kernels.active_isa()}\n")
    print("| centroids | bits | codebook | recall@10 | squared error |")
    print("|---|---|---|---|---|")
    sample = collection.sample(SAMPLE_TOKENS, seed=0)
    for n_centroids in options.centroids:
        for bits in options.bits:
            codec = train_codec(sample, bits=bits, n_centroids=n_centroids)
            for name, reconstruct in codebooks(codec, sample, bits):
                recall, error = collection.judge(reconstruct)
                figures = f"{recall:.3f} | {error:.4f}"
                print(f"| {n_centroids:,} | {bits} | {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
