"""No pattern of the package may take more than linear time, whatever the text."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import colmodern

from .attacks import attacks_on
from .growth import TooLongError, assert_linear

PACKAGE = Path(colmodern.__file__).parent
ATTACKS = 250
LARGEST = 1 << 13
ENOUGH = 0.02  # a pattern whose work is quadratic needs more for LARGEST characters

# Patterns that are put together when they are used: a function, and the test that covers it.
MADE_OF_PARTS = {
    ("corpus/patterns.py", "_compile"): "test_linear_extraction.py",
    ("corpus/extraction/office/archive.py", "matching"): "test_linear_extraction.py",
}


def calls_of_re(tree):
    """Calls of the module ``re``, each with the function it is in and the name it is given."""
    todo = [(node, "", "") for node in tree.body]
    while todo:
        node, function, name = todo.pop()
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        if is_attribute_of(node, "re") and node.func.attr not in {"escape", "purge"}:
            yield node, function, name
        todo += [(child, function, name) for child in ast.iter_child_nodes(node)]


def is_attribute_of(node, name):
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and isinstance(node.func.value, ast.Name) and node.func.value.id == name


def uses_of(call, name, tree):
    """How a pattern is used: with all of a text, at one place, or everywhere in it."""
    if call.func.attr != "compile":
        found = {call.func.attr}
    else:
        found = {node.func.attr for node in ast.walk(tree) if is_attribute_of(node, name)}
    uses = found & {"match", "fullmatch"}
    return sorted(uses | ({"finditer"} if found - uses or not found else set()))


def patterns():
    """Every use of every pattern of the package, by its place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        tree = ast.parse(path.read_text())
        for call, function, name in calls_of_re(tree):
            if (place.as_posix(), function) in MADE_OF_PARTS:
                continue
            module = importlib.import_module(".".join(("colmodern", *place.with_suffix("").parts)))
            given = [*call.args[1:], *(k.value for k in call.keywords if k.arg == "flags")]
            flags = [node for node in given if "re." in ast.unparse(node)]
            values = [
                eval(compile(ast.Expression(node), str(path), "eval"), vars(module))
                for node in (call.args[0], *flags)
            ]
            for use in uses_of(call, name, tree):
                name_of_test = f"{place}:{call.lineno}-{use}"
                yield pytest.param(re.compile(*values), use, id=name_of_test)


@pytest.mark.parametrize(("pattern", "use"), list(patterns()))
def test_a_pattern_takes_linear_time(pattern, use):
    for attack in attacks_on(pattern, ATTACKS):
        assert_linear(used(pattern, use), attack.made, largest=LARGEST, enough=ENOUGH)


def used(pattern, use):
    if use == "finditer":
        return lambda text: sum(1 for _ in pattern.finditer(text))
    return getattr(pattern, use)


@pytest.mark.parametrize(
    ("slow", "use"),
    [
        (r" {0,3}#{1,2}[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*$", "match"),
        (r"(?P<name>[^\s:#-][^:#]*?)[ \t]*:(?:[ \t]+(?P<value>.*?))?[ \t]*$", "match"),
        (r"(?:[^/]*a){3}b", "fullmatch"),
        (r"(a+)+$", "match"),
        (r"\s+$", "finditer"),
        (r"<TEXT>(.*?)</TEXT>", "finditer"),
        (r'"(?:[^"\\]|\\.)*"', "finditer"),
    ],
)
def test_a_slow_pattern_is_found(slow, use):
    pattern = re.compile(slow)
    assert any(is_slow(used(pattern, use), attack) for attack in attacks_on(pattern, ATTACKS))


def is_slow(function, attack):
    try:
        assert_linear(function, attack.made, first=16, largest=LARGEST, enough=ENOUGH / 8)
    except (AssertionError, TooLongError):
        return True
    return False
