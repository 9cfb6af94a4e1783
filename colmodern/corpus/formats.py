"""Which files can be read, by their names, and which version of an extractor reads them.

Raise a format's ``version`` whenever its extractor gives another text, title or metadata for the
same file: the next update then reads such files again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from colmodern.corpus.options import ScanOptions

__all__ = ["FORMATS", "LANGUAGES", "FileFormat", "extractor_fingerprint", "format_of"]

# Source code is kept as it is; the language only goes into the metadata.
LANGUAGES = {
    ".ada": "ada", ".adb": "ada", ".asm": "assembly", ".awk": "awk", ".bash": "shell",
    ".bat": "batch", ".c": "c", ".cc": "c++", ".cfg": "ini", ".clj": "clojure",
    ".cmake": "cmake", ".conf": "ini", ".cpp": "c++", ".cs": "c#", ".css": "css",
    ".cu": "cuda", ".cxx": "c++", ".d": "d", ".dart": "dart", ".el": "lisp", ".ex": "elixir",
    ".exs": "elixir", ".erl": "erlang", ".f90": "fortran", ".fs": "f#", ".go": "go",
    ".gql": "graphql", ".graphql": "graphql", ".groovy": "groovy", ".h": "c", ".hpp": "c++",
    ".hs": "haskell", ".hxx": "c++", ".ini": "ini", ".java": "java", ".jl": "julia",
    ".js": "javascript", ".json": "json", ".jsx": "javascript", ".kt": "kotlin",
    ".kts": "kotlin", ".less": "css", ".lisp": "lisp", ".lua": "lua", ".m": "objective-c",
    ".mjs": "javascript", ".ml": "ocaml", ".nim": "nim", ".nix": "nix", ".pas": "pascal",
    ".php": "php", ".pl": "perl", ".pm": "perl", ".proto": "protobuf", ".ps1": "powershell",
    ".py": "python", ".pyi": "python", ".pyx": "cython", ".r": "r", ".rb": "ruby",
    ".rs": "rust", ".s": "assembly", ".sass": "css", ".scala": "scala", ".scm": "scheme",
    ".scss": "css", ".sh": "shell", ".sol": "solidity", ".sql": "sql", ".svelte": "svelte",
    ".swift": "swift", ".sv": "verilog", ".tcl": "tcl", ".tf": "terraform", ".toml": "toml",
    ".ts": "typescript", ".tsx": "typescript", ".v": "verilog", ".vb": "basic",
    ".vhd": "vhdl", ".vim": "vim", ".vue": "vue", ".xml": "xml", ".yaml": "yaml",
    ".yml": "yaml", ".zig": "zig", ".zsh": "shell",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file that can be read.

    Attributes:
        name: Goes into the metadata of a document as ``type``.
        version: Of its extractor.
        summary: What becomes of such a file, for the documentation and the command line.
        suffixes: The ends of the names of such files, in lower case.
        is_rows: Whether a row is a document, rather than the file; such a file is streamed.
    """

    name: str
    version: int
    summary: str
    suffixes: tuple[str, ...]
    is_rows: bool = False


_TEXT = FileFormat(
    "text", 1, "plain text, as it is; so is a file without a suffix", (".txt", ".text", ".log")
)

FORMATS: tuple[FileFormat, ...] = (
    _TEXT,
    FileFormat(
        "markdown", 2, "as it is; its front matter becomes metadata", (".md", ".markdown", ".mdx")
    ),
    FileFormat("rst", 1, "reStructuredText, as it is", (".rst",)),
    FileFormat("html", 3, "all but navigation", (".html", ".htm", ".xhtml")),
    FileFormat("pdf", 2, "the text of its pages", (".pdf",)),
    FileFormat("docx", 3, "all that it says, notes and comments included", (".docx",)),
    FileFormat("notebook", 3, "what was written in its cells", (".ipynb",)),
    FileFormat("code", 1, "source code and configuration, as it is", tuple(LANGUAGES)),
    FileFormat(
        "jsonl", 2, "one object a line", (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), True
    ),
    FileFormat("csv", 2, "one row a record, under a header", (".csv", ".csv.gz"), True),
    FileFormat("tsv", 2, "one row a line, under a header", (".tsv", ".tsv.gz"), True),
    FileFormat("parquet", 2, "one row a record", (".parquet",), True),
)

_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}


def format_of(path: PurePath, text_suffixes: Sequence[str] = ()) -> FileFormat | None:
    """Return the format that a file's name promises; None if no format does."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if not suffixes:
        return _TEXT
    if len(suffixes) > 1 and "".join(suffixes[-2:]) in _BY_SUFFIX:
        return _BY_SUFFIX["".join(suffixes[-2:])]
    if suffixes[-1] in {suffix.lower() for suffix in text_suffixes}:
        return _TEXT
    return _BY_SUFFIX.get(suffixes[-1])


def extractor_fingerprint(form: FileFormat, options: ScanOptions) -> str:
    """Return a short text that changes whenever a file of this format must be read again."""
    fingerprint = f"{form.name}/{form.version}"
    if options.encoding:
        fingerprint += f" encoding={options.encoding!r}"
    if not form.is_rows:
        return fingerprint
    if options.delimiter:
        fingerprint += f" delimiter={options.delimiter!r}"
    fields = (options.id_field, options.title_field, options.text_field)
    return f"{fingerprint} {fields!r}"
