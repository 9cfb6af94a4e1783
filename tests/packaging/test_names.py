"""Does every class and every alias of a type have a name of its own, whatever its file?"""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "colmodern"

# Still there twice; this list only shrinks.
TWICE: dict[str, set[str]] = {}


def names_of(node):
    """Classes, and what is bound in CamelCase: aliases of types."""
    if isinstance(node, ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    for target in targets:
        if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper():
            yield target.id


def places():
    found = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            for name in names_of(node):
                found[name].add(path.relative_to(PACKAGE).as_posix())
    return found


def test_no_class_has_a_name_that_another_one_has():
    twice = {name: files for name, files in places().items() if len(files) > 1}
    assert twice == TWICE
