"""Which scripts does a vocabulary hold words of?

A model that was trained on English has next to no pieces of two Greek letters or more, and no
ideographs: such a text becomes unknown tokens or single letters, of which it makes nothing. The
vocabulary decides which scripts those are.
"""

from __future__ import annotations

from collections.abc import Iterable

from colmodern.text.scripts import LATIN, scripts_of

__all__ = ["is_read"]

# A script is read if so many pieces have two letters of it or more, or so many have one: those of
# ideographs are words. (BERT's English vocabulary has 27,533 of Latin, 8 of Cyrillic and 488 single
# ideographs; its multilingual one has some 18,000 ideographs.)
LEAST_PIECES, LEAST_IDEOGRAPHS = 100, 2_000


def is_read(script: str, pieces: Iterable[str]) -> bool:
    """Say whether a vocabulary has enough pieces of a script; it is looked through until it has.

    Args:
        script: As ``scripts_of`` names it.
        pieces: The text of each token of the vocabulary.
    """
    n_several = n_single = 0
    for piece in pieces:
        if piece.isascii() and script != LATIN:
            continue
        n_letters = scripts_of(piece)[script]
        n_several += n_letters > 1
        n_single += n_letters == 1
        if n_several >= LEAST_PIECES or n_single >= LEAST_IDEOGRAPHS:
            return True
    return False
