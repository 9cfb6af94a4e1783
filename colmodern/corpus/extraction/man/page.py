"""The macros of manual pages (man) as a text."""

from __future__ import annotations

from collections.abc import Callable

from colmodern.corpus.extraction.layout import TextLayout
from colmodern.corpus.extraction.man.escapes import arguments_of, shown
from colmodern.corpus.extraction.man.mdoc import Mdoc
from colmodern.corpus.extraction.man.roff import Roff
from colmodern.corpus.extraction.man.tables import rows_of_table

__all__ = ["ManPage"]

_ALTERNATING = frozenset({"BR", "BI", "RB", "RI", "IR", "IB"})
_FONTS = frozenset({"B", "I", "R", "SM", "SB", "CW"})
_PARAGRAPHS = frozenset({"PP", "P", "LP", "HP", "sp", "Sp"})
_VERBATIM_STARTS = frozenset({"nf", "EX", "Vb", "DS"})
_VERBATIM_ENDS = frozenset({"fi", "EE", "Ve", "DE"})
_BULLETS = frozenset("\u2022*-\u25cb\u25a1\u00b7+o")


class ManPage:
    """Reads a page.

    Attributes:
        title: Name and section, as ``ls(1)``.
        layout: What was read so far.
        is_page: Whether any macro of a manual page was met.
        target: The page that this one only stands for; empty for none.
    """

    def __init__(self, text: str) -> None:
        """Start at the first line."""
        self.title = ""
        self.layout = TextLayout()
        self.is_page = False
        self.target = ""
        self._roff = Roff(text)
        self._mdoc = Mdoc(self)
        self._verbatim = 0
        self._is_tag_next = False
        self._heading_next = 0
        self._link = ""

    def read(self) -> None:
        """Read the page to its end."""
        for name, rest in self._roff.lines():
            if not name:
                self.write_line(shown(rest, self._roff.strings), raw=rest)
            elif (action := _ACTIONS.get(name)) is not None:
                action(self, self.arguments(rest))
            elif name in {"TS", "EQ"}:
                self._read_other(name)
            else:
                self._mdoc.take(name, rest)

    def arguments(self, rest: str) -> list[str]:
        """Return the arguments of a request as they are shown."""
        return [shown(argument, self._roff.strings) for argument in arguments_of(rest)]

    def write_line(self, text: str, *, raw: str = "") -> None:
        """Write a line of text, or what a macro says."""
        if self._verbatim:
            self.layout.write_verbatim(f"{text.replace(chr(160), ' ')}\n")
        elif self._heading_next and text.strip():
            level, self._heading_next = self._heading_next, 0
            self.heading(level, text)
        elif not text.strip() and not raw.strip():
            self.layout.paragraph()
        else:
            if raw.startswith((" ", "\t")):
                self.layout.line()
            self.layout.write(f"{text} ")
            if self._is_tag_next and text.strip():
                self._is_tag_next = False
                self.layout.line()

    def heading(self, level: int, text: str) -> None:
        """Write a heading."""
        self.end_verbatim()
        self.layout.start_heading(level)
        self.layout.write(text)
        self.layout.end_heading()

    def start_verbatim(self) -> None:
        """Keep lines as they are."""
        self.layout.line()
        self._verbatim = 1

    def end_verbatim(self) -> None:
        """Let lines flow again."""
        if self._verbatim:
            self.layout.line()
        self._verbatim = 0

    def _read_other(self, name: str) -> None:
        """Read a table, or pass on an equation as it is."""
        end = {"TS": ".TE", "EQ": ".EN"}[name]
        lines = []
        for line in self._roff.following():
            if line.startswith(end):
                break
            lines.append(line)
        if name == "EQ":
            self.layout.write(" ".join(lines))
            return
        self.layout.paragraph()
        for row in rows_of_table(lines):
            self.layout.start_row()
            for cell in row:
                self.layout.write(shown(cell, self._roff.strings))
                self.layout.end_cell()
            self.layout.end_row()
        self.layout.paragraph()

    def _set_title(self, arguments: list[str]) -> None:
        self.is_page = True
        if arguments and not self.title:
            section = f"({arguments[1]})" if len(arguments) > 1 else ""
            self.title = f"{arguments[0]}{section}"

    def _start_section(self, level: int, arguments: list[str]) -> None:
        self.is_page = True
        self._is_tag_next = False
        if arguments:
            self.heading(level, " ".join(arguments))
        else:
            self._heading_next = level

    def _start_paragraph(self, _: list[str]) -> None:
        self.is_page = True
        self.layout.paragraph()
        self._is_tag_next = False

    def _start_tag(self, _: list[str]) -> None:
        self.is_page = True
        self.layout.paragraph()
        self._is_tag_next = True

    def _next_tag(self, _: list[str]) -> None:
        self.layout.line()
        self._is_tag_next = True

    def _start_item(self, arguments: list[str]) -> None:
        self.layout.paragraph()
        self._is_tag_next = False
        tag = arguments[0].strip() if arguments else ""
        if tag:
            self.layout.write(f"{tag} ")
            is_mark = tag in _BULLETS or tag.strip("().[]").isdecimal() or len(tag) < 3
            self.layout.space() if is_mark else self.layout.line()

    def _break(self, _: list[str]) -> None:
        self.layout.line()

    def _write_words(self, arguments: list[str]) -> None:
        if arguments:
            self.write_line(" ".join(arguments), raw="x")

    def _write_joined(self, arguments: list[str]) -> None:
        if arguments:
            self.write_line("".join(arguments), raw="x")

    def _start_link(self, arguments: list[str]) -> None:
        self._link = arguments[0] if arguments else ""

    def _end_link(self, arguments: list[str]) -> None:
        link, self._link = self._link, ""
        self.write_line(f"\u27e8{link}\u27e9{''.join(arguments)}" if link else "", raw="x")

    def _start_synopsis(self, arguments: list[str]) -> None:
        self.layout.line()
        self._write_words(arguments)

    def _write_option(self, arguments: list[str]) -> None:
        self.write_line(f"[{' '.join(arguments)}]", raw="x")

    def _refer(self, arguments: list[str]) -> None:
        self.target = self.target or " ".join(arguments)

    def _start_verbatim(self, _: list[str]) -> None:
        self.start_verbatim()

    def _end_verbatim(self, _: list[str]) -> None:
        self.end_verbatim()


_ACTIONS: dict[str, Callable[[ManPage, list[str]], None]] = {
    "TH": ManPage._set_title,
    "SH": lambda page, arguments: page._start_section(1, arguments),
    "SS": lambda page, arguments: page._start_section(2, arguments),
    "TP": ManPage._start_tag,
    "TQ": ManPage._next_tag,
    "IP": ManPage._start_item,
    "br": ManPage._break,
    "RS": ManPage._break,
    "RE": ManPage._break,
    "UR": ManPage._start_link,
    "MT": ManPage._start_link,
    "UE": ManPage._end_link,
    "ME": ManPage._end_link,
    "SY": ManPage._start_synopsis,
    "OP": ManPage._write_option,
    "so": ManPage._refer,
    **dict.fromkeys(_ALTERNATING, ManPage._write_joined),
    **dict.fromkeys(_FONTS, ManPage._write_words),
    **dict.fromkeys(_PARAGRAPHS, ManPage._start_paragraph),
    **dict.fromkeys(_VERBATIM_STARTS, ManPage._start_verbatim),
    **dict.fromkeys(_VERBATIM_ENDS, ManPage._end_verbatim),
}
