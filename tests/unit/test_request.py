import pytest

from colmodern.errors import ConfigError
from colmodern.request import IndexConfig, SearchRequest


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


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 1, "threads": 0}, {"k": 1, "effort": "max"}])
def test_a_search_that_cannot_be_is_refused(options):
    with pytest.raises(ConfigError):
        SearchRequest(**options)
