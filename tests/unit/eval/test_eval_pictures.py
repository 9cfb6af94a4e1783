"""Figures: what was drawn, not how its pixels look."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from colmodern.errors import ConfigError, InputError, MissingExtraError
from colmodern.eval import compare
from colmodern.eval.pictures import (
    draw_by_document_length,
    draw_differences,
    draw_trade_off,
    inline_svg,
    save,
)


def late(make_report, effort, value, ms, **fields):
    made = make_report(f"late {effort}", [value], search_ms=ms, **fields)
    return replace(made, options={"effort": effort, "bits": 4}, n_tokens=100, index_bytes=6_800)


def legend_of(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_the_trade_off_has_a_point_for_each_system_at_its_latency_and_quality(make_report):
    reports = [
        late(make_report, "high", 0.8, 4.0),
        late(make_report, "low", 0.6, 1.0),
        replace(make_report("BM25", [0.5], search_ms=0.2), index_bytes=2_000_000),
        make_report("their engine", [0.7]),
    ]
    figure = draw_trade_off(reports)
    (axes,) = figure.axes
    assert [tuple(p.get_offsets()[0]) for p in axes.collections] == [(4, 0.8), (1, 0.6), (0.2, 0.5)]
    areas = [points.get_sizes()[0] for points in axes.collections]
    assert areas[0] == areas[1] < areas[2], "by bytes of the index"
    without_times, joined = axes.lines
    assert without_times.get_ydata() == [0.7, 0.7]
    assert joined.get_xydata().tolist() == [[1.0, 0.6], [4.0, 0.8]], "efforts of one index"
    assert legend_of(figure) == [
        "late high\n68.0 bytes a token",
        "late low\n68.0 bytes a token",
        "BM25\n2.0 MB",
        "their engine",
    ]
    assert axes.get_xscale() == "log"


def test_a_trade_off_of_run_files_alone_has_no_latency_axis(make_report):
    (axes,) = draw_trade_off([make_report("theirs", [0.7])]).axes
    assert axes.get_xscale() == "linear"
    assert list(axes.get_xticks()) == []


def test_differences_are_sorted_and_say_wins_ties_and_losses(make_report):
    a = make_report("A", [0.1, 0.5, 0.5, 0.9])
    b = make_report("B", [0.4, 0.5, 0.6, 0.7])
    (axes,) = draw_differences(compare(a, b)).axes
    better, worse = (patch.get_data().values for patch in axes.patches)
    assert better == pytest.approx([0.3, 0.1, 0, 0])
    assert worse == pytest.approx([0, 0, 0, -0.2])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "better on 2",
        "worse on 1",
        "level on 1",
    ]
    assert axes.get_title(loc="left").startswith("B against A\nmean +0.0500")


def test_the_score_by_document_length_has_quarters_of_the_queries(make_report):
    lengths = [10, 20, 30, 40, 50, 60, 70, 80]
    a = make_report("A", [0.5] * 8, relevant_words=lengths)
    b = make_report("B", [i / 10 for i in range(8)], relevant_words=lengths)
    figure = draw_by_document_length([a, b])
    (axes,) = figure.axes
    assert [line.get_ydata() for line in axes.lines] == [
        pytest.approx([0.5] * 4),
        pytest.approx([0.05, 0.25, 0.45, 0.65]),
    ]
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels[0] == "10 to 20\n2 queries"
    assert len(labels) == 4
    assert legend_of(figure) == ["A", "B"]


def test_what_cannot_stand_in_one_picture_gets_a_sentence(make_report):
    a = make_report("A", [0.1])
    with pytest.raises(InputError, match="no report"):
        draw_trade_off([])
    with pytest.raises(InputError, match="AP was not measured"):
        draw_by_document_length([a], "AP")
    with pytest.raises(InputError, match="one picture is of one collection"):
        draw_trade_off([a, replace(a, dataset_fingerprint="cd" * 32)])
    nothing = replace(a, queries=(replace(a.queries[0], relevant={}),))
    with pytest.raises(InputError, match="No query of fruit has a relevant document"):
        draw_by_document_length([nothing])


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_picture_is_saved_by_its_suffix_the_same_each_time(make_report, tmp_path, suffix):
    figures = [draw_trade_off([make_report("A", [0.1], search_ms=1.0)]) for _ in range(2)]
    one, two = (save(f, tmp_path / f"{i}{suffix}") for i, f in enumerate(figures))
    assert one.read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"%PDF")
    assert one.read_bytes() == two.read_bytes()


def test_a_picture_that_cannot_be_saved_gets_a_sentence(make_report, tmp_path):
    figure = draw_trade_off([make_report("A", [0.1])])
    with pytest.raises(ConfigError, match=r"\.svg, \.png, \.pdf, not 'a\.gif'"):
        save(figure, tmp_path / "a.gif")
    with pytest.raises(InputError, match="Cannot write the picture"):
        save(figure, tmp_path / "nowhere" / "a.svg")


def test_hostile_names_are_drawn_as_letters(make_report):
    names = ["<script>alert(1)</script>", "$x^2$ & _y", "_hidden", "日本\ud800", "n" * 200]
    reports = [make_report(name, [0.5], search_ms=1.0) for name in names]
    svg = inline_svg(draw_trade_off(reports), prefix="a", title='"><b>')
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "$x^2$ &amp; _y" in svg
    assert "_hidden" in svg
    assert "日本?" in svg
    assert "n" * 60 not in svg
    assert 'aria-label="&quot;&gt;&lt;b&gt;"' in svg


def test_an_inline_picture_has_ids_of_its_own_and_the_ink_of_the_page(make_report):
    svg = inline_svg(draw_trade_off([make_report("A", [0.1], search_ms=1.0)]), prefix="p1")
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert ids
    assert all(name.startswith("p1-") for name in ids)
    used = re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)
    assert set(used) <= set(ids)
    assert "currentColor" in svg
    assert svg.startswith("<svg role")


def test_without_matplotlib_there_is_a_sentence(make_report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'Drawing needs an extra: .*"colmodern\[eval\]"'):
        draw_trade_off([make_report("A", [0.1])])


def test_many_queries_and_systems_can_be_drawn(make_report):
    values = np.linspace(0, 1, 5000).tolist()
    a, b = make_report("A", values), make_report("B", values[::-1])
    assert inline_svg(draw_differences(compare(a, b)), prefix="a").startswith("<svg")
    many = [make_report(f"S{i}", [0.5], search_ms=1.0 + i) for i in range(20)]
    assert len(legend_of(draw_by_document_length(many))) == 20
