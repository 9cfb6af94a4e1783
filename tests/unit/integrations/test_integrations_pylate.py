"""The shape of PyLate's indexes, with arrays; no PyLate is imported."""

import numpy as np
import pytest

from colmodern import ColModernError, HashEncoder
from colmodern.integrations.pylate import PyLateIndex

ENCODER = HashEncoder(dim=64)
TEXTS = {"keys": "an officer may revoke a key", "bread": "bread in the oven", "ice": "a glacier"}


class Tensor:
    """As much of a torch tensor as is asked of one."""

    def __init__(self, array):
        self.array, self.ndim = array, array.ndim

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return self.array


def vectors(*texts):
    return [one.vectors for one in ENCODER.encode_documents(texts)]


@pytest.fixture
def index(tmp_path):
    made = PyLateIndex(tmp_path, "mine", effort="exact")
    return made.add_documents(list(TEXTS), vectors(*TEXTS.values()))


def test_queries_get_ids_and_scores(index):
    assert index.is_end_to_end_index
    first, second = index(vectors("revoke a key", "hot oven"), k=2)
    assert [set(one) for one in first] == [{"id", "score"}] * 2
    assert (first[0]["id"], second[0]["id"]) == ("keys", "bread")
    assert first[0]["score"] == pytest.approx(3, abs=0.1)


def test_one_matrix_tensors_and_an_array_of_three_dimensions_are_taken(index):
    (matrix,) = vectors("revoke a key")
    expected = index([matrix], k=1)
    assert index(matrix, k=1) == expected
    assert index([Tensor(matrix)], k=1) == expected
    assert index(np.stack([matrix, matrix]), k=1) == expected * 2


def test_a_subset_is_for_all_queries_or_for_each(index):
    queries = vectors("revoke a key", "revoke a key")
    assert [[hit["id"] for hit in hits] for hits in index(queries, subset=["ice"])] == [["ice"]] * 2
    found = index(queries, subset=[["ice"], ["bread"]])
    assert [[hit["id"] for hit in hits] for hits in found] == [["ice"], ["bread"]]
    with pytest.raises(ColModernError, match="nobody"):
        index(queries, subset=["nobody"])


def test_documents_are_replaced_and_removed(index):
    index.add_documents("ice", vectors("revoke a key"))
    assert index(vectors("revoke a key"), k=1)[0][0]["id"] == "ice"
    index.remove_documents(["ice", "nobody"])
    assert index(vectors("revoke a key"), k=1)[0][0]["id"] == "keys"


def test_vectors_come_back_reconstructed(index):
    ((found, other),) = index.get_documents_embeddings([["keys", "ice"]])
    (given, _) = vectors(TEXTS["keys"], TEXTS["ice"])
    assert found.shape == given.shape
    assert other.shape == (2, 64)
    assert (found * given).sum(axis=1).min() > 0.97


def test_an_index_is_opened_again_and_overridden(index, tmp_path):
    again = PyLateIndex(tmp_path, "mine")
    assert again(vectors("glacier"), k=1)[0][0]["id"] == "ice"
    empty = PyLateIndex(tmp_path, "mine", override=True)
    with pytest.raises(ColModernError, match="add documents first") as error:
        empty(vectors("glacier"))
    assert error.value.code == "data_empty"
