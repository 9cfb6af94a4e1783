"""Which documents answer which query? Files of judgments, as BEIR and as TREC write them."""

from __future__ import annotations

import math
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Qrels
from colmodern.eval.layouts.rows import add_judgment, read_lines


def read_qrels(path: str | Path) -> Qrels:
    """Return the judgments of a file: the grade of each document, by query id.

    Args:
        path: Lines of query, document and grade with tabs (BEIR; a head is skipped), or of query,
            0, document and grade (TREC); gzip or not.

    Raises:
        InputError: The file cannot be read, a line is no judgment, or there is none.
    """
    file = Path(path)
    qrels: Qrels = {}
    for number, line in read_lines(file):
        if not line.strip():
            continue
        columns = line.rstrip("\r\n").split("\t")
        fields = line.split()
        place = f"{file}, line {number}"
        if len(columns) == 3:
            if number > 1 or _is_grade(columns[2]):
                add_judgment(qrels, columns[0], columns[1], columns[2], place)
        elif len(fields) == 4:
            add_judgment(qrels, fields[0], fields[2], fields[3], place)
        else:
            raise InputError(
                f"{place}: a judgment is query, document and grade with tabs, or query, 0, "
                "document and grade.",
                code="row_invalid",
            )
    if not qrels:
        raise InputError(f"{file} holds no judgment.", code="data_empty")
    return qrels


def _is_grade(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
