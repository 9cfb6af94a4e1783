import json

import pytest

from colmodern.passages.places import Place, place_of

MARKDOWN = """---
title: Front
---
Lead.

# Handbook

Intro.

```sh
# not a heading
```

Keys
----
Keys rotate.

### Revoking ###
An officer may revoke.

## Ovens
Bake.
"""

PYTHON = '''"""Module."""

LIMIT = 3


class Store(Base):
    """Keeps things."""

    async def revoke(self, key):
        def inner():
            return key.gone

        return inner()

    size = 4


def main():
    run()


if __name__ == "__main__":
    main()
'''

CPP = """namespace store {

class Index : public Base {
 public:
  int size() const {
    return size_;
  }
};

template <typename T>
static std::vector<T> Index::merge(const std::vector<T>& parts, int n) {
  if (n > 0) {
    push(parts);
  }
  return {};
}

}  // namespace store
"""

GO = """func (s *Server) Listen(port int) error {
\tfor {
\t\taccept(port)
\t}
}

type Other struct {
}
"""

RUST = """impl Store {
    pub fn open(path: &Path) -> Self {
        read(path)
    }
}

pub(crate) fn helper<T>(x: T) {
    inside();
}
"""

JS = """export class View {
  render(props) {
    draw(props);
  }
}

export const load = async (url) => {
  fetch(url);
};

function old() {
  legacy();
}
"""


def section(kind, text, needle):
    return place_of({"type": kind}, text, text.index(needle)).section


@pytest.mark.parametrize(
    ("needle", "expected"),
    [
        ("Lead", ()),
        ("Intro", ("Handbook",)),
        ("not a heading", ("Handbook",)),
        ("Keys rotate", ("Handbook", "Keys")),
        ("An officer", ("Handbook", "Keys", "Revoking")),
        ("Bake", ("Handbook", "Ovens")),
        ("### Revoking", ("Handbook", "Keys", "Revoking")),
    ],
)
def test_a_passage_of_markdown_stands_under_its_headings(needle, expected):
    assert section("markdown", MARKDOWN, needle) == expected


def test_a_passage_of_rst_stands_under_its_titles():
    text = "Book\n====\nlead\n\nKeys\n----\nrotate\n\nOvens\n-----\nbake\n"
    assert section("rst", text, "rotate") == ("Book", "Keys")
    assert section("rst", text, "bake") == ("Book", "Ovens")


@pytest.mark.parametrize(
    ("code", "needle", "expected"),
    [
        (PYTHON, "LIMIT", ()),
        (PYTHON, "Keeps things", ("Store",)),
        (PYTHON, "key.gone", ("Store", "revoke", "inner")),
        (PYTHON, "return inner()", ("Store", "revoke")),
        (PYTHON, "size = 4", ("Store",)),
        (PYTHON, "run()", ("main",)),
        (PYTHON, "if __name__", ()),
        (PYTHON, "async def revoke", ("Store", "revoke")),
        (CPP, "return size_", ("Index", "size")),
        (CPP, "push(parts)", ("Index::merge",)),
        (GO, "accept", ("Listen",)),
        (RUST, "read(path)", ("Store", "open")),
        (RUST, "inside()", ("helper",)),
        (JS, "draw(props)", ("View", "render")),
        (JS, "fetch(url)", ("load",)),
        (JS, "legacy()", ("old",)),
    ],
)
def test_a_passage_of_code_stands_in_its_definitions(code, needle, expected):
    found = section("code", code, needle)
    assert found[-len(expected) :] == expected if expected else found == ()


def test_pages_cells_and_noted_sections_come_from_the_metadata():
    metadata = {
        "page_starts": "[0,10,20]",
        "cell_starts": "[0,0,12]",
        "sections": json.dumps([[0, 1, "Top"], [12, 2, "Below"]]),
    }
    assert place_of(metadata, "x" * 30, 10) == Place(2, 2, ("Top",))
    assert str(place_of(metadata, "x" * 30, 25)) == "page 3, cell 3, Top > Below"
    assert place_of(metadata, "x" * 30, 25).to_dict() == {
        "place": "page 3, cell 3, Top > Below",
        "page": 3,
        "slide": None,
        "cell": 3,
        "section": ["Top", "Below"],
        "row": None,
        "seconds": None,
    }


def test_slides_rows_and_times_come_from_the_metadata():
    slides = {"slide_starts": "[0,4]", "sections": json.dumps([[4, 1, "Pumps"]])}
    assert str(place_of(slides, "x" * 9, 5)) == "slide 2, Pumps"
    text = "Costs\n\na\t1\nb\t2\nc\t3\n\nEnd"
    rows = {"row_starts": "[[7,3],[15,9],[20,0]]", "sections": json.dumps([[0, 1, "Costs"]])}
    found = {
        needle: place_of(rows, text, text.index(needle)).row for needle in ("a", "2", "c", "E")
    }
    assert found == {"a": 3, "2": 4, "c": 9, "E": None}
    assert str(place_of(rows, text, text.index("c"))) == "Costs, row 9"
    assert place_of(rows, text, 0).row is None
    times = {"time_starts": "[[0,5],[10,3671]]"}
    assert [str(place_of(times, "x" * 20, at)) for at in (3, 12)] == ["0:00:05", "1:01:11"]


@pytest.mark.parametrize("value", ["[", "{}", '["a"]', "[[1]]", 3, None, "[[0, 1, 2]]"])
def test_metadata_of_somebody_else_are_no_places(value):
    names = ("page_starts", "cell_starts", "slide_starts", "sections")
    metadata = dict.fromkeys(names, value)
    assert place_of(metadata, "text", 2) == Place()
    assert str(Place()) == ""


@pytest.mark.parametrize("value", ["[", "{}", '["a"]', "[1]", 3, None, '[[0, "x"]]', "[[0, 1, 2]]"])
def test_pairs_of_somebody_else_are_no_places(value):
    assert place_of({"row_starts": value, "time_starts": value}, "text", 2) == Place()


def test_headings_are_found_in_linear_time():
    text = "".join(f"# H{i}\n\nclass A{i}(\n" + "word (x, " * 300 + "\n" for i in range(300))
    for kind in ("markdown", "rst", "code"):
        place_of({"type": kind}, text, len(text) - 1)


@pytest.mark.parametrize("kind", ["markdown", "rst"])
def test_windows_line_ends_hide_no_heading(kind):
    text = "---\na: b\n---\n" if kind == "markdown" else ""
    text += "Handbook\n========\n\nIntro.\n\nKeys\n----\n\nKeys rotate.\n"
    text = text.replace("\n", "\r\n")
    place = place_of({"type": kind}, text, text.index("rotate"))
    assert place.section == ("Handbook", "Keys")
