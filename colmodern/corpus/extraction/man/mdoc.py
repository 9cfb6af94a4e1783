"""The macros of the manual pages of BSD (mdoc): they say what a word is, and call each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from colmodern.corpus.extraction.man.escapes import arguments_of

if TYPE_CHECKING:
    from colmodern.corpus.extraction.man.page import ManPage

__all__ = ["Mdoc"]

_PLAIN = frozenset({
    "Em", "Sy", "Li", "Va", "Ic", "Cm", "Dv", "Er", "Ev", "Fa", "Ft", "Vt", "Tn", "No", "Ad", "Ms",
    "Lb", "An", "Sx", "Xo", "Xc", "Rv", "St", "Mt", "Cd", "Tg", "Bsx", "Dx", "Fr",
})  # fmt: skip
_ENCLOSING = {
    "Op": ("[", "]"), "Pq": ("(", ")"), "Sq": ("\u2018", "\u2019"), "Dq": ("\u201c", "\u201d"),
    "Qq": ('"', '"'), "Bq": ("[", "]"), "Brq": ("{", "}"), "Aq": ("\u27e8", "\u27e9"),
    "Ql": ("\u2018", "\u2019"),
}  # fmt: skip
_OPENING = {"Oo": "[", "Po": "(", "So": "\u2018", "Do": "\u201c", "Qo": '"', "Bo": "[",
            "Bro": "{", "Ao": "\u27e8"}  # fmt: skip
_CLOSING = {"Oc": "]", "Pc": ")", "Sc": "\u2019", "Dc": "\u201d", "Qc": '"', "Bc": "]",
            "Brc": "}", "Ac": "\u27e9", "Fc": ")"}  # fmt: skip
_SYSTEMS = {
    "Bx": "BSD",
    "Fx": "FreeBSD",
    "Nx": "NetBSD",
    "Ox": "OpenBSD",
    "At": "AT&T UNIX",
    "Ux": "UNIX",
}
_OTHER = frozenset({"Fl", "Ar", "Pa", "Nm", "Xr", "Fn", "In", "Ns", "Ap", "Pf", "Lk", "Nd", "Fo"})
_INLINE = _PLAIN | _OTHER | {*_ENCLOSING, *_OPENING, *_CLOSING, *_SYSTEMS}
_NO_SPACE_BEFORE = frozenset(".,:;)]?!")
_NO_SPACE_AFTER = frozenset("([")
_WITHOUT_WORDS = {"Ar": "file ...", "Pa": "~"}


class Mdoc:
    """Does the macros of mdoc for a page."""

    def __init__(self, page: ManPage) -> None:
        """Write to this page."""
        self._page = page
        self._name = ""
        self._lists: list[tuple[str, int]] = []

    def take(self, macro: str, rest: str) -> None:
        """Do a macro; one that is not known says nothing."""
        if (action := _BLOCKS.get(macro)) is not None:
            action(self, rest)
        elif macro.startswith("%"):
            self._page.write_line(f"{' '.join(self._page.arguments(rest))},", raw="x")
        elif macro in _INLINE and rest not in {"-nosplit", "-split"}:
            self._page.write_line(self._words(f"{macro} {rest}"), raw="x")

    def _start_section(self, level: int, rest: str) -> None:
        self._page.is_page = True
        self._page.heading(level, self._words(rest))

    def _start_paragraph(self, _: str) -> None:
        self._page.layout.paragraph()

    def _set_title(self, rest: str) -> None:
        name, section, *_ = [*self._page.arguments(rest), "", ""]
        self._page.title = f"{name}({section})" if section else name

    def _start_list(self, rest: str) -> None:
        self._lists.append((next(iter(rest.split()), ""), 0))
        self._page.layout.paragraph()

    def _end_list(self, _: str) -> None:
        if self._lists:
            self._lists.pop()
        self._page.layout.paragraph()

    def _end_display(self, _: str) -> None:
        self._page.end_verbatim()
        self._page.layout.paragraph()

    def _say_exit(self, _: str) -> None:
        said = f"The {self.name('')} utility exits 0 on success, and >0 if an error occurs."
        self._page.write_line(said, raw="x")

    def _show_line(self, rest: str) -> None:
        self._page.layout.line()
        self._page.write_line(self._words(rest), raw="x")
        self._page.layout.line()

    def _start_display(self, rest: str) -> None:
        if {"-literal", "-unfilled"} & set(rest.split()):
            self._page.start_verbatim()
        else:
            self._page.layout.paragraph()

    def _start_item(self, rest: str) -> None:
        layout = self._page.layout
        kind, n = self._lists.pop() if self._lists else ("", 0)
        self._lists.append((kind, n + 1))
        if kind == "-column":
            layout.start_row()
            for cell in rest.replace(" Ta ", "\t").split("\t"):
                layout.write(self._words(cell))
                layout.end_cell()
            layout.end_row()
            return
        if kind in {"-bullet", "-dash", "-hyphen", "-enum"}:
            layout.line()
            mark = {"-bullet": "\u2022", "-enum": f"{n + 1}."}.get(kind, "-")
            layout.write(f"{mark} ")
        else:
            layout.paragraph()
            layout.write(self._words(rest))
            layout.line()

    def _words(self, rest: str) -> str:
        return _MdocLine(self._page.arguments(rest), self).run() if arguments_of(rest) else ""

    def name(self, given: str) -> str:
        """Return the name that the page is about; the first one that is given is it."""
        self._name = self._name or given
        return given or self._name


class _MdocLine:
    """One line of macros that call each other, on its way to words."""

    def __init__(self, tokens: list[str], mdoc: Mdoc) -> None:
        self._tokens = tokens
        self._mdoc = mdoc
        self._parts: list[str] = []
        self._glued = True
        self._at = 0

    def run(self) -> str:
        """Return the words."""
        closers: list[str] = []
        end = len(self._tokens)
        while end and self._tokens[end - 1] in _NO_SPACE_BEFORE:
            end -= 1
        trailing = self._tokens[end:]
        self._tokens = self._tokens[:end]
        while self._at < end:
            token = self._tokens[self._at]
            self._at += 1
            if token in _ENCLOSING:
                self._open(_ENCLOSING[token][0])
                closers.append(_ENCLOSING[token][1])
            elif token in _INLINE:
                self._do(token)
            else:
                self._put(token)
        for closer in (*reversed(closers), *trailing):
            self._close(closer)
        return "".join(self._parts)

    def _do(self, macro: str) -> None:
        if macro in _OPENING:
            self._open(_OPENING[macro])
        elif macro in _CLOSING:
            self._close(_CLOSING[macro])
        elif macro in _SYSTEMS:
            self._put(_SYSTEMS[macro])
        elif macro in _NAMING:
            self._put(_named(macro, self._plain(_NAMING[macro])))
            self._glued = macro == "Fo"
        elif macro in _WITHOUT_WORDS and not self._has_plain():
            self._put(_WITHOUT_WORDS[macro])
        elif (action := _ACTIONS.get(macro)) is not None:
            action(self)

    def _glue(self) -> None:
        self._glued = True

    def _write_apostrophe(self) -> None:
        self._close("'")
        self._glued = True

    def _write_flags(self) -> None:
        for word in self._plain() or [""]:
            self._put(word if word in _NO_SPACE_BEFORE else f"-{word}")

    def _write_name(self) -> None:
        self._put(self._mdoc.name(" ".join(self._plain())))

    def _write_prefix(self) -> None:
        self._put("".join(self._plain(1)))
        self._glued = True

    def _write_dash(self) -> None:
        self._put("\u2013")

    def _has_plain(self) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] not in _INLINE

    def _plain(self, most: int = 99) -> list[str]:
        """Take the words up to the next macro."""
        start = self._at
        while self._has_plain() and self._at - start < most:
            self._at += 1
        return self._tokens[start : self._at]

    def _put(self, word: str) -> None:
        is_glued = self._glued or (word[:1] in _NO_SPACE_BEFORE and len(word) == 1)
        self._parts.append(word if is_glued else f" {word}")
        self._glued = word in _NO_SPACE_AFTER

    def _open(self, mark: str) -> None:
        self._put(mark)
        self._glued = True

    def _close(self, mark: str) -> None:
        self._parts.append(mark)
        self._glued = False


_BLOCKS: dict[str, Callable[[Mdoc, str], None]] = {
    "Sh": lambda mdoc, rest: mdoc._start_section(1, rest),
    "Ss": lambda mdoc, rest: mdoc._start_section(2, rest),
    "Pp": Mdoc._start_paragraph,
    "Dt": Mdoc._set_title,
    "Bl": Mdoc._start_list,
    "El": Mdoc._end_list,
    "It": Mdoc._start_item,
    "Bd": Mdoc._start_display,
    "Ed": Mdoc._end_display,
    "Ex": Mdoc._say_exit,
    "D1": Mdoc._show_line,
    "Dl": Mdoc._show_line,
}
_ACTIONS: dict[str, Callable[[_MdocLine], None]] = {
    "Ns": _MdocLine._glue,
    "Ap": _MdocLine._write_apostrophe,
    "Fl": _MdocLine._write_flags,
    "Nm": _MdocLine._write_name,
    "Pf": _MdocLine._write_prefix,
    "Nd": _MdocLine._write_dash,
}
# How many words belong to the name that such a macro makes.
_NAMING = {"Xr": 2, "Fn": 9, "Fo": 9, "In": 9, "Lk": 9}


def _named(macro: str, words: list[str]) -> str:
    first, *more = words or [""]
    if macro == "Xr":
        return f"{first}({more[0]})" if more else first
    if macro == "In":
        return f"<{first}>"
    if macro == "Fo":
        return f"{first}("
    if macro == "Lk":
        return f"{' '.join(more)} \u27e8{first}\u27e9".strip()
    return f"{first}({', '.join(word for word in more if word)})"
