import pytest

from colmodern.config import Effort, IndexConfig, SearchParams
from colmodern.errors import ConfigError


def test_a_config_survives_its_dict():
    config = IndexConfig(bits=2, n_centroids=64, seed=3)
    assert IndexConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"bits": 3}, "bits"),
        ({"n_centroids": 0}, "n_centroids"),
        ({"segment_tokens": 0}, "segment"),
    ],
)
def test_a_bad_option_is_named(options, word):
    with pytest.raises(ConfigError, match=word):
        IndexConfig(**options)


def test_an_unknown_option_is_named():
    with pytest.raises(ConfigError, match="nbits"):
        IndexConfig.from_dict({"nbits": 4})


def test_more_effort_never_does_less():
    params = [SearchParams.for_k(10, effort=effort) for effort in ("low", "medium", "high")]
    assert [p.probes for p in params] == sorted(p.probes for p in params)
    assert [p.candidates for p in params] == sorted(p.candidates for p in params)
    assert SearchParams.for_k(10, effort="exact").probes is None


def test_short_documents_make_more_candidates():
    params = SearchParams.for_k(10)
    short, long = params.for_documents_of(100), params.for_documents_of(10_000)
    assert (short.gathered, short.candidates) == (480, 200)
    assert (long.gathered, long.candidates) == (params.gathered, params.candidates)
    assert params.for_documents_of(0).candidates == params.candidate_tokens


def test_words_count_more_in_long_documents_unless_someone_says_how_much():
    params = SearchParams.for_k(10, mode="hybrid")
    short, long = (params.for_documents_of(n).word_weight for n in (300, 2_000))
    assert 0 < short < long < 1
    said = SearchParams.for_k(10, mode="hybrid", word_weight=0.0)
    assert said.for_documents_of(2_000).word_weight == 0


def test_there_are_always_enough_candidates_for_k():
    for effort in Effort:
        assert SearchParams.for_k(5000, effort=effort).candidates >= 5000


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 1, "threads": 0}, {"k": 1, "effort": "max"}])
def test_a_search_that_cannot_be_is_refused(options):
    with pytest.raises(ConfigError):
        SearchParams.for_k(**options)
