"""Modules of eval that have moved are found where they were, for one version."""

import importlib

import pytest

import colmodern.eval

FORMER = {
    "compare": ("results.compare", "Comparison"),
    "dataset": ("collection.dataset", "Dataset"),
    "efficiency": ("run.efficiency", "EfficiencyRow"),
    "environment": ("run.environment", "environment"),
    "evaluate": ("run.evaluate", "evaluate"),
    "memory": ("run.memory", "peak_bytes"),
    "record": ("run.record", "Record"),
    "report": ("results.report", "Report"),
    "significance": ("measures.significance", "holm"),
    "statistics": ("collection.statistics", "Statistics"),
    "markup": ("results.markup", "table_html"),
    "measures": ("measures.rankings", "parse_measures"),
}


@pytest.mark.parametrize("former", FORMER)
def test_a_former_module_is_the_one_of_now(former):
    now, name = FORMER[former]
    found = importlib.import_module(f"colmodern.eval.{former}")
    expected = importlib.import_module(f"colmodern.eval.{now}")
    assert getattr(found, name) is getattr(expected, name)


def test_the_environment_is_said_by_the_package():
    assert colmodern.eval.environment()["versions"]
