import dataclasses

import numpy as np
import pytest

from colmodern import Embeddings, EncoderInfo, IndexConfig, Indexer
from colmodern.codec import train_codec
from colmodern.indexer.coding import reconstruction_error
from colmodern.storage import DRIFT_LIMIT, IndexReader, TrainingRecord, drift

NAMED = EncoderInfo("made-up", "0" * 16, 64)


def around(directions, n, seed, noise=0.5):
    """Unit vectors near some directions."""
    rng = np.random.default_rng(seed)
    rows = directions[rng.integers(len(directions), size=n)]
    rows = rows + rng.standard_normal((n, 64)) * noise / 8
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def some_directions(seed):
    rows = np.random.default_rng(seed).standard_normal((50, 64))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def matrices(directions, n_documents, seed):
    return [around(directions, 50, seed * 1000 + i) for i in range(n_documents)]


@pytest.fixture
def path(tmp_path):
    given = matrices(some_directions(1), 500, seed=1)
    Indexer(tmp_path / "i", NAMED).build_from_embeddings(
        Embeddings.from_matrices(given, ids=[f"a{i}" for i in range(500)])
    )
    return tmp_path / "i"


def drift_after(path, given):
    ids = [f"b{i}" for i in range(len(given))]
    Indexer(path, NAMED).update_from_embeddings(Embeddings.from_matrices(given, ids=ids))
    with IndexReader.open(path) as reader:
        return drift(reader.manifest)


def test_the_same_kind_of_vectors_does_not_drift(path):
    with IndexReader.open(path) as reader:
        assert drift(reader.manifest) == pytest.approx(1, abs=0.25)
    assert drift_after(path, matrices(some_directions(1), 30, seed=2)) == pytest.approx(1, abs=0.25)


def test_another_kind_of_vectors_drifts_even_if_it_is_a_small_part(path):
    assert drift_after(path, matrices(some_directions(2), 25, seed=2)) > 2 * DRIFT_LIMIT


def test_a_few_odd_tokens_are_no_drift(path):
    found = drift_after(path, matrices(some_directions(2), 1, seed=2))
    assert found < DRIFT_LIMIT


def test_the_recorded_error_of_a_segment_is_that_of_its_vectors(path):
    given = matrices(some_directions(1), 500, seed=1)
    with IndexReader.open(path) as reader:
        (segment,) = reader.manifest.segments
        vectors = np.concatenate(given)
        rebuilt = reader.codec.decode(reader.codec.encode(vectors))
    exact = np.square(rebuilt - vectors).sum(axis=1).mean()
    assert segment.squared_error == pytest.approx(exact, rel=0.05)


def test_the_error_is_relative_to_the_length_of_the_vectors():
    vectors = around(some_directions(1), 3000, seed=1)
    codec = train_codec(vectors, n_centroids=64)
    assert reconstruction_error(codec, 7 * vectors) == pytest.approx(
        reconstruction_error(codec, vectors), rel=0.01
    )
    assert reconstruction_error(codec, np.zeros((10, 64), np.float32)) == 0.0
    assert reconstruction_error(codec, vectors[:0]) == 0.0


def test_a_small_index_says_that_it_does_not_know(tmp_path):
    given = matrices(some_directions(1), 5, seed=1)
    Indexer(tmp_path / "i").build_from_embeddings(Embeddings.from_matrices(given))
    with IndexReader.open(tmp_path / "i") as reader:
        assert drift(reader.manifest) is None
        assert TrainingRecord.of(reader.manifest.config) == TrainingRecord(250, 0.0)


def test_drift_is_that_of_the_worst_segments_that_matter(path):
    with IndexReader.open(path) as reader:
        manifest = reader.manifest
    error = TrainingRecord.of(manifest.config).squared_error
    (segment,) = manifest.segments

    def with_segments(*parts):
        segments = [
            dataclasses.replace(segment, n_tokens=n, squared_error=ratio * error)
            for n, ratio in parts
        ]
        return drift(dataclasses.replace(manifest, segments=tuple(segments)))

    assert with_segments((100_000, 1.0)) == pytest.approx(1.0)
    assert with_segments((100_000, 1.0), (1200, 3.0)) == pytest.approx(3.0)
    assert with_segments((600, 3.0), (100_000, 1.0), (600, 2.0)) == pytest.approx(2.5)
    assert with_segments((1_000_000, 1.0), (1000, 3.0)) < 1.1
    assert with_segments((999, 3.0)) is None
    assert with_segments() is None


def test_the_record_is_kept_beside_the_options():
    kept = {**IndexConfig().to_dict(), **TrainingRecord(7, 0.5).to_dict()}
    assert TrainingRecord.of(kept) == TrainingRecord(7, 0.5)
    assert IndexConfig.from_dict(TrainingRecord.without(kept)) == IndexConfig()
    assert TrainingRecord.of({}) == TrainingRecord(0, 0.0)
