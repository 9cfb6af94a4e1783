"""Spans, prompts and texts that are hard to tokenise."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.specs import Checkpoint
from colmodern.encoder.tokens.tokenizer import TextTokenizer


def surfaces(text, result):
    """Return the text under each span, "" for tokens without a place in it."""
    return [text[start:end] for start, end in result.spans.tolist()]


@pytest.fixture
def tokenizer(checkpoints):
    return TextTokenizer(
        Checkpoint(folder=checkpoints.tokenizer(checkpoints.folder()), projection=())
    )


def test_spans_point_at_each_word_of_the_text_itself(checkpoints):
    encoder = Encoder.load(checkpoints.sentence_transformers())
    text = "  The quick,  brown\u00a0\nfoxs!"

    (document,) = encoder.encode_documents([text])
    (query,) = encoder.encode_queries([text])

    words = ["The", "quick", ",", "brown", "fox", "s", "!"]
    assert surfaces(text, document) == ["", "", *words, ""]
    assert surfaces(text, query) == ["", "", *words, ""]


def test_spans_count_characters_not_bytes(tokenizer):
    text = "\U0001f98a \u00fcber fox"

    (found,) = tokenizer.encode([text], prompt="the ")

    assert surfaces(text, found) == ["", "", "\U0001f98a", "\u00fcber", "fox", ""]
    assert (found.head, found.n_body, found.tail) == (2, 3, 1)


def test_skipped_tokens_have_no_span(checkpoints):
    encoder = Encoder.load(checkpoints.pylate())
    text = "a fox, a dog."

    (document,) = encoder.encode_documents([text])

    assert surfaces(text, document) == ["", "", "a", "fox", "a", "dog", ""]
    assert len(document) == 7


def test_expansion_tokens_have_no_place_in_the_text(checkpoints):
    encoder = Encoder.load(checkpoints.pylate())

    (query,) = encoder.encode_queries(["a fox"])

    assert len(query) == 32
    assert surfaces("a fox", query) == ["", "", "a", "fox", *[""] * 28]


def test_truncation_and_padding_of_the_tokenizer_file_are_switched_off(tokenizer):
    short, long = tokenizer.encode(["fox", "fox " * 50])

    assert len(short.ids) == 3
    assert len(long.ids) == 52


@pytest.mark.parametrize(
    "text", ["fox\ud800dog \udfff", "\x00fox\x00dog", "\ufeff\u200bfox", "\ud83e fox"]
)
def test_broken_characters_neither_crash_nor_shift_spans(checkpoints, text):
    encoder = Encoder.load(checkpoints.sentence_transformers())

    (result,) = encoder.encode_documents([text])

    ends = result.spans[:, 1]
    assert ends.max() <= len(text)
    assert any("fox" in surface for surface in surfaces(text, result))


def test_a_token_across_the_border_of_the_prompt_belongs_to_the_text(checkpoints):
    folder = checkpoints.folder()
    merges = [("h", "i"), ("hi", "g"), ("hig", "h")]
    symbols = ["h", "i", "g", "x", "hi", "hig", "high", "[CLS]"]
    tokenizer = Tokenizer(models.BPE({s: i for i, s in enumerate(symbols)}, merges))
    tokenizer.save(str(folder / "tokenizer.json"))
    found = TextTokenizer(Checkpoint(folder=folder, projection=())).encode(["ghx"], prompt="xhi")

    assert found[0].ids.tolist() == [3, 6, 3]
    assert surfaces("ghx", found[0]) == ["", "gh", "x"]
    assert found[0].head == 1


def test_the_space_of_byte_level_tokens_is_left_out(checkpoints):
    folder = checkpoints.folder()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {symbol: index for index, symbol in enumerate(sorted(alphabet))}
    vocabulary |= {"\u0120x": 300, "ab": 301}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("\u0120", "x"), ("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    tokenizer.save(str(folder / "tokenizer.json"))
    text = "ab x  x"

    (found,) = TextTokenizer(Checkpoint(folder=folder, projection=())).encode([text])

    assert surfaces(text, found) == ["ab", "x", " ", "x"]


def test_a_tokenizer_without_settings_has_no_limit_and_no_filler(checkpoints):
    folder = checkpoints.tokenizer(checkpoints.folder())
    (folder / "tokenizer_config.json").unlink()

    tokenizer = TextTokenizer(Checkpoint(folder=folder, projection=()))

    assert tokenizer.max_length is None
    assert tokenizer.filler_id is None


def test_special_tokens_written_as_objects_are_read(checkpoints, set_fields):
    folder = checkpoints.tokenizer(checkpoints.folder())
    set_fields(
        folder / "tokenizer_config.json",
        mask_token={"content": "[MASK]"},
        model_max_length=1000000000000000019884624838656,
    )

    tokenizer = TextTokenizer(Checkpoint(folder=folder, projection=()))

    assert tokenizer.filler_id == 4
    assert tokenizer.max_length is None
