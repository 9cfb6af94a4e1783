"""Filters of Haystack as ``where``; that both keep the same is tested with the real package."""

from datetime import date

import pytest

from colmodern import ColModernError
from colmodern.integrations.haystack_filters import where_of
from colmodern.searcher.where import parse_where


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        (None, None),
        ({}, None),
        (
            {"field": "meta.year", "operator": ">=", "value": 2020},
            '"year" >= 2020 and "year" is not null',
        ),
        ({"field": 'a"b', "operator": "==", "value": None}, '"a""b" is null'),
        (
            {"field": "meta.name", "operator": "!=", "value": "it's"},
            "\"name\" != 'it''s' or \"name\" is null",
        ),
        (
            {"field": "meta.day", "operator": "<", "value": "2024-05-01"},
            '"day" < 2024-05-01 and "day" is not null',
        ),
        (
            {"field": "meta.day", "operator": "==", "value": date(2024, 5, 1)},
            '"day" = 2024-05-01 and "day" is not null',
        ),
        (
            {
                "operator": "NOT",
                "conditions": [
                    {"field": "meta.a", "operator": "in", "value": [1.5, True]},
                    {"field": "meta.b", "operator": "not in", "value": ["x"]},
                ],
            },
            (
                'not (("a" in (1.5, true) and "a" is not null) and '
                '(not ("b" in (\'x\') and "b" is not null) or "b" is null))'
            ),
        ),
    ],
)
def test_a_filter_is_said_in_our_language_and_can_be_read(filters, where):
    assert where_of(filters) == where
    if where is not None:
        parse_where(where)


@pytest.mark.parametrize(
    "filters",
    [
        ["year"],
        {"field": "meta.year"},
        {"field": "content", "operator": "==", "value": "x"},
        {"field": 3, "operator": "==", "value": "x"},
        {"field": "meta.year", "operator": "~", "value": 3},
        {"field": "meta.year", "operator": ">", "value": None},
        {"field": "meta.year", "operator": ">", "value": True},
        {"field": "meta.name", "operator": ">", "value": "abc"},
        {"field": "meta.year", "operator": "in", "value": []},
        {"field": "meta.year", "operator": "in", "value": 3},
        {"field": "meta.year", "operator": "==", "value": float("nan")},
        {"field": "meta.year", "operator": "==", "value": {}},
        {"operator": "XOR", "conditions": [{"field": "a", "operator": "==", "value": 1}]},
        {"operator": "AND", "conditions": []},
    ],
)
def test_what_cannot_be_said_is_refused(filters):
    with pytest.raises(ColModernError) as error:
        where_of(filters)
    assert (error.value.code, error.value.option) == ("filter_syntax", "filters")
