"""Checkpoints that somebody crafted get a sentence, and never a trace."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from colmodern.encoder import Encoder, load_encoder
from colmodern.errors import EncoderError

from .conftest import edit_json

SETTINGS = "config_sentence_transformers.json"
WORD_PIECE = {
    "type": "WordPiece",
    "vocab": {"a": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3},
    "unk_token": "[UNK]",
    "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100,
}
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "X", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ],
    "pair": [],
    "special_tokens": {},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": WORD_PIECE}, "Missing .UNK. token"),
        ({"pre_tokenizer": {"type": "FixedLength", "length": 0}}, "chunk size must be non-zero"),
        ({"post_processor": TEMPLATE}, "no entry found for key"),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "BAAAAP////9h"}}, "bounds"),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": ""}}, "charsmap"),
        ({"model": {"type": "Nothing"}}, "no tokenizer that can be run"),
        (
            {"post_processor": {"type": "BertProcessing", "sep": ["S", 9999], "cls": ["C", 9999]}},
            "gives token 9999, the model knows",
        ),
    ],
)
def test_a_crafted_tokenizer_gets_a_sentence(checkpoints, changes, message, capfd):
    folder = checkpoints.sentence_transformers()
    edit_json(folder / "tokenizer.json", **changes)

    with pytest.raises(EncoderError, match=message):
        Encoder.load(folder)

    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_size", float("inf")),
        ("hidden_size", float("nan")),
        ("hidden_size", [1]),
        ("num_hidden_layers", 10**12),
        ("num_hidden_layers", -1),
        ("layer_types", 7),
        ("layer_types", [[1]]),
        ("rope_parameters", [1]),
        ("rope_parameters", {"full_attention": "x"}),
        ("global_rope_theta", float("nan")),
        ("global_rope_theta", 0),
        ("local_rope_theta", float("inf")),
        ("norm_eps", float("nan")),
        ("max_position_embeddings", 0),
        ("local_attention", float("inf")),
    ],
)
def test_a_crafted_configuration_gets_a_sentence(checkpoints, field, value):
    folder = checkpoints.sentence_transformers()
    edit_json(folder / "config.json", rope_parameters=...)
    edit_json(folder / "config.json", **{field: value})

    with pytest.raises(EncoderError, match=r"config\.json"):
        Encoder.load(folder)


@pytest.mark.parametrize("layout", ["sentence_transformers", "pylate"])
@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (SETTINGS, "prompts", "query: "),
        (SETTINGS, "prompts", {"query": -1}),
        (SETTINGS, "prompts", {"document": ["d"]}),
        (SETTINGS, "prompts", {"document": "\ud800"}),
        ("sentence_bert_config.json", "modality_config", 5),
        ("sentence_bert_config.json", "modality_config", {"text": "x"}),
        ("sentence_bert_config.json", "max_seq_length", "long"),
        ("1_Dense/config.json", "module_input_name", ["token_embeddings"]),
    ],
)
def test_a_setting_of_another_kind_gets_a_sentence(checkpoints, layout, name, field, value):
    folder = getattr(checkpoints, layout)()
    edit_json(folder / name, **{field: value})

    with pytest.raises(EncoderError, match=r"must be|wrong kind"):
        Encoder.load(folder)


def test_queries_are_not_filled_up_without_end(checkpoints):
    folder = checkpoints.sentence_transformers()
    expansion = {"strategy": "fixed", "length": 4_097}
    edit_json(folder / "sentence_bert_config.json", query_expansion=expansion)

    with pytest.raises(EncoderError, match="4097 tokens; more than 4096"):
        Encoder.load(folder)


@pytest.mark.parametrize("name", ["config.json", "modules.json", "tokenizer_config.json"])
def test_a_deep_file_gets_a_sentence(checkpoints, name):
    folder = checkpoints.sentence_transformers()
    (folder / name).write_text("[" * 100_000)

    with pytest.raises(EncoderError, match="not valid JSON"):
        Encoder.load(folder)


def test_a_panic_shows_no_trace_on_the_terminal(checkpoints):
    folder = checkpoints.sentence_transformers()
    edit_json(folder / "tokenizer.json", pre_tokenizer={"type": "FixedLength", "length": 0})
    program = (
        "import sys\nfrom colmodern.encoder import Encoder\n"
        f"try: Encoder.load({str(folder)!r})\nexcept Exception as error: print(error.code)"
    )
    command = [sys.executable, "-c", program]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("encoder_unreadable\n", "")


@pytest.mark.parametrize(
    "name", ["someone/model", "someone/model?document_length=99", "//host/share", r"\\host\share"]
)
def test_a_name_from_a_file_never_asks_the_network(monkeypatch, name):
    asked = []

    class Hub:
        @staticmethod
        def snapshot_download(*arguments, local_files_only=False, **_):
            asked.append(local_files_only)
            raise FileNotFoundError

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    with pytest.raises(EncoderError, match="--fetch") as caught:
        load_encoder(name)

    assert caught.value.code == "encoder_not_found"
    assert all(asked)


def test_settings_that_are_no_object_get_a_sentence(checkpoints):
    folder = checkpoints.sentence_transformers()
    (folder / "config_sentence_transformers.json").write_text(json.dumps([1]))

    with pytest.raises(EncoderError, match="must hold a JSON object"):
        Encoder.load(folder)
