"""Which stretches of a query are most of it, and which words name a file?"""

from unicodedata import normalize

import pytest

from colmodern.text.file_names import file_names_of, is_file, lowered
from colmodern.text.runs import longest_held, runs_of

from .growth import assert_linear


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("one two three four", []),
        ("one two three four five", ["one two three four five"]),
        ("aa bb cc dd ee ff gg", ["aa bb cc dd ee", "bb cc dd ee ff", "cc dd ee ff gg"]),
        ("a extraordinarily b c d e f", ["a extraordinarily b c d", "extraordinarily b c d e"]),
        ('one two "three four" five six', []),
        ("parseHTTPResponse", []),
        (" ".join(["word"] * 20), [" ".join(["word"] * 12)]),
        (" ".join(["word"] * 21), []),
        ("", []),
        ("... !?", []),
    ],
)
def test_stretches_are_the_shortest_that_are_most_of_a_query(query, runs):
    assert runs_of(query) == [tuple(run.split()) for run in runs]


def test_no_stretch_holds_another_and_there_are_few():
    for n in range(5, 21):
        query = " ".join(f"w{'x' * (i * 7 % 5)}" for i in range(n))
        found = [" ".join(run) for run in runs_of(query)]
        assert 0 < len(found) <= 8
        assert not any(a in b for a in found for b in found if a != b)
        assert all(run in query for run in found)


def test_the_longest_stretch_that_is_held():
    query = "one two three four five six"
    texts = "six", "zero ONE, two three four. five"
    assert longest_held(query, texts) == ("one", "two", "three", "four", "five")
    assert longest_held(query, ("one two three four", "three four five six")) == ()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("operations/on-call.md", ["operations/on-call.md"]),
        ("where is on-call.md?", ["on-call.md", "where is on-call.md"]),
        ("what does the page on-call.md say of that", []),
        ("Alarm Thresholds", ["alarm thresholds", "alarm-thresholds", "alarm_thresholds"]),
        ("ab", []),
        ("", []),
        ("3.14", ["3.14", "3-14", "3_14", "3 14", "314"]),
    ],
)
def test_names_of_files_in_a_query(query, names):
    found = file_names_of(query)
    assert [name for name in names if name not in found] == []
    assert bool(found) is bool(names)


@pytest.mark.parametrize(
    ("name", "id_", "is_one"),
    [
        ("on-call.md", "operations/on-call.md", True),
        ("on-call", "operations/on-call.md", True),
        ("on-call", "on-call", True),
        ("operations/on-call", "operations/on-call.md", True),
        ("on-call", "operations/on-call.tar.gz", False),
        ("call.md", "operations/on-call.md", False),
        ("on-ca", "operations/on-call.md", False),
        ("operations", "operations/on-call.md", False),
        ("notes", "notes.notes", True),
        ("data/data", "data/data/data.csv", True),
    ],
)
def test_a_name_is_the_end_of_an_id(name, id_, is_one):
    assert is_file(name.encode(), id_.encode()) is is_one


@pytest.mark.parametrize("id_", ["docs/Überblick.md", "ЦЕНЫ.txt", "İstanbul ẞ", "ΟΔΟΣ"])
def test_an_id_in_lower_case_is_as_long_and_is_found_by_its_name(id_):
    low = lowered(id_.encode())
    assert len(low) == len(id_.encode())
    for query in (id_, normalize("NFD", id_)):
        assert any(is_file(name.encode(), low) for name in file_names_of(query))


def test_bytes_that_are_no_text_stay_where_an_id_is_put_in_lower_case():
    assert lowered(b"A\xff\xc3\x9c") == b"a\xff\xc3\xbc"


def test_each_letter_of_ids_is_lowered_by_itself():
    def low(one):
        found = one.lower()
        return found if len(found.encode()) == len(one.encode()) else one

    letters = [chr(at) for at in range(0x110000) if not 0xD800 <= at < 0xE000]
    for text in ("".join(letters), "".join(reversed(letters)), "ΟΔΟΣ/ΣΑΣ İ.MD", "ÀΣ"):
        assert lowered(text.encode()).decode() == "".join(map(low, text))


@pytest.mark.parametrize("unit", ["ab ", "a-", "a.b ", "a/b ", "--", " "])
def test_both_take_linear_time(unit):
    assert_linear(runs_of, lambda n: unit * n)
    assert_linear(file_names_of, lambda n: unit * n)
