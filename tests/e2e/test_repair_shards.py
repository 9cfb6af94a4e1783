"""A damaged shard set is mended shard by shard; what is lost is listed and read again."""

import shutil

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import IndexCorruptError
from colmodern.indexer import repair
from colmodern.request import IndexConfig
from colmodern.storage import IndexWriter, open_reader, shard_of, verify

pytestmark = pytest.mark.usefixtures("unsynced")
ENCODER = HashEncoder(dim=32)
N = 18


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(N):
        (folder / f"d{number}").with_suffix(".txt").write_text(f"amber basalt number{number}")
    return folder


@pytest.fixture
def place(tmp_path, corpus):
    config = IndexConfig(n_centroids=8)
    Indexer(tmp_path / "s", ENCODER, config=config, shards=3).sync([corpus])
    return tmp_path / "s"


def shard(place, number=1):
    return place / f"shard-{number:06d}-g000001"


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.unlink()
    path.write_bytes(data)


def check_whole(place, n=N):
    assert verify(place) == []
    with open_reader(place) as reader:
        assert reader.n_documents == n
        assert len({shard.manifest.codec.fingerprint for shard in reader.shards}) == 1
        assert len(reader.sources()) == N


def test_a_sound_set_is_left_alone(place):
    report = repair(place, ENCODER)
    assert (report.problems, report.documents) == ([], N)
    assert (place / "shards-00000001.json").exists()


@pytest.mark.parametrize(
    "name",
    [
        "segment-000001/tokens.arrow",
        "segment-000001/postings.arrow",
        "segment-000001/documents.arrow",
        "codec-g000001.arrow",
        "manifest.json",
    ],
)
def test_any_file_of_a_shard(place, name):
    damage(shard(place) / name)
    planned = repair(place, ENCODER, dry_run=True)
    assert planned.is_planned
    assert planned.problems
    report = repair(place, ENCODER)
    assert report.problems
    assert (report.lost, report.n_unnamed, report.documents) == ([], 0, N)
    check_whole(place)


def test_a_shard_that_is_gone_is_read_again_by_the_next_index(place, corpus):
    shutil.rmtree(shard(place, 2))
    gone = {f"d{n}.txt" for n in range(N) if shard_of(f"d{n}.txt", 3) == 1}
    assert gone
    report = repair(place, ENCODER)
    assert set(report.lost) == gone
    check_whole(place, N - len(gone))
    report = Indexer(place, ENCODER).sync([corpus])
    assert (report.added, report.documents, report.renamed) == (len(gone), N, 0)
    check_whole(place)


def test_a_shard_that_was_changed_by_itself_is_taken_as_it_is(place):
    with IndexWriter.open(shard(place)) as writer:
        writer.delete(["d0.txt", "d1.txt", "d2.txt", "d3.txt", "d4.txt", "d5.txt"])
        n_left = writer.commit().n_documents
    with pytest.raises(IndexCorruptError):
        open_reader(place)
    report = repair(place, ENCODER)
    assert verify(place) == []
    with open_reader(place) as reader:
        assert reader.shards[0].n_documents == n_left
        assert report.kept == reader.n_documents


def test_the_file_of_the_set_and_the_list_of_files(place):
    damage(place / "shards-00000001.json")
    damage(place / "sources-g000001.arrow")
    report = repair(place, ENCODER)
    assert (report.kept, report.documents) == (N, N)
    check_whole(place)
    assert (place / "shards-00000002.json").exists()


def test_nobody_can_tell_how_many_shards_there_were(place):
    damage(place / "shards-00000001.json")
    shutil.rmtree(shard(place, 3))
    with pytest.raises(IndexCorruptError):
        repair(place, ENCODER)
    assert (place / "shards-00000001.json").exists()


def test_a_codec_that_is_damaged_everywhere(place):
    for number in (1, 2, 3):
        damage(shard(place, number) / "codec-g000001.arrow")
    with pytest.raises(IndexCorruptError, match="codec"):
        repair(place, ENCODER)
