"""A PLAID index as its formats are described, written by other code than reads it."""

import json
import pickle
from itertools import pairwise

import numpy as np

DIM = 16
LENGTHS = [[3, 0], [2, 4]]


class PlaidKit:
    """Random codes of four documents in two pieces, and the vectors that they stand for."""

    def __init__(self, bits=2, seed=0):
        rng = np.random.default_rng(seed)
        self.bits = bits
        self.n_tokens = sum(map(sum, LENGTHS))
        centroids = rng.standard_normal((5, DIM))
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
        self.centroids = centroids.astype(np.float16)
        self.weights = np.sort(rng.normal(0, 0.05, 1 << bits)).astype(np.float16)
        self.cutoffs = np.zeros(len(self.weights) - 1, np.float16)
        self.codes = rng.integers(0, 5, self.n_tokens)
        self.buckets = rng.integers(0, 1 << bits, (self.n_tokens, DIM))
        self.residuals = np.array([self.packed(row) for row in self.buckets], np.uint8)

    def packed(self, buckets):
        """The bytes of a token: the bits of each number from the lowest, one after another."""
        text = "".join(format(int(value), f"0{self.bits}b")[::-1] for value in buckets)
        return [int(text[i : i + 8], 2) for i in range(0, len(text), 8)]

    def vectors(self):
        """What each document's tokens are, float64."""
        found = []
        for code, buckets in zip(self.codes, self.buckets, strict=True):
            vector = [
                float(self.centroids[code, i]) + float(self.weights[bucket])
                for i, bucket in enumerate(buckets)
            ]
            found.append(np.array(vector) / np.linalg.norm(vector))
        starts = np.cumsum([0, *LENGTHS[0], *LENGTHS[1]])
        return [np.array(found[start:end]).reshape(-1, DIM) for start, end in pairwise(starts)]

    def pieces(self):
        """The codes and residuals of each piece."""
        start = 0
        for lengths in LENGTHS:
            end = start + sum(lengths)
            yield lengths, self.codes[start:end], self.residuals[start:end]
            start = end

    def write_fast_plaid(self, folder, *, merged=False):
        folder.mkdir(parents=True)
        about = {"num_chunks": len(LENGTHS), "nbits": self.bits}
        (folder / "metadata.json").write_text(json.dumps(about))
        np.save(folder / "centroids.npy", self.centroids)
        np.save(folder / "bucket_weights.npy", self.weights)
        for number, (lengths, codes, residuals) in enumerate(self.pieces()):
            (folder / f"doclens.{number}.json").write_text(json.dumps(lengths))
            if not merged:
                np.save(folder / f"{number}.codes.npy", codes)
                np.save(folder / f"{number}.residuals.npy", residuals)
        if merged:  # rows of padding follow
            np.save(folder / "merged_codes.npy", np.pad(self.codes, (0, 2)))
            np.save(folder / "merged_residuals.npy", np.pad(self.residuals, ((0, 2), (0, 0))))
        return folder

    def write_pylate(self, folder, ids):
        self.write_fast_plaid(folder / "fast_plaid_index", merged=True)
        with (folder / "plaid_ids_to_documents_ids.pkl").open("wb") as file:
            pickle.dump(dict(enumerate(ids)), file)
        return folder

    def write_stanford(self, folder, torch):
        folder.mkdir(parents=True)
        about = {"num_chunks": len(LENGTHS), "config": {"dim": DIM, "nbits": self.bits}}
        (folder / "metadata.json").write_text(json.dumps(about))
        tensor = torch.from_numpy
        torch.save(tensor(self.centroids), folder / "centroids.pt")
        torch.save((tensor(self.cutoffs), tensor(self.weights)), folder / "buckets.pt")
        for number, (lengths, codes, residuals) in enumerate(self.pieces()):
            (folder / f"doclens.{number}.json").write_text(json.dumps(lengths))
            torch.save(tensor(codes.astype(np.int32)), folder / f"{number}.codes.pt")
            torch.save(tensor(residuals.copy()), folder / f"{number}.residuals.pt")
        return folder
