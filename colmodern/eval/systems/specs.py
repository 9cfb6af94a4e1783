"""How does a word on the command line become a system?

late                         our search; late:exact, late:high,bits=2,threads=2,model=PATH;
                             late:pool=2,pooling=adjacent, late:mode=bm25,
                             late:mode=hybrid,fusion=scores,word_weight=0.3
float                        float vectors of every document; float:threads=2,scoring=maxsim
bm25                         bm25:k1=1.2,b=0.75
minilm, dense:PATH           a single-vector model
hybrid                       late and bm25 fused; hybrid:late:high+minilm
rerank:PATH                  a cross-encoder over late; rerank:PATH,depth=50,of=bm25
run:FILE                     a TREC run of another engine

A path with a comma, a plus sign or an equals sign stands in double quotes: late:model="a,b".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from colmodern.encoder import load_encoder
from colmodern.errors import ConfigError
from colmodern.eval.systems.bm25 import Bm25
from colmodern.eval.systems.dense import MINILM, Dense
from colmodern.eval.systems.float_vectors import FloatVectors
from colmodern.eval.systems.hybrid import Hybrid
from colmodern.eval.systems.late import Late
from colmodern.eval.systems.quotes import split, unquoted
from colmodern.eval.systems.rerank import Rerank, load_scorer
from colmodern.eval.systems.run_file import RunFile
from colmodern.eval.systems.system import System
from colmodern.options import Door, options_of
from colmodern.request import Effort, IndexConfig, SearchRequest
from colmodern.types import DocumentEncoder

T = TypeVar("T")

KINDS = ("late", "float", "bm25", "minilm", "dense", "hybrid", "rerank", "run")
_HYBRID = "late+bm25"
_Reads = Mapping[str, Callable[[str], Any]]
_LATE: _Reads = {
    "model": str,
    **{
        one.name: one.parsed
        for one in (*options_of(IndexConfig), *options_of(SearchRequest))
        if Door.SPEC in one.doors
    },
}


def make_system(spec: str, *, encoder: DocumentEncoder | None = None) -> System:
    """Return the system that a spec describes.

    Args:
        spec: A kind, and what it needs after a colon; see the module.
        encoder: For ``late`` and ``float`` where the spec names no model; None: the default one.

    Raises:
        ConfigError: The spec cannot be understood, or an option is not allowed.
        EncoderError: A model cannot be loaded.
        InputError: A run file cannot be read.
        MissingExtraError: Something that the system needs is not installed.
    """
    kind, colon, rest = spec.strip().partition(":")
    if kind not in _MAKERS:
        message = f"There is no system {spec!r}; there are {', '.join(KINDS)}."
        raise ConfigError(message, code="option_not_allowed", option="system", value=spec)
    if colon and not rest:
        message = f"The system {spec!r} ends with its colon."
        raise ConfigError(message, option="system", value=spec)
    return _MAKERS[kind](rest, encoder)


def split_specs(text: str) -> list[str]:
    """Return the specs in a list with commas; a comma before an option belongs to its spec."""
    specs: list[str] = []
    for part in split(text, ","):
        if specs and _kind(part) is None:
            specs[-1] += f",{part}"
        elif part.strip():
            specs.append(part.strip())
    return specs


def _kind(part: str) -> str | None:
    kind = part.strip().partition(":")[0]
    return kind if kind in KINDS else None


def _late(rest: str, encoder: DocumentEncoder | None) -> System:
    words, options = _parsed("late", rest, _LATE)
    if words and "model" in options and words[0] not in [*Effort]:
        raise ConfigError(
            f"late does not know {words[0]!r}. A path with a comma stands in double quotes: "
            'late:model="a,b".',
            code="option_unknown",
            value=words[0],
        )
    if len(words) > 1:
        raise ConfigError(f"late takes one effort, not {', '.join(words)}.", code="option_conflict")
    if words and "effort" in options:
        raise ConfigError(
            f"late takes one effort, not {words[0]} and {options['effort']}.",
            code="option_conflict",
        )
    if words:
        options["effort"] = words[0]
    return Late(_encoder(options.pop("model", None), encoder), **options)


def _float(rest: str, encoder: DocumentEncoder | None) -> System:
    words, options = _parsed("float", rest, {"threads": int, "model": str, "scoring": str})
    _refuse_words("float", words)
    if options.get("threads", 1) < 1:
        message = f"threads must be at least 1, not {options['threads']}."
        raise ConfigError(
            message, code="option_out_of_range", option="threads", value=options["threads"]
        )
    return FloatVectors(_encoder(options.pop("model", None), encoder), **options)


def _bm25(rest: str, _: DocumentEncoder | None) -> System:
    words, options = _parsed("bm25", rest, {"k1": float, "b": float})
    _refuse_words("bm25", words)
    return Bm25(**options)


def _minilm(rest: str, _: DocumentEncoder | None) -> System:
    if rest:
        raise ConfigError(f"minilm takes no option, not {rest!r}.", code="option_unknown")
    return Dense(MINILM)


def _dense(rest: str, _: DocumentEncoder | None) -> System:
    if not rest:
        raise ConfigError("dense needs a model: dense:PATH.", code="option_missing")
    return Dense(unquoted(rest))


def _hybrid(rest: str, encoder: DocumentEncoder | None) -> System:
    parts = split(rest or _HYBRID, "+")
    wrong = next((part for part in parts if _kind(part) is None), None)
    if wrong is not None:
        raise ConfigError(
            f"hybrid has no system {wrong!r}; there are {', '.join(KINDS)}. A path with a plus "
            'sign stands in double quotes: hybrid:late:model="a+b"+bm25.',
            code="option_not_allowed",
            option="system",
            value=wrong,
        )
    return Hybrid([make_system(part, encoder=encoder) for part in parts])


def _rerank(rest: str, encoder: DocumentEncoder | None) -> System:
    parts = split(rest, ",")
    at = next((i for i, part in enumerate(parts) if part.startswith("of=")), len(parts))
    first = ",".join(parts[at:]).removeprefix("of=")
    words, options = _parsed("rerank", ",".join(parts[:at]), {"depth": int})
    if len(words) != 1:
        raise ConfigError("rerank needs one model: rerank:PATH.", code="option_missing")
    found = make_system(first or "late", encoder=encoder)
    return Rerank(found, load_scorer(words[0]), scorer_name=words[0], **options)


def _run(rest: str, _: DocumentEncoder | None) -> System:
    if not rest:
        raise ConfigError("run needs a file: run:FILE.", code="option_missing")
    return RunFile(unquoted(rest))


_MAKERS: Mapping[str, Callable[[str, DocumentEncoder | None], System]] = {
    "late": _late,
    "float": _float,
    "bm25": _bm25,
    "minilm": _minilm,
    "dense": _dense,
    "hybrid": _hybrid,
    "rerank": _rerank,
    "run": _run,
}


def _encoder(model: str | None, encoder: DocumentEncoder | None) -> DocumentEncoder:
    if encoder is not None and model in (None, encoder.name):
        return encoder
    return load_encoder() if model is None else load_encoder(model, fetch=True)


def _parsed(kind: str, rest: str, types: _Reads) -> tuple[list[str], dict[str, Any]]:
    """Return the words and the options (``name=value``) between commas."""
    words: list[str] = []
    options: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in split(rest, ","))):
        name, equals, value = part.partition("=")
        if not equals or part.startswith('"'):
            words.append(unquoted(part))
        elif name not in types:
            message = f"{kind} has no option {name!r}; it has {', '.join(types)}."
            raise ConfigError(message, code="option_unknown", option=name, value=value)
        else:
            options[name] = _converted(kind, name, unquoted(value), types[name])
    return words, options


def _converted(kind: str, name: str, value: str, convert: Callable[[str], T]) -> T:
    try:
        return convert(value)
    except ConfigError:
        raise
    except ValueError as err:
        message = f"{kind}: {name} must be a number, not {value!r}."
        raise ConfigError(message, code="option_wrong_kind", option=name, value=value) from err


def _refuse_words(kind: str, words: list[str]) -> None:
    if words:
        raise ConfigError(f"{kind} does not know {words[0]!r}.", code="option_unknown")
