"""The forward pass against transformers' ModernBertModel on the same random weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.encoder.forward.modernbert import ModernBert
from colmodern.encoder.forward.weights import read_weights
from colmodern.encoder.forward.workers import Workers

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TOLERANCE = 1e-4
LENGTHS = [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 512, 512, 1000]


def open_both(folder):
    """Return our model and transformers' of the same folder."""
    path = folder / "config.json"
    config = ModernBertConfig.from_json(json.loads(path.read_text()), where=str(path))
    weights_path = folder / "model.safetensors"
    ours = ModernBert(config, read_weights(weights_path, open_tensors(weights_path), config))
    theirs = transformers.ModernBertModel.from_pretrained(folder).eval()
    return ours, theirs


def reference(theirs, ids, mask=None):
    with torch.no_grad():
        attention = None if mask is None else torch.tensor(mask)[None]
        output = theirs(input_ids=torch.tensor(ids)[None], attention_mask=attention)
    return output.last_hidden_state[0].numpy()


def random_ids(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(5, 40, n) for n in lengths]


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({"local_attention": 128}, id="radius 64, head dim 16"),
        pytest.param({"hidden_size": 64, "local_attention": 128}, id="head dim 32"),
        pytest.param(
            {"hidden_size": 128, "local_attention": 16, "num_hidden_layers": 3}, id="head dim 64"
        ),
        pytest.param(
            {"hidden_size": 128, "num_attention_heads": 1, "num_hidden_layers": 2},
            id="head dim 128",
        ),
        pytest.param({"hidden_size": 48, "num_attention_heads": 3}, id="three heads"),
        pytest.param({"local_attention": 300, "num_hidden_layers": 2}, id="a radius above a block"),
        pytest.param(
            {"norm_bias": True, "attention_bias": True, "mlp_bias": True}, id="biases everywhere"
        ),
        pytest.param(
            {"layer_types": ["sliding_attention", "full_attention"], "num_hidden_layers": 2},
            id="layer types of the config",
        ),
        pytest.param(
            {
                "layer_types": ...,
                "rope_parameters": ...,
                "global_attn_every_n_layers": 2,
                "global_rope_theta": 80000.0,
                "local_rope_theta": 500.0,
            },
            id="fields of older configs",
        ),
    ],
)
def test_a_pack_gives_what_transformers_gives_for_each_sequence(checkpoints, shape):
    folder = checkpoints.backbone(checkpoints.folder(), max_position_embeddings=1024, **shape)
    ours, theirs = open_both(folder)
    sequences = random_ids(LENGTHS)

    found = ours.encode(np.concatenate(sequences), LENGTHS)

    parts = np.split(found, np.cumsum(LENGTHS)[:-1])
    for ids, part in zip(sequences, parts, strict=True):
        np.testing.assert_allclose(part, reference(theirs, ids), atol=TOLERANCE)


def test_eight_thousand_tokens_agree(checkpoints):
    folder = checkpoints.backbone(
        checkpoints.folder(),
        hidden_size=32,
        num_attention_heads=1,
        num_hidden_layers=2,
        max_position_embeddings=8192,
        local_attention=128,
    )
    ours, theirs = open_both(folder)
    (ids,) = random_ids([8192])

    np.testing.assert_allclose(ours.encode(ids, [8192]), reference(theirs, ids), atol=TOLERANCE)


@pytest.mark.parametrize(("length", "seen"), [(32, 9), (130, 20), (400, 350), (900, 500)])
def test_tokens_that_are_not_seen_look_but_are_not_looked_at(checkpoints, length, seen):
    folder = checkpoints.backbone(checkpoints.folder(), max_position_embeddings=1024)
    ours, theirs = open_both(folder)
    (ids,) = random_ids([length])
    mask = np.arange(length) < seen

    expected = reference(theirs, ids, mask.astype(np.int64))

    np.testing.assert_allclose(ours.encode(ids, [length], seen=[seen]), expected, atol=TOLERANCE)


def test_attention_is_sharp_enough_for_these_tests_to_notice_a_wrong_key(checkpoints):
    ours, _ = open_both(checkpoints.backbone(checkpoints.folder()))
    (ids,) = random_ids([200])
    changed = ids.copy()
    changed[100] = 3 if ids[100] != 3 else 4

    difference = np.abs(ours.encode(ids, [200]) - ours.encode(changed, [200])).max(axis=1)

    assert difference[0] > 10 * TOLERANCE  # through the global layers
    assert difference[95] > 100 * TOLERANCE


def test_a_masked_language_model_is_read_for_its_backbone(checkpoints):
    folder = checkpoints.backbone(checkpoints.folder())
    _, theirs = open_both(folder)
    whole = transformers.ModernBertForMaskedLM(theirs.config)
    whole.model.load_state_dict(theirs.state_dict())
    other = checkpoints.folder()
    whole.save_pretrained(other)
    ours, _ = open_both(other)
    (ids,) = random_ids([70])

    np.testing.assert_allclose(ours.encode(ids, [70]), reference(theirs, ids), atol=TOLERANCE)


def test_vectors_do_not_depend_on_the_number_of_threads(checkpoints):
    ours, _ = open_both(checkpoints.backbone(checkpoints.folder(), max_position_embeddings=1024))
    ids = np.concatenate(random_ids(LENGTHS))
    results = []
    for n_threads in (1, 2, 3):
        with Workers(n_threads).running() as run_jobs:
            results.append(ours.encode(ids, LENGTHS, run_jobs=run_jobs))

    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_lengths_that_do_not_add_up_are_refused(checkpoints):
    ours, _ = open_both(checkpoints.backbone(checkpoints.folder()))

    with pytest.raises(ValueError, match="add up to 5, but there are 4"):
        ours.encode(np.arange(4), [2, 3])
