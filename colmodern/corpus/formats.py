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
    "text",
    2,
    "plain text, as it is; so is whatever else proves to be text",
    (".txt", ".text", ".log"),
)

FORMATS: tuple[FileFormat, ...] = (
    _TEXT,
    FileFormat(
        "markdown", 2, "as it is; its front matter becomes metadata", (".md", ".markdown", ".mdx")
    ),
    FileFormat("rst", 1, "reStructuredText, as it is", (".rst",)),
    FileFormat("html", 4, "all but navigation", (".html", ".htm", ".xhtml")),
    FileFormat("pdf", 3, "the text of its pages", (".pdf",)),
    FileFormat("docx", 4, "all that it says, notes and comments included", (".docx", ".docm")),
    FileFormat("xlsx", 1, "its sheets as they are shown, a row a line", (".xlsx", ".xlsm")),
    FileFormat("pptx", 2, "its slides, speaker notes included", (".pptx", ".pptm")),
    FileFormat("odt", 2, "all that it says, notes and comments included", (".odt",)),
    FileFormat("ods", 1, "its sheets as they are shown, a row a line", (".ods",)),
    FileFormat("odp", 2, "its slides, speaker notes included", (".odp",)),
    FileFormat("rtf", 1, "all that it says, notes and comments included", (".rtf",)),
    FileFormat("epub", 2, "its chapters, in their order", (".epub",)),
    FileFormat("eml", 2, "a message, and what is attached to it", (".eml",)),
    FileFormat("notebook", 4, "what was written in its cells", (".ipynb",)),
    FileFormat("man", 1, "a manual page as a terminal shows it; it begins as one", ()),
    FileFormat("asciidoc", 2, "as it is", (".adoc", ".asciidoc")),
    FileFormat("org", 2, "as it is", (".org",)),
    FileFormat("latex", 2, "as it is", (".tex", ".latex", ".ltx")),
    FileFormat("subtitles", 1, "what is said, a cue a line", (".srt", ".vtt")),
    FileFormat("code", 2, "source code and configuration, as it is", tuple(LANGUAGES)),
    FileFormat(
        "jsonl", 2, "one object a line", (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), True
    ),
    FileFormat("csv", 2, "one row a record, under a header", (".csv", ".csv.gz"), True),
    FileFormat("tsv", 2, "one row a line, under a header", (".tsv", ".tsv.gz"), True),
    FileFormat("parquet", 2, "one row a record", (".parquet",), True),
)

_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}

BY_NAME = {form.name: form for form in FORMATS}

# What is never text, so that a folder of pictures is not opened file by file.
NEVER_TEXT = frozenset({
    ".7z", ".aac", ".apk", ".avi", ".avif", ".bmp", ".bz2", ".class", ".deb", ".dll",
    ".dmg", ".exe", ".flac", ".gif", ".heic", ".ico", ".iso", ".jar", ".jpeg", ".jpg", ".lz4",
    ".m4a", ".m4v", ".mkv", ".mov", ".mp3", ".mp4", ".mpeg", ".npy", ".npz", ".ogg", ".opus",
    ".otf", ".png", ".pyc", ".pyo", ".rar", ".rpm", ".safetensors", ".tar", ".tgz", ".tif",
    ".tiff", ".ttf", ".wasm", ".wav", ".webm", ".webp", ".whl", ".woff", ".woff2", ".xz", ".zip",
    ".zst",
})  # fmt: skip


def format_of(path: PurePath, text_suffixes: Sequence[str] = ()) -> FileFormat | None:
    """Return the format that a file's name promises; None if it promises none.

    A name that ends in ``.gz`` promises what it does without, if that is no format of rows but
    those that are listed with it.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if not suffixes:
        return None
    if len(suffixes) > 1 and "".join(suffixes[-2:]) in _BY_SUFFIX:
        return _BY_SUFFIX["".join(suffixes[-2:])]
    if suffixes[-1] in {suffix.lower() for suffix in text_suffixes}:
        return _TEXT
    if suffixes[-1] == ".gz":
        inner = format_of(path.with_suffix(""), text_suffixes)
        return inner if inner is not None and not inner.is_rows else None
    return _BY_SUFFIX.get(suffixes[-1])


def extractor_fingerprint(form: FileFormat, options: ScanOptions) -> str:
    """Return a short text that changes whenever a file of this format must be read again."""
    fingerprint = f"{form.name}/{form.version}"
    if options.encoding:
        fingerprint += f" encoding={options.encoding!r}"
    if options.generated and not form.is_rows:
        fingerprint += " generated"
    if not form.is_rows:
        return fingerprint
    if options.delimiter:
        fingerprint += f" delimiter={options.delimiter!r}"
    fields = (options.id_field, options.title_field, options.text_field)
    return f"{fingerprint} {fields!r}"
