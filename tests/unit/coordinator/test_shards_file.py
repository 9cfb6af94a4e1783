"""A file of shards: what it may say, and what is refused."""

import pytest

from colmodern.errors import ColModernError
from colmodern.serve.coordinator.shards_file import read_shards_file

GOOD = '[[shards]]\nservers = ["http://10.0.0.1:8765"]\n'


def read(folder, text):
    (folder / "shards.toml").write_text(text)
    return read_shards_file(folder / "shards.toml")


def test_what_it_may_say(tmp_path):
    file = read(
        tmp_path,
        """
        name = "papers"
        strict = true
        timeout = 1
        [[shards]]
        servers = ["http://a:1", {url = "https://b/x", token_file = "t", index = "i"}]
        [[shards]]
        name = "other"
        servers = ["http://[::1]:8765"]
        """,
    )
    assert (file.config.name, file.config.strict, file.config.timeout) == ("papers", True, 1.0)
    assert [one.name for one in file.shards] == ["1", "other"]
    first, second = file.shards[0].servers
    assert (first.url, first.token_file) == ("http://a:1", None)
    assert (second.index, second.token_file) == ("i", str(tmp_path / "t"))


@pytest.mark.parametrize(
    ("text", "code", "option"),
    [
        ("shards = [", "file_unreadable", None),
        ("", "option_missing", "shards"),
        ("shards = []", "option_missing", "shards"),
        ("shards = 3", "option_missing", "shards"),
        ("shards = [3]", "option_invalid", "shards"),
        ("bogus = 1\n" + GOOD, "option_unknown", "bogus"),
        ('timeout = "soon"\n' + GOOD, "option_wrong_kind", "timeout"),
        ("hedge_share = 2\n" + GOOD, "option_out_of_range", "hedge_share"),
        ("failures = 0\n" + GOOD, "option_out_of_range", "failures"),
        ("[[shards]]\n", "option_invalid", "servers"),
        ("[[shards]]\nservers = []", "option_invalid", "servers"),
        ("[[shards]]\nservers = [3]", "option_invalid", "servers"),
        ("[[shards]]\nserver = []", "option_unknown", "server"),
        ('[[shards]]\nname = ""\nservers = ["http://a"]', "option_invalid", "name"),
        ('[[shards]]\nname = 3\nservers = ["http://a"]', "option_invalid", "name"),
        ('[[shards]]\nservers = ["10.0.0.1:8765"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["ftp://a"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://a:99999"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://user:secret@a"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://a?x=1"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://a..b"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://é:80"]', "option_invalid", "url"),
        ('[[shards]]\nservers = ["http://a/b c"]', "option_invalid", "url"),
        ('[[shards]]\nservers = [{url = "http://a", key = 1}]', "option_unknown", "key"),
        ('[[shards]]\nservers = [{token_file = "t"}]', "option_invalid", "url"),
        (GOOD + GOOD, "option_conflict", "url"),
        (
            '[[shards]]\nname="a"\nservers=["http://a"]\n[[shards]]\nname="a"\nservers=["http://b"]',
            "option_conflict",
            "name",
        ),
    ],
)
def test_what_is_refused(tmp_path, text, code, option):
    with pytest.raises(ColModernError) as refused:
        read(tmp_path, text)
    assert (refused.value.code, refused.value.option) == (code, option)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ColModernError) as refused:
        read_shards_file(tmp_path / "none.toml")
    assert refused.value.code == "file_not_found"
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name in ("bytes.toml", "."):
        with pytest.raises(ColModernError) as refused:
            read_shards_file(tmp_path / name)
        assert refused.value.code == "file_unreadable"


def test_the_page_has_every_option_with_its_default():
    from pathlib import Path

    from colmodern.options import options_of
    from colmodern.serve.coordinator.shards_file import CoordinatorConfig

    page = Path(__file__).parents[3] / "docs" / "how-to" / "coordinator.md"
    rows = {
        row.split("|")[1].strip(): row.split("|")[2].strip()
        for row in page.read_text().split("\n")
        if row.startswith("| `")
    }
    for one in options_of(CoordinatorConfig):
        if one.name == "name":
            continue  # in the example
        shown = rows[f"`{one.name}`"]
        if one.default is not None:
            assert shown == str(one.default).lower()
