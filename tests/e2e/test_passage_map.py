"""An encoder's map of queries decides which passage is shown, and nothing else."""

import numpy as np
import pytest

from colmodern import Document, HashEncoder, Indexer, Searcher
from colmodern.encoder import PassageMap

FILLER = " ".join(f"Filler {i} stands here and says nothing of use." for i in range(80))
TEXT = f"{FILLER} The walrus sleeps. {FILLER} The gate is shut. {FILLER}"
QUERY = "walrus gate"


class Mapped(HashEncoder):
    """A hash encoder that counts one word almost nothing when passages are chosen."""

    def __init__(self, ignored):
        super().__init__(dim=64)
        (tokens,) = self.encode_queries([ignored])
        self.passage_map = PassageMap(
            np.eye(64, dtype=np.float32),
            -20 * tokens.vectors[0],
            np.array([np.log(np.e - 1)], np.float32),
        )


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("mapped") / "index"
    Indexer(path, HashEncoder(dim=64)).build([Document("d", TEXT), Document("e", FILLER)])
    return path


@pytest.mark.parametrize("mode", ["late", "hybrid"])
@pytest.mark.parametrize(("ignored", "shown"), [("walrus", "gate"), ("gate", "walrus")])
def test_the_map_chooses_and_scores_stay(index, mode, ignored, shown):
    with (
        Searcher.open(index, HashEncoder(dim=64)) as plain,
        Searcher.open(index, Mapped(ignored)) as mapped,
    ):
        before, after = (one.search(QUERY, mode=mode, k=2) for one in (plain, mapped))
        assert [(h.doc_id, h.score) for h in before] == [(h.doc_id, h.score) for h in after]
        passage = next(hit.passage for hit in after if hit.doc_id == "d")
        assert shown in passage.text
        assert ignored not in passage.text
        assert mapped.explain(QUERY, "d").passage == passage
        (tokens,) = mapped.encoder.encode_queries([QUERY])
        by_vectors = mapped.search_embeddings(tokens, query=QUERY, mode=mode, k=2)
        assert by_vectors == after
