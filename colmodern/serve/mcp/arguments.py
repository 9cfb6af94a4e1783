"""Are the arguments of a call those that a tool takes?"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from colmodern.errors import RequestRefusedError
from colmodern.serve.http.body import checked_text, whole_number

Schema = Mapping[str, Any]


def checked_arguments(tool: str, schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each argument of a tool: what is given, its default, or None.

    Args:
        tool: The tool's name.
        schema: The JSON Schema of its arguments, an object.
        given: What the caller gives; null is the same as nothing.

    Raises:
        RequestRefusedError: An argument is unknown, missing, of another kind, or out of bounds.
    """
    known: Mapping[str, Schema] = schema["properties"]
    for name in given:
        if name not in known:
            raise _unknown(tool, name, known)
    values = {}
    for name, one in known.items():
        value = given.get(name)
        if value is None and name in schema.get("required", ()):
            message = f"{tool} needs the argument {name}."
            raise RequestRefusedError(message, code="request_invalid", option=name)
        values[name] = one.get("default") if value is None else _checked(name, value, one)
    return values


def _checked(name: str, value: Any, schema: Schema) -> Any:
    match schema["type"]:
        case "integer":
            number = int(value) if isinstance(value, float) and value.is_integer() else value
            return whole_number(number, name, least=schema["minimum"], most=schema["maximum"])
        case "boolean":
            if not isinstance(value, bool):
                message = f"{name} must be true or false, not {value!r:.40}."
                raise RequestRefusedError(message, code="request_invalid", option=name)
            return value
    text = checked_text(value, name, longest=schema["maxLength"])
    allowed = schema.get("enum", [text])
    if text not in allowed:
        message = f"{name} must be one of {', '.join(allowed)}, not {text!r:.40}."
        raise RequestRefusedError(message, code="request_invalid", option=name)
    return text


def _unknown(tool: str, name: str, known: Mapping[str, Schema]) -> RequestRefusedError:
    near = get_close_matches(name[:100], known, n=1)
    meant = f"; {near[0]} may be meant" if near else ""
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    return RequestRefusedError(
        f"{tool} takes no argument {name[:100]!r}{meant}; {takes}.",
        code="request_invalid",
        option=name[:100],
    )
