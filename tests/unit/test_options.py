"""Adding an option is adding a field: every door has it then."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import colmodern
from colmodern.errors import ConfigError
from colmodern.options import options_of
from colmodern.request import IndexConfig, Mode, SearchParams, SearchRequest

# As if the field stood in request.py: the classes are replaced before anything else is imported.
ONE_MORE = """
import json, sys
from dataclasses import dataclass
from colmodern import request
from colmodern.options import option

@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest(request.SearchRequest):
    boost: float = option(0.5, minimum=0, maximum=2, help="How much news counts.")
    terse: bool = option(False, help="Say less.")

@dataclass(frozen=True, slots=True, kw_only=True)
class IndexConfig(request.IndexConfig):
    depth: int = option(3, minimum=1, help="How deep.")

request.SearchRequest, request.IndexConfig = SearchRequest, IndexConfig

import typer
from colmodern import HashEncoder
from colmodern.cli import app as cli
from colmodern.cli import search
from colmodern.cli.quick import plain_arguments
from colmodern.eval.systems import make_system
from colmodern.searcher import Searcher
from colmodern.searcher.plan import plan

def seen(words):
    found = []
    search.run_search = lambda arguments: found.append(arguments.request) or 0
    typer.main.get_command(cli.app).main(["search", "q", *words], standalone_mode=False)
    return found[0]

parameters = {p.name: p for p in typer.main.get_command(cli.app).commands["search"].params}
words = ["--boost", "1.5", "--terse"]
class Stub(Searcher):
    def __init__(self):
        pass
    def _allowed(self, where, begin):
        return []
    def _planned(self, asked, begin=None):
        raise LookupError(asked)
def asked(**options):
    try:
        Stub().search("q", **options)
    except LookupError as found:
        return found.args[0]
system = make_system("late:boost=1.5,terse=true,depth=7", encoder=HashEncoder())
of_index = typer.main.get_command(cli.app).commands["index"].params
both = SearchRequest(boost=1.5, terse=True)
print(json.dumps({
    "help": parameters["boost"].help,
    "parser": seen(words) == both,
    "quick": plain_arguments(["search", "q", *words]).request == both,
    "quick_range": plain_arguments(["search", "q", "--boost", "3"]) is None,
    "keyword": asked(boost=1.5, terse=True, mode="bm25")
    == SearchRequest(boost=1.5, terse=True, mode="bm25"),  # which asks for no encoder
    "plan": plan(both, n_documents=1, n_tokens=1, scoring="maxsim", threads=1).request.boost,
    "spec": system.spec,
    "name": system.name,
    "schema": SearchRequest.json_schema()["properties"]["boost"],
    "index": "--depth" in [word for p in of_index for word in p.opts],
    "config": IndexConfig.from_dict({"depth": 7}).to_dict()["depth"],
}))
"""


def test_a_new_field_is_found_in_all_doors():
    done = subprocess.run(
        [sys.executable, "-c", ONE_MORE], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "help": "How much news counts.",
        "parser": True,
        "quick": True,
        "quick_range": True,
        "keyword": True,
        "plan": 1.5,
        "spec": "late:medium,bits=4,depth=7,threads=1,model=hash:64:0,boost=1.5,terse=true",
        "name": "late medium, 4 bits, depth 7, boost 1.5, terse true",
        "schema": {
            "type": "number",
            "minimum": 0,
            "maximum": 2,
            "default": 0.5,
            "description": "How much news counts.",
        },
        "index": True,
        "config": 7,
    }


def test_an_option_costs_its_field_and_the_code_that_acts_on_it():
    package = Path(colmodern.__file__).parent
    naming = [file for file in package.rglob("*.py") if "passage_weight" in file.read_text("utf-8")]
    assert {file.relative_to(package).as_posix() for file in naming} == {
        "request.py",
        "searcher/segment.py",
    }


def test_an_option_can_need_another_one():
    needing = [one for one in options_of(SearchRequest) if one.only]
    assert needing
    for one in needing:
        other, wanted, *also = one.only
        [found] = [each for each in options_of(SearchRequest) if each.name == other]
        assert wanted in found.words
        assert getattr(SearchRequest(**{one.name: one.default}), one.name) == one.default
        others = [each for each in one.words if each != one.default]
        value = others[0] if others else one.maximum
        for word in set(found.words) - {wanted, *also}:
            with pytest.raises(ConfigError, match=f"{one.name} works in {other} {wanted} only"):
                SearchRequest(**{one.name: value, other: word})


def test_every_option_has_one_line_of_help_and_an_allowed_default():
    for kind in (IndexConfig, SearchRequest):
        assert len({one.typed for one in options_of(kind)}) == len(options_of(kind))
        for one in options_of(kind):
            assert one.help
            assert "\n" not in one.help
            assert one.checked(one.default) == one.default


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 2.5}, "k must be a whole number, not 2.5"),
        ({"k": True}, "k must be a whole number, not True"),
        ({"k": "3"}, "k must be a whole number, not '3'"),
        ({"k": None}, "k must be a whole number, not None"),
        ({"word_weight": "much"}, "word_weight must be a number, not 'much'"),
        ({"word_weight": float("nan")}, r"word_weight must lie in 0\.\.1, not nan"),
        ({"word_weight": 10**400}, "word_weight must be a number, not 1000"),
        ({"passages": "no"}, "passages must be true or false, not 'no'"),
        ({"where": 3}, "where must be a text, not 3"),
        ({"effort": 3}, "effort must be one of low, medium, high, exact, not 3"),
        ({"threads": 0}, "threads must lie in 1..1024, not 0"),
    ],
)
def test_a_value_of_another_kind_or_out_of_range_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        SearchRequest(**options)


def test_values_become_what_their_fields_say():
    request = SearchRequest(k=np.int64(5), mode="hybrid", word_weight=np.float32(0.5))
    assert request == SearchRequest(k=5, mode=Mode.HYBRID, word_weight=0.5)
    assert (type(request.k), type(request.word_weight)) == (int, float)
    assert request.mode is Mode.HYBRID


def test_a_request_survives_its_json():
    request = SearchRequest(k=3, where="year > 2000", probes=8, mode="bm25")
    assert SearchRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    with pytest.raises(ConfigError, match=r"no search option 'limit'; there are k, effort"):
        SearchRequest.from_dict({"limit": 3})
    with pytest.raises(ConfigError, match=r"'pol' \(did you mean 'pool'\?\)"):
        IndexConfig.from_dict({"pol": 3})


def test_keywords_say_what_differs_from_a_request():
    request = SearchRequest(k=3, effort="high")
    assert SearchRequest.of(request, {}) is request
    assert SearchRequest.of(request, {"k": 4}) == SearchRequest(k=4, effort="high")
    assert SearchRequest.of(None, {"k": 4}) == SearchRequest(k=4)
    with pytest.raises(TypeError, match=r"no search option 'efort' \(did you mean 'effort'\?\)"):
        SearchRequest.of(None, {"efort": "high"})
    with pytest.raises(TypeError, match="expected a SearchRequest, not int"):
        SearchRequest.of(10, {})


def test_the_schema_says_what_is_allowed():
    schema = SearchRequest.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["additionalProperties"]) == ("SearchRequest", False)
    assert list(schema["properties"]) == list(SearchRequest().to_dict())
    assert schema["properties"]["k"] == {
        "type": "integer",
        "minimum": 1,
        "default": 10,
        "description": "How many hits.",
    }
    mode = schema["properties"]["mode"]
    assert (mode["enum"], mode["default"]) == (["auto", "late", "bm25", "hybrid"], "auto")
    assert schema["properties"]["word_weight"]["type"] == ["number", "null"]
    assert IndexConfig.json_schema()["properties"]["bits"]["enum"] == [1, 2, 4]
    assert json.loads(json.dumps(schema)) == schema


def test_the_old_name_of_a_request_works_and_says_that_it_goes():
    with pytest.warns(DeprecationWarning, match="SearchRequest"):
        assert SearchParams(k=10) == SearchRequest(k=10)
    with pytest.warns(DeprecationWarning, match="SearchRequest"):
        assert SearchParams.for_k(5, effort="high") == SearchRequest(k=5, effort="high")
