"""An index whose documents have fewer vectors: built, searched, changed, explained, refused."""

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.errors import ConfigError, EncoderError
from colmodern.indexer import Embeddings

RNG = np.random.default_rng(3)
WORDS = [f"word{n}" for n in range(3000)]
DOCUMENTS = [
    Document(f"d{number}", " ".join(RNG.choice(WORDS, 60)), title="a title") for number in range(80)
]


@pytest.fixture(params=["adjacent", "closest"])
def pooled(request, tmp_path):
    config = IndexConfig(pool=2, pooling=request.param)
    Indexer(tmp_path / "index", HashEncoder(dim=64), config=config).build(DOCUMENTS)
    with Searcher.open(tmp_path / "index", HashEncoder(dim=64)) as searcher:
        yield searcher


def test_half_the_vectors_still_find_the_document_and_the_place(pooled):
    assert pooled.describe()["tokens"] == 80 * (1 + 30)
    assert pooled.describe()["pool"] == 2
    n_found = 0
    for document in DOCUMENTS[:20]:
        words = document.text.split()[20:26]
        (hit,) = pooled.search(" ".join(words), k=1)
        assert hit.doc_id == document.id
        explanation = pooled.explain(" ".join(words), document.id)
        n_found += sum(
            word in document.text[match.start : match.end]
            for word, match in zip(words, explanation.matches, strict=True)
        )
    assert n_found >= 0.4 * 20 * 6  # of two unlike words that merged, one is named


def test_what_is_added_later_is_pooled_like_the_rest(pooled, tmp_path):
    Indexer(tmp_path / "index", HashEncoder(dim=64)).update([Document("new", "one two three four")])
    with pooled.refresh() as fresh:
        assert fresh.describe()["tokens"] == pooled.describe()["tokens"] + 2


def test_exact_scores_of_pooled_tokens_are_refused(pooled):
    with pytest.raises(EncoderError, match="they were pooled"):
        pooled.explain("word1", "d0", exact=True)


def test_ready_vectors_are_not_pooled_in_silence(tmp_path):
    indexer = Indexer(tmp_path / "index", config=IndexConfig(pool=2))
    with pytest.raises(ConfigError, match="pool_tokens"):
        indexer.build_from_embeddings(Embeddings.from_matrices([np.eye(32, dtype=np.float32)]))


@pytest.mark.parametrize("change", [{"pool": 0}, {"pool": 17}, {"pooling": "best"}])
def test_pooling_that_cannot_be_is_refused(change):
    with pytest.raises(ConfigError, match=r"pool must lie in 1\.\.16|pooling must be one of"):
        IndexConfig(**change)
