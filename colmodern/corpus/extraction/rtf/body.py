"""The words and groups of RTF as a text, with its notes, headers and tables."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

from colmodern.corpus.extraction.rows_of_cells import StreamedLayout
from colmodern.corpus.extraction.rtf.state import Fonts, GroupState, StyleSheet, codec_of_page
from colmodern.corpus.extraction.rtf.tokens import RtfToken
from colmodern.text.headings import Heading

__all__ = ["RtfBody"]

_SKIPPED = "skipped"
_NO_TEXT = frozenset({
    "colortbl", "pict", "fldinst", "nonshppict", "shprslt", "sp", "objdata", "objclass", "filetbl",
    "revtbl", "listtable", "listoverridetable", "bkmkstart", "bkmkend", "template", "private",
    "atnid", "atnauthor", "atntime", "atndate", "atnref", "atnparent", "atnicn", "atrfstart",
    "atrfend", "datafield", "formfield", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc",
    "aftncn", "xe", "tc", "pgdsctbl", "pntxta", "pntxtb", "keycode", "panose", "falt",
})  # fmt: skip
# Groups that older programs shall pass over, and that say something all the same.
_SAYS_SOMETHING = frozenset({"shpinst", "annotation", "shptxt", "do", "dptxbxtext", "listtext"})
_NOTES = frozenset({"footnote", "annotation", "shptxt", "dptxbxtext"})
_RUNNING = frozenset({
    "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
})  # fmt: skip
_TABLES = {"fonttbl": "fonts", "stylesheet": "styles", "info": "info"}
_CHARACTERS = {
    "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
}  # fmt: skip
_SYMBOLS = {"~": "\xa0", "_": "-", "\\": "\\", "{": "{", "}": "}"}
_SPACES = frozenset({"tab", "emspace", "enspace", "qmspace", "nestcell"})
_PARAGRAPHS = frozenset({"par", "page", "sect", "column", "pagebb"})
_MOST_GROUPS = 10_000


class RtfBody:
    """Takes the tokens of a file.

    Attributes:
        title: What its properties call it.
        running: Its headers and footers, each once.
    """

    def __init__(self) -> None:
        """Start with no text."""
        self.title = ""
        self.running: dict[str, None] = {}
        self._state = GroupState()
        self._states: list[GroupState] = []
        self._fonts = Fonts()
        self._styles = StyleSheet()
        # Notes and boxes stand in the middle of a paragraph: each is a text of its own.
        self._texts: list[tuple[int, str, StreamedLayout]] = [(0, "", StreamedLayout())]
        self._following: list[str] = []
        self._bytes = bytearray()
        self._n_skipped = 0
        self._high = 0
        self._is_starred = False
        self._has_row = False
        self._is_after_row = False
        self._has_heading = False
        self._name: list[str] = []
        self._number = 0

    def take(self, token: RtfToken) -> None:
        """Take the next token."""
        if token.kind in {"text", "hex"}:
            data = token.text.encode("latin-1") if token.kind == "text" else None
            self._take_bytes(bytes.fromhex(token.text) if data is None else data)
            return
        self._flush()
        if token.kind == "brace":
            self._n_skipped = 0
            self._open() if token.text == "{" else self._close()
        elif token.kind == "symbol":
            self._take_symbol(token.text)
        else:
            self._take_word(token.text, token.number)

    def finish(self) -> None:
        """End what is still open."""
        self._flush()
        while self._states:
            self._close()
        self._end_row()
        self._state.is_in_row = False
        self._end_paragraph()

    def result(self) -> str:
        """Return the text so far."""
        return self._texts[0][2].layout.text()

    def headings(self) -> list[Heading]:
        """Return the headings so far."""
        return self._texts[0][2].layout.headings

    @property
    def _layout(self) -> StreamedLayout:
        return self._texts[-1][2]

    def _open(self) -> None:
        if len(self._states) >= _MOST_GROUPS:
            raise ValueError(f"more than {_MOST_GROUPS:,} groups in groups")
        self._states.append(self._state)
        self._state = copy(self._state)

    def _close(self) -> None:
        if not self._states:
            return
        ended = self._state
        if ended.purpose == "style" and self._states[-1].purpose != "style":
            self._styles.add(self._number, "".join(self._name))
        elif ended.purpose == "title" and self._states[-1].purpose != "title":
            self.title = " ".join("".join(self._name).split())
        self._state = self._states.pop()
        if self._texts[-1][0] > len(self._states):
            _, purpose, layout = self._texts.pop()
            self._took(purpose, layout.layout.text())

    def _took(self, purpose: str, text: str) -> None:
        if not text:
            return
        if purpose in _RUNNING:
            self.running.setdefault(text)
        else:
            self._following.append(text)

    def _take_symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._is_starred = True
        elif symbol in _SYMBOLS:
            self._write(_SYMBOLS[symbol])
        elif symbol in "\r\n":
            self._end_paragraph()

    def _take_word(self, word: str, number: int | None) -> None:
        is_starred, self._is_starred = self._is_starred, False
        if word in _NO_TEXT or (is_starred and word not in _SAYS_SOMETHING | _NOTES):
            self._state.purpose = _SKIPPED
        elif self._state.purpose == _SKIPPED:
            pass
        elif word in _TABLES:
            self._state.purpose = _TABLES[word]
        elif word in _NOTES or word in _RUNNING:
            self._texts.append((len(self._states), word, StreamedLayout()))
            self._state.is_in_row, self._state.level = False, 0
        elif word == "u":
            self._take_unicode(number or 0)
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif (action := _WORDS.get(word)) is not None:
            action(self, number)
        elif self._state.purpose == "":
            self._break(word)

    def _break(self, word: str) -> None:
        if word in _SPACES:
            self._layout.space()
        elif word in _PARAGRAPHS:
            self._end_paragraph()
        elif word in {"line", "lbr", "nestrow"}:
            self._layout.line()
        elif word == "cell":
            self._start_row()
            self._layout.end_cell()
        elif word == "row":
            self._end_row()

    def _take_unicode(self, number: int) -> None:
        # Numbers are 16 bits with a sign; letters beyond come as two of them.
        code, high = number & 0xFFFF, self._high
        self._high = code if 0xD800 <= code < 0xDC00 else 0
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00 if high else 0xFFFD
        if not self._high:
            self._write(chr(code))
        self._n_skipped = self._state.n_after_unicode

    def _take_bytes(self, data: bytes) -> None:
        skipped = min(self._n_skipped, len(data))
        self._n_skipped -= skipped
        self._bytes += data[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._write(self._fonts.decoded(data, self._state.font))

    def _write(self, text: str) -> None:
        state = self._state
        if state.purpose in {"style", "title"}:
            self._name.append(text)
        elif not state.purpose and not state.is_hidden:
            self._write_shown(text)

    def _write_shown(self, text: str) -> None:
        state, is_main = self._state, len(self._texts) == 1
        if is_main and state.is_in_row:
            self._start_row()
        elif is_main and self._is_after_row:
            self._end_row()
            self._layout.paragraph()
            self._is_after_row = False
        if is_main and state.level and not self._has_heading and text.strip():
            self._layout.start_heading(state.level)
            self._has_heading = True
        if state.is_raised and self._layout.last.isalnum() and text[:1].isdigit():
            self._layout.write("^")
        self._layout.write(text)

    def _start_row(self) -> None:
        if len(self._texts) == 1 and not self._has_row:
            self._layout.start_row()
            self._has_row = self._is_after_row = True

    def _end_row(self) -> None:
        if len(self._texts) == 1 and self._has_row:
            self._layout.end_row()
            self._has_row = False

    def _end_paragraph(self) -> None:
        if len(self._texts) > 1:
            self._layout.line()
            return
        self._layout.end_heading()
        self._has_heading = False
        self._layout.paragraph()
        if self._has_row and self._state.is_in_row:
            return
        following, self._following = self._following, []
        for text in following:
            for line in text.split("\n"):
                self._layout.write(line)
                self._layout.line()
            self._layout.paragraph()

    def _set_font(self, number: int | None) -> None:
        self._state.font = number or 0

    def _set_charset(self, number: int | None) -> None:
        if self._state.purpose == "fonts":
            self._fonts.sets[self._state.font] = number or 0

    def _set_page(self, number: int | None) -> None:
        self._fonts.page = codec_of_page(number or 1252)

    def _set_after(self, number: int | None) -> None:
        self._state.n_after_unicode = min(max(number or 0, 0), 100)

    def _hide(self, number: int | None) -> None:
        self._state.is_hidden = number != 0

    def _raise(self, number: int | None) -> None:
        self._state.is_raised = number != 0

    def _lower(self, _: int | None) -> None:
        self._state.is_raised = False

    def _set_plain(self, _: int | None) -> None:
        state = self._state
        state.is_hidden = state.is_raised = False
        state.font = self._fonts.default

    def _set_default(self, number: int | None) -> None:
        self._fonts.default = number or 0
        self._state.font = number or 0

    def _reset_paragraph(self, _: int | None) -> None:
        self._state.level, self._state.is_in_row = 0, False

    def _set_in_row(self, number: int | None) -> None:
        self._state.is_in_row = number != 0

    def _set_style(self, number: int | None) -> None:
        if self._state.purpose in {"styles", "style"}:
            self._state.purpose, self._number, self._name = "style", number or 0, []
        else:
            self._state.level = self._styles.levels.get(number or 0, 0)

    def _set_level(self, number: int | None) -> None:
        if number is not None and 0 <= number < 9 and not self._state.purpose:
            self._state.level = number + 1

    def _start_title(self, _: int | None) -> None:
        if self._state.purpose == "info":
            self._state.purpose, self._name = "title", []


_WORDS: dict[str, Callable[[RtfBody, int | None], None]] = {
    "f": RtfBody._set_font,
    "fcharset": RtfBody._set_charset,
    "ansicpg": RtfBody._set_page,
    "mac": lambda body, _: body._set_page(10000),
    "pc": lambda body, _: body._set_page(437),
    "pca": lambda body, _: body._set_page(850),
    "uc": RtfBody._set_after,
    "v": RtfBody._hide,
    "deleted": RtfBody._hide,
    "super": RtfBody._raise,
    "sub": RtfBody._lower,
    "nosupersub": RtfBody._lower,
    "plain": RtfBody._set_plain,
    "deff": RtfBody._set_default,
    "pard": RtfBody._reset_paragraph,
    "intbl": RtfBody._set_in_row,
    "s": RtfBody._set_style,
    "outlinelevel": RtfBody._set_level,
    "title": RtfBody._start_title,
}
