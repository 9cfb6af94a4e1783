"""What a recipe names and nobody has is refused in words."""

import pytest

from colmodern.distill.checkpoints import check_weights, find_checkpoint
from colmodern.errors import ConfigError


@pytest.mark.parametrize(
    "name", ["package:no_such_package", "package:no_such.inner", "package:", "~nobody-here/m"]
)
def test_a_checkpoint_that_is_not_there(name):
    with pytest.raises(ConfigError) as caught:
        find_checkpoint(name)
    assert caught.value.code == "checkpoint_not_found"


def test_weights_that_are_wanted_and_not_there(tmp_path):
    check_weights(tmp_path, "")
    with pytest.raises(ConfigError, match=r"model\.safetensors of .* cannot be read") as caught:
        check_weights(tmp_path, "0123")
    assert caught.value.code == "checkpoint_mismatch"
