"""A manifest, or a list of finished segments, that somebody changed and sealed again."""

from __future__ import annotations

import json
import math
import random
from hashlib import blake2b
from pathlib import Path
from typing import Any

from colmodern.storage.format.sealed_json import seal

__all__ = ["forge_json", "sign"]

_ODD: list[Any] = [
    -1, 0, 1, 2, 7, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 62) - 1, 1 << 62, 1 << 63,
    10**18 - 1, 10**18, 10**400, 0.5, -0.0, 1e-320, 1e308, None, True, False, "", "x", "../x",
    "/etc/passwd", "1", "nan", "\x00", "\ud800", "\x1b[31m\u202e", "x" * 100_000,
    [], {}, [[]], {"a": {"b": 1}},
    "hash:16:0", "hash:1000000000:0", "hash:0:0", "someone/model", "words/1", "words/9",
    "segment-000001", "segment-999999999999999999", "segment-000001/documents.arrow",
    "manifest.json",
]  # fmt: skip
_RAW = ["NaN", "Infinity", "-Infinity", "1e999", "[" * 50_000, '{"a":' * 50_000, "1" * 5000, "00"]
_MARK = "\u0001forged\u0001"


def forge_json(path: Path, rng: random.Random) -> str:
    """Change a value of a sealed file, and seal it again; return what was changed."""
    content = _unsealed(path)
    where, raw = _changed(content, rng)
    data = seal(content)
    if raw is not None:
        data = _resealed(data, raw)
    path.write_bytes(data)
    return f"{path.name} {where}"


def sign(place: Path, changed: Path) -> None:
    """Give the manifest, and the list of finished segments, the checksum a file has now."""
    data = changed.read_bytes()
    name = changed.relative_to(place).as_posix()
    digest = blake2b(data, digest_size=16).hexdigest()
    for sealed in (place / "manifest.json", place / "pending.json"):
        if sealed.exists():
            content = _unsealed(sealed)
            _sign_below(content, name, {"bytes": len(data), "checksum": digest})
            sealed.write_bytes(seal(content))


def _unsealed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes(), parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):  # forged before
        content = {}
    assert isinstance(content, dict)
    content.pop("checksum", None)
    return content


def _finite(number: str) -> float | str:
    return float(number) if math.isfinite(float(number)) else number


def _sign_below(value: Any, name: str, record: dict[str, Any]) -> None:
    if isinstance(value, dict):
        if value.get("name") == name and "checksum" in value:
            value.update(record)
        for item in value.values():
            _sign_below(item, name, record)
    elif isinstance(value, list):
        for item in value:
            _sign_below(item, name, record)


def _changed(content: dict[str, Any], rng: random.Random) -> tuple[str, str | None]:
    """Change one value in place; return where, and what stands there that is no JSON."""
    places = [*_places(content)]
    holder, key = rng.choice(places) if places else (content, "x")
    how = rng.choice(["odd", "odd", "odd", "near", "raw", "gone", "other", "twice"])
    raw = None
    if how == "gone" and places:
        del holder[key]
    elif how == "twice" and isinstance(holder, list):
        holder.append(holder[key])
    elif how == "other" and places:
        other, at = rng.choice(places)
        holder[key] = json.loads(json.dumps(other[at]))
    elif how == "near" and places and type(holder[key]) is int:
        holder[key] += rng.choice([-1, 1])
    elif how == "raw":
        holder[key], raw = _MARK, rng.choice(_RAW)
    else:
        holder[key] = rng.choice(_ODD)
    return f"({how}): {key}", raw


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        found.append((value, key))
        if isinstance(item, dict | list):
            found += _places(item)
    return found


def _resealed(data: bytes, raw: str) -> bytes:
    """Put what is no JSON in the place of the mark, under a right seal."""
    mark = json.dumps(_MARK).encode()
    *body, last, end = data.splitlines(keepends=True)
    text = b"".join(body).replace(mark, raw.encode())
    digest = blake2b(text, digest_size=16).hexdigest().encode()
    start = last[: last.rindex(b'"', 0, -2) + 1]
    return text + start + digest + last[len(start) + len(digest) :] + end
