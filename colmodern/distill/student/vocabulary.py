"""Which tokens does a student know? Its tokenizer: its teacher's, its start's, or a trained one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.errors import ConfigError, EncoderError

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LONGEST_ENDING = 5
_UNUSED = re.compile(r"\[unused\d+\]")
_ROLES = ("cls_token", "sep_token", "pad_token", "unk_token", "mask_token")


@dataclass(frozen=True, slots=True)
class Markers:
    """The ids of the tokens around every text, and of padding."""

    cls: int
    sep: int
    pad: int


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a checkpoint, of the class of transformers.

    Raises:
        EncoderError: There is none, or it cannot be read, or it has no [CLS], [SEP] and [PAD].
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as err:  # transformers, tokenizers and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"Cannot load the tokenizer in {folder}: {reason}.", code="encoder_unreadable"
        ) from err
    names = ("cls_token_id", "sep_token_id", "pad_token_id")
    missing = [name for name in names if getattr(tokenizer, name) is None]
    if missing:
        raise EncoderError(
            f"The tokenizer in {folder} has no {missing[0].removesuffix('_id')}: students read "
            "texts between two markers.",
            code="encoder_unsupported",
        )
    return tokenizer


def markers_of(tokenizer: Any) -> Markers:
    """Return the ids of the markers of a tokenizer."""
    return Markers(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)


def fingerprint(tokenizer: Any) -> str:
    """Return a hex digest of a vocabulary: tokens and their ids."""
    digest = hashlib.sha256()
    for token, number in sorted(tokenizer.get_vocab().items()):
        digest.update(f"{number} {token}\n".encode())
    return digest.hexdigest()


def token_numbers(teacher: Any, student: Any, *, where: Path) -> np.ndarray:
    """Return the number that each of the student's tokens has in a teacher's vocabulary, int64.

    Markers are matched by what they are for, word pieces by their letters. Tokens that no text is
    split into (places that BERT left unused, added tokens of the student) become the unknown one.

    Raises:
        ConfigError: The teacher lacks a word piece.
    """
    theirs, ours = teacher.get_vocab(), student.get_vocab()
    numbers = np.full(max(ours.values()) + 1, teacher.unk_token_id or 0, np.int64)
    silent = {*student.get_added_vocab(), *student.all_special_tokens}
    for token, number in ours.items():
        if token in theirs:
            numbers[number] = theirs[token]
        elif token not in silent and not _UNUSED.fullmatch(token):
            raise _other_tokenizer(where, f"the token {token!r} is not there")
    for role in _ROLES:
        name, other = getattr(student, role), getattr(teacher, role)
        if name is not None and other is not None:
            numbers[ours[name]] = theirs[other]
    return numbers


def refuse_other(teacher: Any, student: Any, *, where: Path) -> None:
    """Refuse a teacher whose tokens have other numbers than the student's.

    Added tokens of the student (prefixes) do not count.

    Raises:
        ConfigError: Their vocabularies differ.
    """
    theirs, ours = teacher.get_vocab(), student.get_vocab()
    different = next((token for token, number in theirs.items() if ours.get(token) != number), None)
    if different is not None:
        raise _other_tokenizer(
            where,
            f"the token {different!r} is number {theirs[different]} there and "
            f"{ours.get(different)} here",
        )


def refuse_too_small(tokenizer: Any, n_embeddings: int, *, where: Path) -> None:
    """Refuse a tokenizer with more tokens than the model has embeddings.

    Raises:
        ConfigError: The checkpoint has the tokenizer of another model.
    """
    highest = max(tokenizer.get_vocab().values())
    if highest >= n_embeddings:
        raise ConfigError(
            f"The checkpoint in {where} has {n_embeddings} embeddings, but its tokenizer has a "
            f"token {highest}: it is the tokenizer of another model.",
            code="checkpoint_mismatch",
        )


def train_vocabulary(texts: Iterable[str], *, size: int, folder: Path) -> Path:
    """Write a lower-casing WordPiece tokenizer of some texts; the same texts, the same tokens.

    The vocabulary is every character, then the most frequent words and ends of words. (The trainers
    of ``tokenizers`` break ties by the order of a hash map: no two runs give the same.)

    Args:
        texts: What to learn from.
        size: How many tokens at most.
        folder: Where ``tokenizer.json`` goes.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    counts = Counter(
        word
        for text in texts
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    )
    vocabulary = {token: number for number, token in enumerate(_pieces(counts, size))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    ends = {name: tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]")}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[*ends.items()]
    )
    words: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    words.save_pretrained(folder)
    return folder


def _other_tokenizer(where: Path, difference: str) -> ConfigError:
    return ConfigError(
        f"The teacher in {where} has another tokenizer than the student ({difference}): "
        "token-level distillation needs the same tokens. Start from another checkpoint, or leave "
        "out [warm-start].",
        code="checkpoint_mismatch",
    )


def _pieces(counts: Counter[str], size: int) -> list[str]:
    """Return special tokens, characters, and the words and endings that save most characters."""
    characters = sorted({character for word in counts for character in word})
    pieces = [*_SPECIAL, *characters, *(f"##{character}" for character in characters)]
    saved: Counter[str] = Counter()
    for word, count in counts.items():
        if len(word) > 1:
            saved[word] += count * len(word)
        for length in range(2, min(_LONGEST_ENDING, len(word) - 1) + 1):
            saved[f"##{word[-length:]}"] += count
    best = sorted(saved, key=lambda piece: (-saved[piece], piece))
    return [*pieces, *best][:size]
