from pathlib import Path

from colmodern.corpus import Skipped, SkipReason
from colmodern.indexer.report import MOST_NAMED, UnreadFiles


def test_a_folder_that_cannot_be_read_is_named_once_for_all_of_its_files():
    unread = UnreadFiles()
    for _ in range(50):
        unread.add(Skipped(Path("gone"), SkipReason.UNREADABLE), n_documents=2)
    assert unread.lines() == [
        "100 documents stay as they were, for 50 files cannot be read at the moment:",
        "  gone: unreadable",
    ]


def test_many_files_that_cannot_be_read_are_counted_beyond_the_first():
    unread = UnreadFiles()
    for number in range(MOST_NAMED + 3):
        unread.add(Skipped(Path(f"{number}.txt"), SkipReason.BROKEN), n_documents=1)
    assert len(unread.lines()) == 1 + MOST_NAMED + 1
    assert unread.lines()[-1] == "  and 3 more"


def test_one_document_is_told_in_the_singular():
    unread = UnreadFiles()
    unread.add(Skipped(Path("a.txt"), SkipReason.BROKEN), n_documents=1)
    assert (
        unread.lines()[0] == "1 document stays as it was, for 1 file cannot be read at the moment:"
    )
