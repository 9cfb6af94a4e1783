"""The page: complete, escaped, and at peace without a network."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib")

from colmodern.errors import InputError
from colmodern.eval import Section, compare, write_page
from colmodern.eval.collection.statistics import Spread, Statistics
from colmodern.eval.page import check_can_write, render_page
from colmodern.eval.run.environment import environment

HOSTILE = '<script>alert("x")</script>&\'\ud800'
VOID = {"meta", "br", "hr", "img", "link"}


class Outline(HTMLParser):
    """Checks that tags nest, and keeps texts and attributes."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts, self.attributes = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def reports(make_report):
    a = make_report("A", [0.1, 0.5, 0.5], ranking=("d3", "d1"), search_ms=1.0)
    b = make_report("B", [0.2, 0.5, 0.0], search_ms=2.0)
    return [a, replace(b, index_bytes=2_500_000, n_tokens=1000, options={"effort": "high"})]


def statistics():
    spread = Spread(3.0, 2.0, 9.0, 12.0)
    return Statistics(
        documents=3,
        empty_documents=1,
        queries=3,
        relevant=spread,
        document_words=spread,
        query_words=spread,
    )


def test_the_page_has_everything_one_wants_to_know(reports):
    section = Section(reports=reports, statistics=statistics(), environments=[environment()])
    page = render_page([section])
    outline = Outline(page)
    text = " ".join(outline.texts)
    for words in (
        "Evaluation on fruit",
        "fruit, test",
        "mean 3.0, median 2.0, p95 9.0, max 12.0",
        "Systems",
        "Is the difference real?",
        "Queries that changed most",
        "-0.5000",
        "query 2",
        "What ran, and on what",
        "effort high",
        "processor",
        "colmodern 0.",
    ):
        assert words in text
    assert outline.tags.count("svg") == 3
    assert outline.tags.count("details") == 2
    assert "<b>0.3667</b>" in page, "the best of a column"
    assert re.search(r"<li>d3</li><li><mark>d1</mark> \(1\)</li>", page)


def test_the_page_needs_no_network_and_runs_nothing(reports):
    outline = Outline(page := render_page([Section(reports=reports)]))
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(outline.tags)
    for name, value in outline.attributes:
        assert not name.startswith("on")
        if name in ("href", "src", "xlink:href"):
            assert value.startswith("#")
    assert "://" not in page
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_ids_are_unique_on_a_page_of_several_collections(reports):
    others = [replace(report, dataset="nuts", dataset_fingerprint="ef" * 32) for report in reports]
    outline = Outline(render_page([Section(reports=reports), Section(reports=others)]))
    ids = [value for name, value in outline.attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 0
    assert outline.tags.count("section") == 2


def test_hostile_names_texts_and_ids_stay_text(reports):
    def spoil(report):
        queries = tuple(
            replace(
                query,
                id=f"{HOSTILE}{query.id}",
                text=HOSTILE,
                relevant={HOSTILE: 1},
                ranking=((HOSTILE, 1.0),),
            )
            for query in report.queries
        )
        return replace(
            report,
            dataset=HOSTILE,
            system=f"{HOSTILE} {report.system}",
            spec=HOSTILE,
            options={HOSTILE: HOSTILE},
            fingerprints={HOSTILE: HOSTILE},
            queries=queries,
        )

    page = render_page([Section(reports=list(map(spoil, reports)))])
    outline = Outline(page)
    assert "script" not in outline.tags
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#x27;?" in page
    a, b = map(spoil, reports)
    for shown in (a._repr_html_(), compare(a, b)._repr_html_()):
        assert "script" not in Outline(shown).tags
        assert "&lt;script" in shown


def test_one_report_without_times_or_relevant_documents_makes_a_page(make_report):
    report = make_report("theirs", [0.0])
    query = replace(report.queries[0], relevant={}, ranking=())
    outline = Outline(render_page([Section(reports=[replace(report, queries=(query,))])]))
    assert outline.tags.count("svg") == 1
    assert "Is the difference real?" not in " ".join(outline.texts)


def test_the_page_is_written_or_refused_with_a_sentence(reports, tmp_path):
    path = write_page(tmp_path / "page.html", [Section(reports=reports)])
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(InputError, match="Cannot write the page"):
        write_page(tmp_path, [Section(reports=reports)])
    for wrong in (tmp_path, tmp_path / "nowhere" / "page.html"):
        with pytest.raises(InputError, match="a file in a folder that exists"):
            check_can_write(wrong)
    check_can_write(tmp_path / "page.html")


def test_reports_and_comparisons_in_a_notebook_say_what_they_print(reports):
    a, b = reports
    shown = Outline(b._repr_html_()).texts
    assert shown[0] == "B on fruit"
    assert {"nDCG@10", "0.2333", "2,500,000", "index bytes"} <= set(shown)
    shown = Outline(compare(a, b)._repr_html_()).texts
    assert shown[0].startswith("B against A on fruit: nDCG@10 -0.1333 [")
    assert {"all queries", "0.3667", "query 2", "0.5000", "0.0000"} <= set(shown)
