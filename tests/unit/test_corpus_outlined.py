"""AsciiDoc, Org, LaTeX and subtitles: text as it is, headings and times noted."""

from __future__ import annotations

import json

import pytest

from colmodern.passages.places import place_of

from .office_kit import read

ASCIIDOC = """= The Tide
Ann <ann@x.org>
:toc:

Intro.

== At noon ==

High.

----
== no heading
----

// === a comment
=== Ropes

|===
|Rope |12
|===

Old style
~~~~~~~~~

Last.

----
"""
ORG = """#+TITLE: The Tide
#+BEGIN_SRC org
* no heading
#+END_SRC
* TODO [#A] At noon :sea:high:
High.
** Ropes
| Rope | 12 |
*bold* is no heading
* COMMENT Later
Last.
"""
LATEX = r"""\documentclass{book}
\title{The \emph{Tide}}
% \section{no heading}
\begin{document}
\chapter{At noon}\label{c}
High.
\begin{verbatim}
\section{no heading}
\end{verbatim}
  \section*{Caf\'e, {\bf Stra\ss e} \&
 $x^2$ \cite{a}}
Ropes.
\subsection[short]{Last --- one}
Last.
"""


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        (".adoc", ASCIIDOC, {"High": ("The Tide", "At noon"), "|Rope": ("The Tide", "At noon",
         "Ropes"), "Last": ("The Tide", "At noon", "Old style")}),
        (".org", ORG, {"High": ("At noon",), "| Rope": ("At noon", "Ropes"), "Last": ("Later",)}),
        (".tex", LATEX, {"High": ("At noon",), "Ropes": ("At noon", "Café, Straße & x^2"),
         "Last.": ("At noon", "Café, Straße & x^2", "Last — one")}),
    ],
)  # fmt: skip
def test_a_text_is_kept_and_its_headings_are_known(tmp_path, suffix, text, expected):
    document, notes = read(tmp_path / f"a{suffix}", text.encode())
    assert notes == []
    assert document.text == text
    assert document.metadata["title"] == "The Tide"
    found = {
        needle: place_of(document.metadata, text, text.index(needle)).section for needle in expected
    }
    assert found == expected


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".adoc", "----\n== a\n"), (".adoc", "=\n==\n=a\n"), (".adoc", "a\n\n=====\n"),
        (".org", "*\n*a\n#+begin_\n"), (".org", "#+BEGIN_SRC\n* a\n"),
        (".tex", r"\section"), (".tex", r"\section{"), (".tex", "\\begin{verbatim}\n\\part{a}"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_heading_is_none(tmp_path, suffix, text):
    document, _ = read(tmp_path / f"a{suffix}", text.encode())
    assert document.text == text
    sections = json.loads(document.metadata.get("sections", "[]"))
    assert not [title for _, _, title in sections if title]


SRT = """1
00:00:01,000 --> 00:00:02,500
<i>The tide</i>
{\\an8}is high.

2
00:00:03,000 --> 00:00:04,000
- Now?
- At noon.
3
01:01:11,5 --> 01:01:12,000 X1:5
Last.
"""
VTT = """WEBVTT - a film

NOTE nothing
of this

STYLE
::cue {}

intro
00:01.000 --> 00:02.000 align:start
<v Ann>High &amp; low</v>

00:02.000 --> 00:03.000
Ann: High & low
<00:02.5><c>and</c> again
"""


def test_subtitles_say_what_is_said_and_when(tmp_path):
    document, _ = read(tmp_path / "a.srt", SRT.replace("\n", "\r\n").encode())
    assert document.text == "The tide is high.\n- Now?\n- At noon.\n\nLast."
    places = [str(place_of(document.metadata, document.text, document.text.index(needle)))
              for needle in ("high", "At noon", "Last")]  # fmt: skip
    assert places == ["0:00:01", "0:00:03", "1:01:11"]
    document, _ = read(tmp_path / "a.vtt", VTT.encode())
    assert document.text == "Ann: High & low\nand again"
    assert document.metadata["type"] == "subtitles"


def test_subtitles_without_times_are_text(tmp_path):
    document, _ = read(tmp_path / "a.srt", b"1\n00:00:01 -> x\nSpeech\n")
    assert document.text == "1\n00:00:01 -> x\nSpeech\n"
    text = b"1\n00:00:01 --> 00:00:02\n\n2\n00:00:03 --> 00:00:04\nSpeech"
    assert read(tmp_path / "b.srt", text)[0].text == "Speech"


@pytest.mark.parametrize(
    ("suffix", "text", "title"),
    [
        (".org", "* TODO The *bold* =code= of [[http://x][a link]] and [[file]]\n",
         "The bold code of a link and [[file]]"),
        (".org", "* a*b and /path/to/file\n", "a*b and /path/to/file"),
        (".adoc", "== The *bold* _one_ `x` of link:u[a link]\n", "The bold one x of a link"),
        (".adoc", "== 2 * 3 * 4 and snake_case_name\n", "2 * 3 * 4 and snake_case_name"),
        (".tex", "\\section{On \\emph{Gulls}\\footnote{not here}}\n", "On Gulls"),
    ],
)  # fmt: skip
def test_the_name_of_a_section_is_as_it_is_read(tmp_path, suffix, text, title):
    document, _ = read(tmp_path / f"a{suffix}", text.encode())
    assert json.loads(document.metadata["sections"])[0][2] == title
