"""What is asked of a shard, and what may come of it?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from colmodern.errors import CODES, ConfigError, InputError, RequestRefusedError
from colmodern.serve.coordinator.fitting import Fits
from colmodern.serve.coordinator.http_client import HttpAnswer


class ShardError(Exception):
    """A shard gives no answer that can be used.

    Attributes:
        code: Why, in a word of ``CODES``.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, eq=False)
class ShardQuestion:
    """A request, the same for every server of a shard but for what each calls its index.

    Attributes:
        step: What it is for.
        method: GET or POST.
        path: An address of the API.
        values: What the body says, or what stands behind the address.
        fits: Says whether an answer is one; None: it is passed on as it came.
    """

    step: str
    method: str
    path: str
    values: Mapping[str, Any] = field(default_factory=dict)
    fits: Fits | None = None

    def target(self, index: str | None) -> str:
        """Return the address with what stands behind it."""
        if self.method != "GET":
            return self.path
        asked = {**self.values, **({} if index is None else {"index": index})}
        return f"{self.path}?{urlencode(asked)}" if asked else self.path

    def body(self, index: str | None) -> bytes:
        """Return the body."""
        if self.method == "GET":
            return b""
        asked = {**self.values, **({} if index is None else {"index": index})}
        return json.dumps(asked, allow_nan=False).encode()


# What a server refuses with these is wrong with the question: no other server answers it.
_OF_QUESTION = frozenset({400, 413})
_ALSO_OF_QUESTION = frozenset({"index_format", "encoder_unsupported"})


def values_of(answer: HttpAnswer) -> dict[str, Any]:
    """Return what an answer says.

    Raises:
        ConfigError: An option of the question is not allowed, as the server says.
        InputError: The question cannot be used, as the server says.
        RequestRefusedError: It cannot be answered for another reason.
        ShardError: The server failed, or is none of ours.
    """
    try:
        values = json.loads(answer.body, parse_float=_number, parse_constant=_number)
    except (ValueError, RecursionError) as error:
        raise ShardError("internal", f"no JSON, status {answer.status}") from error
    if not isinstance(values, dict):
        raise ShardError("internal", f"no JSON object, status {answer.status}")
    if answer.status == 200:
        return values
    told = values.get("error")
    told = told if isinstance(told, dict) else {}
    code, message = told.get("code"), str(told.get("message", ""))[:1_000]
    if not isinstance(code, str) or code not in CODES:
        raise ShardError("internal", f"status {answer.status}")
    if answer.status in _OF_QUESTION or code in _ALSO_OF_QUESTION:
        kind = CODES[code].error
        kept = kind if kind in {ConfigError, InputError} else RequestRefusedError
        option, document = _text(told.get("option")), _text(told.get("document"))
        raise kept(message, code=code, option=option, document=document)
    raise ShardError(code, message)


def _number(text: str) -> float:
    """Return a number of JSON, which knows neither NaN nor infinity."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.40} is no number of JSON")
    return number


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
