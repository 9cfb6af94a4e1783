"""Which tokens is a text made of, and where in it does each one stand?

A thin wrapper over the ``tokenizers`` library. Cutting long texts and filling up short ones is
not done here: whatever tokenizer.json says about that is switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.encoder.checkpoint.specs import Checkpoint, read_json
from colmodern.encoder.tokens.scripts import is_read
from colmodern.encoder.tokens.told_errors import told_errors, without_traces
from colmodern.errors import EncoderError
from colmodern.frozen import frozen
from colmodern.text.scripts import scripts_of
from colmodern.types import IntVector, Spans

# Texts that no tokenizer of a checkpoint may fail on: what is broken is told when it is loaded.
_TRIED = ("", "a b, 9", "\u00e9\u4e2d\U0001f600")
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


@frozen(eq=False)
class TokenisedText:
    """The tokens of one text, special ones included.

    Attributes:
        ids: Token ids, shape (n,), int64.
        spans: Start and end character of each token in the text, shape (n, 2), int32; (0, 0) for
            special tokens and the prompt.
        head: How many tokens at the start are special or belong to the prompt.
        tail: How many tokens at the end are special.
    """

    ids: IntVector
    spans: Spans
    head: int
    tail: int

    @property
    def n_body(self) -> int:
        """How many tokens belong to the text itself."""
        return len(self.ids) - self.head - self.tail


class TextTokenizer:
    """The tokenizer of a checkpoint.

    Attributes:
        max_length: The longest input it was set up for, or None if its settings name none.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Read tokenizer.json and tokenizer_config.json.

        Raises:
            EncoderError: A file is missing or malformed, or asks for padding or truncation on
                the left.
        """
        folder = checkpoint.folder
        self._path = folder / "tokenizer.json"
        self._tokenizer = _read_tokenizer(self._path)
        path = folder / "tokenizer_config.json"
        self._settings = read_json(path) if path.is_file() else {}
        for side in ("padding_side", "truncation_side"):
            if self._settings.get(side, "right") != "right":
                raise EncoderError(
                    f"{path}: {side} {self._settings[side]!r} is not supported.",
                    code="encoder_unsupported",
                )
        if checkpoint.lower_case:
            self._lower_case()
        self._register(checkpoint.markers)
        self._added = np.array(sorted(self._tokenizer.get_added_tokens_decoder()), dtype=np.int64)
        self._known_scripts: dict[str, bool] = {}
        limit = self._settings.get("model_max_length")
        # "No limit" is written as a number of thirty digits.
        self.max_length = limit if isinstance(limit, int) and limit < 10**9 else None

    def token_id(self, word: str) -> int | None:
        """Return the id of a token, or None if there is none of that name."""
        found = self._tokenizer.token_to_id(word)
        return None if found is None else int(found)

    @property
    def filler_id(self) -> int | None:
        """The id of the mask token, or else of the end token, or None."""
        for key in ("mask_token", "eos_token"):
            token = self._settings.get(key)
            name = token.get("content") if isinstance(token, dict) else token
            if isinstance(name, str):
                return self.token_id(name)
        return None

    def unread_scripts(self, text: str) -> tuple[str, ...]:
        """Return the scripts of a text's letters if the vocabulary knows less than half of them.

        Letters are unknown if they are in an unknown token, or of a script of which the vocabulary
        has next to no piece; by how many there are. Empty: the text can be read, as is one without
        letters.
        """
        if text.isascii():
            return ()
        letters = scripts_of(text)
        unread = {s: n for s, n in letters.items() if not self._reads(s)}
        n_unread = sum(unread.values()) + self._in_unknown_tokens(text, letters, unread)
        if 2 * n_unread <= sum(letters.values()):
            return ()
        return tuple(sorted(unread, key=lambda script: (-unread[script], script)))

    def _in_unknown_tokens(
        self, text: str, letters: Mapping[str, int], unread: Mapping[str, int]
    ) -> int:
        """Return how many letters of scripts that are read are in tokens that are unknown."""
        if self._unknown is None or len(unread) == len(letters):
            return 0
        (tokens,) = self.encode([text])
        unknown = [
            text[slice(*tokens.spans[i])] for i in (tokens.ids == self._unknown).nonzero()[0]
        ]
        found = scripts_of("".join(unknown))
        return sum(n for script, n in found.items() if script not in unread)

    @cached_property
    def _unknown(self) -> int | None:
        name = getattr(self._tokenizer.model, "unk_token", None)
        return None if name is None else self.token_id(name)

    def _reads(self, script: str) -> bool:
        if script not in self._known_scripts:
            self._known_scripts[script] = is_read(script, self._pieces())
        return self._known_scripts[script]

    def _pieces(self) -> Iterator[str]:
        """Yield the text of each token of the vocabulary."""
        decoder = self._tokenizer.decoder
        for piece in self._tokenizer.get_vocab():
            yield piece if decoder is None or piece.isascii() else decoder.decode([piece])

    def encode(self, texts: Sequence[str], *, prompt: str = "") -> list[TokenisedText]:
        """Return the tokens of each text with the prompt before it.

        Lone surrogates, which no tokenizer takes, count as U+FFFD.
        """
        whole = [prompt + _encodable(text) for text in texts]
        with told_errors(self._path):
            encodings = self._tokenizer.encode_batch(whole, add_special_tokens=True)
        return [
            self._tokenised(encoding, text, len(prompt))
            for encoding, text in zip(encodings, whole, strict=True)
        ]

    def _tokenised(self, encoding: Any, text: str, n_prompt: int) -> TokenisedText:
        ids = np.array(encoding.ids, dtype=np.int64)
        spans = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
        special = np.array(encoding.special_tokens_mask, dtype=bool)
        leading = special
        if n_prompt:
            starts, ends = spans.T
            is_in_prompt = (ends <= n_prompt) | np.isin(ids, self._added)
            leading = special | ((starts < n_prompt) & is_in_prompt)
        head = _leading(leading)
        tail = min(_leading(special[::-1]), len(ids) - head)
        _without_space(spans, text)
        spans = np.maximum(spans - n_prompt, 0)
        spans[special] = 0
        spans[:head] = 0
        return TokenisedText(ids, spans, head, tail)

    def _lower_case(self) -> None:
        from tokenizers import normalizers

        present = self._tokenizer.normalizer
        steps = [normalizers.Lowercase()] + ([] if present is None else [present])
        self._tokenizer.normalizer = normalizers.Sequence(steps)

    def _register(self, markers: Sequence[str]) -> None:
        """Make each marker one token again where the vocabulary has it but a text would not."""
        from tokenizers import AddedToken

        for marker in markers:
            for name in (marker, marker.split(None, 1)[0]):
                if self.token_id(name) is None:
                    continue
                if self._tokenizer.encode(name, add_special_tokens=False).tokens != [name]:
                    token = AddedToken(name, normalized=False, special=True)
                    self._tokenizer.add_special_tokens([token])
                break


def _read_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    if not path.is_file():
        raise EncoderError(
            f"The checkpoint lacks {path}. A tokenizer without that file (an older or "
            "sentencepiece one) must be saved again with a current transformers.",
            code="encoder_unreadable",
        )
    with told_errors(path), without_traces():
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_batch(_TRIED)
    return tokenizer


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_SURROGATES)
    return text


def _leading(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Return how many flags at the start are set."""
    return len(flags) if flags.all() else int(np.argmin(flags))


def _without_space(spans: Spans, text: str) -> None:
    """Move starts behind the one space that byte-level tokens carry, in place."""
    characters = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    if not len(characters):
        return
    starts = spans[:, 0]
    first = characters[np.minimum(starts, len(characters) - 1)]
    starts += (first == ord(" ")) & (spans[:, 1] - starts > 1)
