"""What does the code say of itself? The API, commands, options and the HTTP interface, as pages."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODULES = (
    "colmodern",
    "colmodern.searcher",
    "colmodern.indexer",
    "colmodern.encoder",
    "colmodern.codec",
    "colmodern.corpus",
    "colmodern.cluster",
    "colmodern.eval",
    "colmodern.distill",
    "colmodern.serve",
    "colmodern.doctor",
    "colmodern.exchange",
    "colmodern.remote",
    "colmodern.errors",
)
_FRAMEWORKS = (
    ("tool", "make_tool"),
    ("langchain", "LangChainRetriever"),
    ("llamaindex", "LlamaIndexRetriever"),
    ("haystack", "HaystackRetriever"),
    ("pyterrier", "PyTerrierRetriever"),
    ("pyterrier", "PyTerrierIndexer"),
    ("pylate", "PyLateIndex"),
)


def pages() -> dict[str, str]:
    """Return the pages that the code writes, by their place in the site."""
    return {
        "reference/api.md": _api(),
        "reference/commands.md": _commands(),
        "reference/options.md": _options(),
        "reference/http.md": _http(),
    }


def _api() -> str:
    lines = [
        "# Python",
        "",
        "What a program may depend on; see [compatibility](compatibility.md).",
    ]
    known: set[str] = set()
    for module in MODULES:
        lines += ["", f"## {module}", ""]
        loaded = importlib.import_module(module)
        for name in sorted(loaded.__all__):
            thing = getattr(loaded, name)
            home = f"{getattr(thing, '__module__', module)}.{getattr(thing, '__qualname__', name)}"
            if name.startswith("__") or not callable(thing) or home in known:
                continue
            known.add(home)
            lines += [f"::: {home}", ""]
    lines += ["", "## colmodern.integrations", ""]
    lines += [f"::: colmodern.integrations.{module}.{name}\n" for module, name in _FRAMEWORKS]
    return "\n".join(lines) + "\n"


def _commands() -> str:
    import typer

    from colmodern.cli.app import app

    lines = ["# Commands", "", "What `colmodern COMMAND --help` says."]
    for words, command in _walk(typer.main.get_command(app), "colmodern"):
        lines += ["", f"## {words}", "", (command.help or "").strip(), ""]
        lines += ["| option | default | meaning |", "| -- | -- | -- |"]
        lines += [row for one in command.params if (row := _parameter(one))]
    return "\n".join(lines) + "\n"


def _walk(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, one in inner.items():
        yield from _walk(one, f"{words} {name}")


def _parameter(one: Any) -> str | None:
    if getattr(one, "hidden", False):
        return None
    names = [name for name in (*one.opts, *one.secondary_opts) if name.startswith("-")]
    shown = f"`{', '.join(names) or (one.metavar or one.name).upper()}`"
    default = one.default
    is_plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f"| {shown} | {default if is_plain else ''} | {_cell(getattr(one, 'help', '') or '')} |"


def _options() -> str:
    from colmodern.corpus import ScanOptions
    from colmodern.options import options_of
    from colmodern.request import IndexConfig, SearchRequest, SyncRequest
    from colmodern.serve import ServeConfig
    from colmodern.serve.coordinator.shards_file import CoordinatorConfig, ServerEntry

    lines = ["# Options", "", "Each is one field, which every door derives its own form from."]
    asked = (SearchRequest, IndexConfig, ScanOptions, SyncRequest)
    for kind in (*asked, ServeConfig, CoordinatorConfig, ServerEntry):
        first = (kind.__doc__ or "").strip().splitlines()[0]
        lines += ["", f"## {kind.__name__}", "", first, ""]
        lines += ["| field | kind | default | meaning |", "| -- | -- | -- | -- |"]
        for one in options_of(kind):
            name = getattr(one.kind, "__name__", str(one.kind))
            default = one.unset or (getattr(one.default, "value", one.default))
            lines.append(f"| `{one.name}` | {name} | {_cell(str(default))} | {_cell(one.help)} |")
    return "\n".join(lines) + "\n"


def _http() -> str:
    from types import SimpleNamespace

    from colmodern.serve import ServeConfig
    from colmodern.serve.http.openapi import description

    server: Any = SimpleNamespace(
        config=ServeConfig(), access=SimpleNamespace(is_open=True), library=()
    )
    lines = [
        "# HTTP",
        "",
        "A server describes itself at `/openapi.json` (OpenAPI 3.1) and for people at `/docs`;",
        "this is the same with default limits. [Serving](../how-to/serve.md) tells how.",
    ]
    for path, methods in description(server, {})["paths"].items():
        for method, about in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", about["summary"], ""]
            fields = [
                *(
                    (one["name"], one["schema"], one["required"])
                    for one in about.get("parameters", ())
                ),
                *_body(about),
            ]
            if fields:
                lines += ["| field | kind | needed | meaning |", "| -- | -- | -- | -- |"]
                lines += [
                    f"| `{name}` | {_kind(schema)} | {'yes' if needed else ''} "
                    f"| {_cell(schema.get('description', ''))} |"
                    for name, schema, needed in fields
                ]
    return "\n".join(lines) + "\n"


def _body(about: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    content = about.get("requestBody", {}).get("content", {})
    for one in content.values():
        schema = one["schema"]
        for name, inner in schema.get("properties", {}).items():
            yield name, inner, name in schema.get("required", ())


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    found = schema.get("type", "")
    return " or ".join(found) if isinstance(found, list) else found


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


_VARIABLE = re.compile(
    r'\bCOLMODERN_[A-Z_]+\b|(?:environ(?:\.get|\.setdefault|\.pop)?|getenv)[\[(]"([A-Z_]+)"'
    r'|\*\*os\.environ((?:,\s*"[A-Z_]+":\s*[^,}]+)+)'
)


def environment_names(package: Path) -> set[str]:
    """Return the environment variables that the package's source reads or sets."""
    found: set[str] = set()
    for file in package.rglob("*.py"):
        for one in _VARIABLE.finditer(file.read_text(encoding="utf-8")):
            set_for_a_child = re.findall(r'"([A-Z_]+)":', one[2] or "")
            found |= {one[1]} if one[1] else set(set_for_a_child or [one[0]])
    return found
