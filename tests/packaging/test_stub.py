"""Does `_native.pyi` name the arguments that the compiled functions have?"""

import ast
import re
from pathlib import Path

from colmodern.kernels import native

STUB = Path(__file__).parents[2] / "colmodern" / "kernels" / "_native.pyi"


def written(body, prefix=""):
    """The names of the arguments of each function and method of the stub."""
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= written(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            found[prefix + node.name] = [argument.arg for argument in arguments]
    return found


def compiled(name):
    place = native()
    for part in name.split("."):
        place = getattr(place, part)
    signature = place.__nb_signature__[0][0]
    arguments = signature[signature.index("(") :].split(" -> ")[0]
    return re.findall(r"(\w+)(?=:|[,)])", re.sub(r": [^:]*?(?=, \w+: |\)$)", "", arguments))


def test_the_stub_has_the_names_of_the_compiled_module():
    public = {name for name in dir(native()) if not name.startswith("__")}
    assert {name.split(".")[0] for name in written(ast.parse(STUB.read_text()).body)} == public


def test_arguments_have_the_same_names_in_the_same_order():
    for name, arguments in written(ast.parse(STUB.read_text()).body).items():
        assert compiled(name) == arguments, name
