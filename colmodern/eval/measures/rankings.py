"""Which numbers say how good a run is? Those of ir-measures; none is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from colmodern.errors import InputError, MissingExtraError
from colmodern.eval.layouts import Qrels

Ranking: TypeAlias = tuple[tuple[str, float], ...]
Rankings: TypeAlias = Mapping[str, Sequence[tuple[str, float]]]

DEFAULT_MEASURES = ("nDCG@10", "R@100")
_LEAST_DEPTH = 100
_FULL_DEPTH = 1_000


def parse_measures(names: Iterable[str]) -> dict[str, Any]:
    """Return ir-measures' objects by their names in its own spelling.

    Args:
        names: Measures as ir-measures writes them: ``nDCG@10``, ``R@100``, ``AP``, ``RR@10``.

    Raises:
        InputError: A measure is unknown, or needs a program that is not installed.
        MissingExtraError: ir-measures is not installed.
    """
    ir = _ir_measures()
    parsed: dict[str, Any] = {}
    for name in names:
        try:
            measure = ir.parse_measure(str(name).strip())
            is_known = ir.DefaultPipeline.supports(measure)
        except (ValueError, NameError, KeyError, AttributeError, TypeError, SyntaxError) as err:
            raise _unknown(name) from err
        if measure.params.get("cutoff", 1) < 1:
            raise _unknown(name)
        if not is_known:
            raise InputError(
                f"The measure {name} is known to ir-measures, but no installed package "
                "computes it.",
                code="measure_unknown",
            )
        parsed[str(measure)] = measure
    if not parsed:
        raise InputError("Name at least one measure, for instance nDCG@10.", code="measure_unknown")
    return parsed


def depth_of(names: Iterable[str]) -> int:
    """Return how many hits a query must have for some measures.

    The largest cutoff, at least 100; at least 1,000 for a measure without a cutoff, such as AP.

    Raises:
        InputError: A measure is unknown.
    """
    depth = _LEAST_DEPTH
    for measure in parse_measures(names).values():
        cutoff = measure.params.get("cutoff")
        depth = max(depth, _FULL_DEPTH if cutoff is None else cutoff)
    return depth


def measure_rankings(
    qrels: Qrels, rankings: Rankings, names: Iterable[str] = DEFAULT_MEASURES
) -> dict[str, dict[str, float]]:
    """Return, for each measure, its value for every judged query.

    A query without hits has what the measure gives for nothing found (0 for the usual ones). As in
    trec_eval, a ranking is sorted by score, and by id where scores are equal: whoever measures the
    same scores with another tool gets the same numbers.

    Args:
        qrels: For every query id, the grade of each judged document.
        rankings: For query ids, pairs of document id and score, best first.
        names: Measures as ir-measures writes them.

    Raises:
        InputError: A measure is unknown, or a ranking names a document twice.
        MissingExtraError: ir-measures is not installed.
    """
    measures = parse_measures(names)
    values: dict[str, dict[str, float]] = {name: {} for name in measures}
    names_of = {measure: name for name, measure in measures.items()}
    run = {query: _scores(query, ranking) for query, ranking in rankings.items() if query in qrels}
    try:
        for metric in _ir_measures().iter_calc(list(measures.values()), qrels, run):
            values[names_of[metric.measure]][metric.query_id] = float(metric.value)
    except (ValueError, RuntimeError, OSError) as err:
        raise InputError(
            f"ir-measures cannot compute {', '.join(measures)}: {err}", code="measure_unknown"
        ) from err
    return {name: {query: by_query[query] for query in qrels} for name, by_query in values.items()}


def mean(by_query: Mapping[str, float]) -> float:
    """Return the mean over queries."""
    return sum(by_query.values()) / len(by_query)


def _unknown(name: str) -> InputError:
    return InputError(
        f"{str(name)!r} is no measure that ir-measures knows; some that it knows: nDCG@10, R@100, "
        "AP, RR@10, P@5, Success@1.",
        code="measure_unknown",
    )


def _scores(query: str, ranking: Sequence[tuple[str, float]]) -> dict[str, float]:
    scores = dict(ranking)
    if len(scores) != len(ranking):
        raise InputError(
            f"The ranking of query {query!r} names a document twice.", code="id_duplicate"
        )
    return scores


def _ir_measures() -> Any:
    try:
        import ir_measures
    except ImportError as err:
        raise MissingExtraError(purpose="Evaluation", extra="eval") from err
    return ir_measures
