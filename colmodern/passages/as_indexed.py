"""Which words of a text are those of a query only as the index counts words?

The index finds ``_kbhit_unix`` by ``kbhit`` and a ligature by its letters (``text.words``); the
words by which passages are chosen (``passages.words``) are coarser. Where they find nothing in a
document that the index has found, the words that stand there take the place of the query's.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from colmodern.passages.asked import PassageQuery
from colmodern.passages.words import word_runs
from colmodern.text.words import folded, word_spans, words_of


def as_it_stands(query: PassageQuery, text: str) -> PassageQuery:
    """Return a query of the text's own words that the index takes for those of a query.

    Args:
        query: Its words, and how much each says.
        text: A document's text.
    """
    says: dict[str, float] = {}
    for word, idf in zip(query.words, query.idf.tolist(), strict=True):
        for part in words_of(word):
            says[part] = max(idf, says.get(part, 0.0))
    plain = folded(text)
    if not any(part in plain for part in says):  # found by its title alone
        return PassageQuery()
    runs = word_runs(text)
    begins = [begin for _, begin, _ in runs]
    found: dict[str, float] = {}
    for word, begin, _ in word_spans(text):
        at = bisect_right(begins, begin) - 1
        if word in says and at >= 0 and begin < runs[at][2]:
            run = runs[at][0]
            found[run] = max(says[word], found.get(run, 0.0))
    return PassageQuery(list(found), np.array(list(found.values()), np.float64))
