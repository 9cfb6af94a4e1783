"""What is read from checkpoint folders, and what is refused with which sentence."""

from __future__ import annotations

import string

import numpy as np
import pytest

from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.layouts import read_checkpoint
from colmodern.encoder.checkpoint.specs import Expansion, NormaliseSpec
from colmodern.errors import EncoderError

EXPANSION = {"strategy": "fixed", "length": 12}


def refuse(folder, message):
    with pytest.raises(EncoderError, match=message):
        Encoder.load(folder)


def test_a_pylate_checkpoint_is_read(checkpoints):
    found = read_checkpoint(checkpoints.pylate())

    assert (found.query_prompt, found.document_prompt) == ("[Q] ", "[D] ")
    assert found.expansion == Expansion(strategy="fixed", length=32)
    assert (found.query_length, found.document_length) == (None, 64)
    assert set(found.skip_words) == set(string.punctuation)
    assert found.skip_tasks == ("document",)
    assert isinstance(found.projection[-1], NormaliseSpec)


def test_a_pylate_checkpoint_of_an_early_version_is_read_alike(checkpoints):
    texts = ["a quick fox, a dog"]
    typed = Encoder.load(checkpoints.pylate())
    untyped = Encoder.load(checkpoints.pylate(settings={"model_type": ...}))

    for encode in ("encode_documents", "encode_queries"):
        (ours,), (theirs,) = getattr(typed, encode)(texts), getattr(untyped, encode)(texts)
        np.testing.assert_array_equal(ours.vectors, theirs.vectors)


def test_a_sentence_transformers_checkpoint_is_read(checkpoints):
    found = read_checkpoint(
        checkpoints.sentence_transformers(
            transformer={"document_length": 60, "query_length": 20, "query_expansion": EXPANSION},
            mask={"skiplist_words": [","], "skiplist_tasks": "query"},
        )
    )

    assert found.expansion == Expansion(strategy="fixed", length=12)
    assert (found.query_length, found.document_length) == (20, 60)
    assert (found.skip_words, found.skip_tasks) == ((",",), ("query",))


def test_a_folder_without_a_model_is_refused(tmp_path):
    refuse(tmp_path, "holds no model")


def test_a_bare_backbone_is_refused_with_what_to_do(checkpoints):
    folder = checkpoints.tokenizer(checkpoints.backbone(checkpoints.folder()))

    refuse(folder, "no projection .* never trained for late interaction.*colmodern distill")


def test_a_single_vector_model_is_refused(checkpoints, set_fields):
    folder = checkpoints.sentence_transformers()
    set_fields(folder / "config_sentence_transformers.json", model_type="SentenceTransformer")

    refuse(folder, "one vector a text")


@pytest.mark.parametrize("layout", ["pylate", "sentence_transformers", "stanford"])
def test_a_backbone_that_is_no_modernbert_is_refused_with_what_runs_it(checkpoints, layout):
    refuse(
        getattr(checkpoints, layout)(model_type="bert"),
        r"a 'bert' backbone.*ModernBERT only.*colmodern\[torch\].*--backend torch",
    )


@pytest.mark.parametrize("layout", ["pylate", "sentence_transformers", "stanford"])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(checkpoints, layout, name):
    folder = getattr(checkpoints, layout)()
    (folder / name).unlink()

    refuse(folder, name.replace(".", r"\."))


@pytest.mark.parametrize(
    "name",
    ["config_sentence_transformers.json", "1_Dense/config.json", "1_Dense/model.safetensors"],
)
def test_a_missing_file_of_a_module_is_named(checkpoints, name):
    folder = checkpoints.pylate()
    (folder / name).unlink()

    refuse(folder, name.replace(".", r"\."))


@pytest.mark.parametrize("name", ["config.json", "modules.json", "tokenizer.json"])
def test_a_file_that_is_no_json_is_refused(checkpoints, name):
    folder = checkpoints.sentence_transformers()
    (folder / name).write_text("{ not json")

    refuse(folder, name.replace(".", r"\."))


def test_a_json_file_with_a_list_where_fields_belong_is_refused(checkpoints):
    folder = checkpoints.sentence_transformers()
    (folder / "config.json").write_text("[1]")

    refuse(folder, "must hold a JSON object, not a list")


def test_truncated_weights_are_refused(checkpoints):
    path = checkpoints.pylate() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])

    refuse(path.parent, "cut short")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("hidden_size", 64, r"tok_embeddings.* has shape \[\d+, 32\].* calls for \[\d+, 64\]"),
        ("vocab_size", 7, "tokenizer gives token .* the model knows 7"),
        ("num_hidden_layers", 5, "layer_types must name 5 layers"),
        ("norm_bias", True, "lacks the tensor 'embeddings.norm.bias'"),
        ("num_attention_heads", 5, "does not divide into 5 heads"),
        ("num_attention_heads", 32, "of even width"),
        ("hidden_activation", "relu", "hidden_activation 'relu' is not supported"),
        ("rope_parameters", {"full_attention": {"rope_type": "yarn"}}, "rope_type 'yarn'"),
        ("rope_parameters", {"rope_theta": 1.0}, "unknown fields"),
        ("rope_scaling", {"factor": 2}, "rope_scaling"),
        ("local_attention", 1, "local_attention must be at least 2"),
        ("local_attention", 1 << 63, "local_attention must be at least 2"),
        ("hidden_size", ..., "lacks the field 'hidden_size'"),
        ("hidden_size", "wide", "of the wrong kind"),
        ("intermediate_size", 0, "sizes must be at least 1"),
    ],
)
def test_a_configuration_that_cannot_be_run_is_refused(
    checkpoints, set_fields, field, value, message
):
    folder = checkpoints.pylate()
    set_fields(folder / "config.json", **{field: value})

    refuse(folder, message)


def test_a_step_between_global_layers_of_zero_is_refused(checkpoints, set_fields):
    folder = checkpoints.pylate()
    set_fields(folder / "config.json", layer_types=..., global_attn_every_n_layers=0)

    refuse(folder, "global_attn_every_n_layers")


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"}, "'fill-mask' is not run"),
        ("sentence_bert_config.json", {"module_output_name": "sentence_embedding"}, "not tokens"),
        ("sentence_bert_config.json", {"processing_kwargs": {"text": {}}}, "processing_kwargs"),
        (
            "sentence_bert_config.json",
            {"modality_config": {"text": {"method_output_name": "pooler_output"}}},
            "last hidden state",
        ),
        ("sentence_bert_config.json", {"modality_config": {"message": {}}}, "chat templates"),
        ("sentence_bert_config.json", {"document_length": 0}, "document_length must be a whole"),
        ("sentence_bert_config.json", {"document_length": 3}, "document may have 3 tokens"),
        ("sentence_bert_config.json", {"document_length": 513}, "longer than the 512"),
        ("sentence_bert_config.json", {"query_length": True}, "query_length must be a whole"),
        ("sentence_bert_config.json", {"query_expansion": {"strategy": "fixed"}}, "and a length"),
        ("sentence_bert_config.json", {"query_expansion": EXPANSION | {"x": 1}}, "with the keys"),
        (
            "sentence_bert_config.json",
            {"query_expansion": EXPANSION | {"strategy": "max"}},
            "strategy of",
        ),
        (
            "sentence_bert_config.json",
            {"query_expansion": EXPANSION | {"token": "[FILL]"}},
            r"'\[FILL\]', but the tokenizer has no such token",
        ),
        (
            "sentence_bert_config.json",
            {"query_expansion": EXPANSION, "query_length": 5},
            "less than the expansion's 12",
        ),
        ("tokenizer_config.json", {"padding_side": "left"}, "padding_side 'left'"),
        ("tokenizer_config.json", {"truncation_side": "left"}, "truncation_side 'left'"),
        (
            "1_Dense/config.json",
            {"module_input_name": "sentence_embedding"},
            "not on token vectors",
        ),
        ("1_Dense/config.json", {"in_features": 30}, "takes 30 values"),
        ("1_Dense/config.json", {"out_features": 30}, r"calls for \[30, 32\]"),
        ("1_Dense/config.json", {"activation_function": "my.Own"}, "activation 'my.Own'"),
        ("1_Dense/config.json", {"activation_function": "torch.nn.Hardswish"}, "not supported"),
        ("8_MultiVectorMask/config.json", {"keep_only_token_ids": [3]}, "keep_only_token_ids"),
        ("8_MultiVectorMask/config.json", {"skiplist_tasks": ["title"]}, "skiplist_tasks may name"),
        ("8_MultiVectorMask/config.json", {"skiplist_words": "abc"}, "must be a list of strings"),
        (
            "9_Normalize/config.json",
            {"module_input_name": "sentence_embedding"},
            "not token vectors",
        ),
    ],
)
def test_a_setting_that_cannot_be_honoured_is_refused(
    checkpoints, set_fields, file, changes, message
):
    folder = checkpoints.sentence_transformers()
    set_fields(folder / file, **changes)

    refuse(folder, message)


def test_expansion_without_a_mask_token_is_refused(checkpoints, set_fields):
    folder = checkpoints.pylate()
    set_fields(folder / "tokenizer_config.json", mask_token=...)

    refuse(folder, "'the mask token', but the tokenizer has no such token")


def entries(*kinds):
    return [{"idx": i, "name": str(i), "path": p, "type": t} for i, (t, p) in enumerate(kinds)]


TRANSFORMER = ("sentence_transformers.base.modules.transformer.Transformer", "")
DENSE = ("sentence_transformers.base.modules.dense.Dense", "1_Dense")
MASK = ("sentence_transformers.multi_vector_encoder.modules.MultiVectorMask", "8_MultiVectorMask")
NORMALISE = ("sentence_transformers.base.modules.normalize.Normalize", "9_Normalize")
POOLING = ("sentence_transformers.multi_vector_encoder.modules.HierarchicalTokenPooling", "9_x")


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({}, "must hold a list"),
        ([], "first module must be a Transformer"),
        ([{"path": ""}], "without a type"),
        (entries(DENSE, NORMALISE), "first module must be a Transformer"),
        (entries(TRANSFORMER, ("evil.Dense", "1_Dense"), NORMALISE), "'evil.Dense'.*not run"),
        (entries(TRANSFORMER, (DENSE[0], "../1_Dense"), NORMALISE), "leaves the checkpoint"),
        (entries(TRANSFORMER, (DENSE[0], "/1_Dense"), NORMALISE), "leaves the checkpoint"),
        (entries(TRANSFORMER, DENSE, MASK), "does not end with a Normalize"),
        (entries(TRANSFORMER, DENSE, MASK, NORMALISE, POOLING), "HierarchicalTokenPooling"),
        (entries(TRANSFORMER, DENSE, MASK, MASK, NORMALISE), "2 MultiVectorMask"),
        (entries(TRANSFORMER, DENSE, NORMALISE), "0 MultiVectorMask"),
    ],
)
def test_a_list_of_modules_that_cannot_be_run_is_refused(checkpoints, modules, message):
    import json

    folder = checkpoints.sentence_transformers(transformer={"query_expansion": EXPANSION})
    (folder / "modules.json").write_text(json.dumps(modules))

    refuse(folder, message)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (entries(TRANSFORMER, DENSE, MASK), "MultiVectorMask"),
        (entries(TRANSFORMER), "no Dense layer"),
    ],
)
def test_a_pylate_list_of_modules_that_cannot_be_run_is_refused(checkpoints, modules, message):
    import json

    folder = checkpoints.pylate()
    (folder / "modules.json").write_text(json.dumps(modules))

    refuse(folder, message)


def test_a_stanford_checkpoint_without_a_projection_is_refused(checkpoints):
    from safetensors.numpy import load_file, save_file

    folder = checkpoints.stanford()
    tensors = load_file(folder / "model.safetensors")
    del tensors["linear.weight"]
    save_file(tensors, folder / "model.safetensors")

    refuse(folder, "lacks the projection")
