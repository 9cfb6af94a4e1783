"""Every code is raised by a door that exists, with its fields, and has its row in the tables."""

import ast
import asyncio
import importlib
import pickle
import shutil
import sys
import threading
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

import colmodern
import colmodern.__main__ as program
from colmodern import Encoder, HashEncoder, Indexer, Searcher, TokenEmbeddings, errors
from colmodern.cli import app
from colmodern.cluster import ray_runner
from colmodern.errors import CODES, ColModernError
from colmodern.eval import Dataset, MtebModel, Record, compare, evaluate, parse_measures, repeat
from colmodern.eval.run.record import check_is_free
from colmodern.eval.systems import make_system
from colmodern.indexer.shards.commit import commit_parts
from colmodern.indexer.shards.plan import read_plan
from colmodern.kernels import isa
from colmodern.remote import push
from colmodern.remote.failures import remote_calls
from colmodern.request import SearchRequest
from colmodern.searcher import read_queries, write_run
from colmodern.serve import ServeConfig
from colmodern.serve.access import ANYONE, Access, Rates, Scope, allow
from colmodern.serve.admission import Admission
from colmodern.serve.http import app as addresses
from colmodern.serve.http import writing
from colmodern.serve.http.answers import checked_size
from colmodern.serve.http.body import read_bytes
from colmodern.serve.http.guard import Guard, failed
from colmodern.serve.run import make_server
from colmodern.serve.stopwatch import Stopwatch
from colmodern.serve.writing.jobs import Journal
from colmodern.storage import IndexWriter, LocalDirectory, LockedShardSet
from colmodern.torch_encoder import load_torch_encoder
from colmodern.types import Document

PACKAGE = Path(colmodern.__file__).parent
ENCODER, OTHER = HashEncoder(dim=64), HashEncoder(dim=64, seed=3)


class Kit:
    """What a door needs: an index of two documents, made when it is asked for."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.monkeypatch = monkeypatch

    @cached_property
    def index(self):
        Indexer(self.folder / "i", ENCODER).build([("a", "blue ovens"), ("b", "red trains")])
        return self.folder / "i"

    @cached_property
    def shard_set(self):
        locked = LockedShardSet(LocalDirectory(self.folder / "s"))
        shard = locked.new_shard(0, is_empty=True)
        Indexer(shard, ENCODER).build([("a", "blue ovens")])
        locked.publish({0: shard}, n_shards=1, config={}, sources=None)
        locked.release()
        return self.folder / "s"

    @cached_property
    def plan(self):
        plan, _ = Indexer(self.folder / "p", ENCODER, shards=1).plan([self.file()])
        return plan

    @property
    def manifest(self):
        return self.index / "manifest.json"

    def file(self, text="mine"):
        (self.folder / "file").write_text(text)
        return self.folder / "file"

    @cached_property
    def server(self):
        return make_server({"i": self.index}, ServeConfig(), encoder=ENCODER)

    @property
    def guard(self):
        return Guard(None, self.server)

    def request(self):
        scope = {"type": "http", "method": "POST", "path": "/livez", "headers": []}
        return Request({**scope, "app": addresses.make_app(self.server)})

    def dataset(self, text):
        return Dataset.of([Document("d", text)], {"q": text}, {"q": {"d": 1}})

    def report(self, text):
        return evaluate(make_system("late", encoder=ENCODER), self.dataset(text))

    def search(self, *args, **options):
        with Searcher.open(self.index, ENCODER) as searcher:
            return searcher.search(*args, **options)


@pytest.fixture
def kit(tmp_path, monkeypatch):
    return Kit(tmp_path, monkeypatch)


def option_unknown(kit):
    SearchRequest.from_dict({"limit": 3})


def option_wrong_kind(kit):
    SearchRequest(k="3")


def option_out_of_range(kit):
    SearchRequest(k=0)


def option_not_allowed(kit):
    SearchRequest(mode="both")


def option_conflict(kit):
    SearchRequest(mode="hybrid", passage_weight=0.5)


def option_invalid(kit):
    make_system("late:")


def option_missing(kit):
    make_system("dense")


def recipe_unreadable(kit):
    from colmodern.distill.recipe import Recipe

    Recipe.load(kit.folder / "none.toml")


def stage_not_done(kit):
    from colmodern.distill.ledger import outputs_of

    outputs_of(kit.folder)


def folder_in_use(kit):
    from colmodern.distill.locked import alone

    with alone(kit.folder), alone(kit.folder):
        pass


def device_unavailable(kit):
    load_torch_encoder(device="abacus")


def cluster_unavailable(kit):
    def refuse(**_):
        raise ConnectionError("nobody answers")

    ray = SimpleNamespace(is_initialized=lambda: False, init=refuse)
    kit.monkeypatch.setattr(ray_runner, "import_ray", lambda: ray)
    ray_runner.RayRunner("auto").run(kit.plan, kit.plan.parts, ENCODER, None)


def checkpoint_not_found(kit):
    from colmodern.distill.checkpoints import find_checkpoint

    find_checkpoint("nowhere")


def checkpoint_mismatch(kit):
    from colmodern.distill.checkpoints import check_weights

    (kit.folder / "model.safetensors").write_bytes(b"other")
    check_weights(kit.folder, "0000")


def filter_syntax(kit):
    kit.search("x", where="a >=")


def filter_unknown_field(kit):
    kit.search("x", where="yaer >= 1")


def filter_wrong_kind(kit):
    kit.search("x", where="id >= 1")


def query_empty(kit):
    kit.search(" ")


def query_not_text(kit):
    kit.search("half \ud800")


def document_not_found(kit):
    with Searcher.open(kit.index, ENCODER) as searcher:
        searcher.explain("x", "nobody")


def file_not_found(kit):
    read_queries(kit.folder / "none.jsonl")


def file_unreadable(kit):
    read_queries(kit.folder)


def file_not_written(kit):
    write_run(kit.folder / "none" / "run.trec", [], name="r")


def folder_not_empty(kit):
    check_is_free(kit.file().parent)


def row_invalid(kit):
    read_queries(kit.file("{}"))


def id_duplicate(kit):
    read_queries(kit.file('{"_id": "a", "text": "x"}\n' * 2))


def data_empty(kit):
    read_queries(kit.file(""))


def vectors_invalid(kit):
    narrow = TokenEmbeddings(np.ones((1, 3), np.float32), np.zeros((1, 2), np.int32))
    with Searcher.open(kit.index) as searcher:
        searcher.search_embeddings(narrow)


def scores_invalid(kit):
    from colmodern.distill.teachers.score import refuse_non_finite

    refuse_non_finite([float("nan")], who="somebody", query="q", documents=["d"])


def collection_not_found(kit):
    Dataset.load(str(kit.folder / "none"))


def layout_unknown(kit):
    Dataset.load(kit.file().parent)


def split_unknown(kit):
    Dataset.load(PACKAGE.parent / "examples" / "judged", split="tset")


def judgments_invalid(kit):
    Dataset.of([Document("d", "x")], {"q": "x"}, {"q": {"e": 1}})


def measure_unknown(kit):
    parse_measures(["Loveliness@10"])


def collection_mismatch(kit):
    compare(kit.report("one"), kit.report("two"))


def record_not_found(kit):
    Record.load(kit.folder / "none")


def record_damaged(kit):
    (kit.folder / "run.json").write_text("{")
    Record.load(kit.folder)


def record_not_repeatable(kit):
    repeat(Record.write(kit.folder / "record", kit.report("one"), kit.dataset("one")))


def input_invalid(kit):
    MtebModel(ENCODER).search([], top_k=1)


def many_deletions(kit):
    folder = kit.folder / "many"
    folder.mkdir()
    for number in range(22):
        (folder / f"{number}.txt").write_text(f"words of {number}")
    indexer = Indexer(kit.folder / "i", ENCODER)
    indexer.sync([folder])
    for number in range(21):
        (folder / f"{number}.txt").unlink()
    indexer.sync([folder])


def encoder_not_found(kit):
    Encoder.load("no-model")


def encoder_not_fetched(kit):
    from colmodern.distill.checkpoints import find_checkpoint

    def refused(name):
        raise OSError("no network")

    kit.monkeypatch.setattr("huggingface_hub.snapshot_download", refused)
    find_checkpoint("nobody/nothing")


def encoder_unreadable(kit):
    (kit.folder / "modules.json").write_text("[")
    Encoder.load(kit.folder)


def encoder_unsupported(kit):
    (kit.folder / "config.json").write_text('{"model_type": "gpt2"}')
    Encoder.load(kit.folder)


def encoder_result_invalid(kit):
    class Short(HashEncoder):
        def encode_queries(self, texts):
            return []

    with Searcher.open(kit.index, Short(dim=64)) as searcher:
        searcher.search("x")


def encoder_invalid(kit):
    Indexer(kit.folder / "i").build([("a", "b")])


def worker_lost(kit):
    run = ray_runner._Run(None, lambda _: None, kit.plan, kit.plan.parts, 1, None)
    for _ in range(ray_runner.MOST_DEATHS):
        run._lost(kit.plan.parts[0])
    raise run._failure


def encoder_mismatch(kit):
    Searcher.open(kit.index, OTHER)


def index_not_found(kit):
    Searcher.open(kit.folder / "alone")


def index_exists(kit):
    Indexer(kit.index, ENCODER).build([("a", "b")])


def index_format(kit):
    Searcher.open(kit.file())


def index_corrupt(kit):
    kit.manifest.write_bytes(kit.manifest.read_bytes()[:-20])
    Searcher.open(kit.index)


def shard_missing(kit):
    shutil.rmtree(kit.shard_set / "shard-000001-g000001")
    Searcher.open(kit.shard_set)


def shard_mismatch(kit):
    with IndexWriter.open(kit.shard_set / "shard-000001-g000001") as writer:
        writer.set_option("changed", True)
        writer.commit()
    Searcher.open(kit.shard_set)


def plan_not_found(kit):
    read_plan(kit.folder)


def plan_outdated(kit):
    shutil.copytree(kit.plan.folder, kit.folder / "kept")
    Indexer(kit.folder / "p", ENCODER, shards=1).build([("c", "green boats")])
    shutil.copytree(kit.folder / "kept", kit.plan.folder)
    commit_parts(kit.folder / "p")


def parts_missing(kit):
    commit_parts(kit.plan.folder.parent)


def part_not_found(kit):
    kit.plan.part(9)


def index_unreadable(kit):
    kit.manifest.unlink()
    kit.manifest.mkdir()
    Searcher.open(kit.index)


def index_not_written(kit):
    Indexer(kit.file() / "i", ENCODER).build([("a", "b")])


def index_locked(kit):
    with IndexWriter.open(kit.index):
        Indexer(kit.index, ENCODER).update([("c", "d")])


def index_is_remote(kit):
    Indexer("s3://bucket/x", ENCODER)


def remote_unavailable(kit):
    push(kit.index, kit.file().as_uri())


def remote_refused(kit):
    kit.monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    Searcher.open("az://container/x")


def remote_not_found(kit):
    with remote_calls("s3://bucket/x"):
        raise FileNotFoundError("<Code>NoSuchBucket</Code>")


def remote_conflict(kit):
    push(kit.index, (kit.folder / "store").as_uri())
    push(kit.shard_set, (kit.folder / "store").as_uri())


def cache_full(kit):
    push(kit.index, (kit.folder / "store").as_uri())
    kit.monkeypatch.setenv("COLMODERN_REMOTE_CACHE", str(kit.folder / "cache"))
    kit.monkeypatch.setenv("COLMODERN_REMOTE_CACHE_SIZE", "1KB")
    Searcher.open((kit.folder / "store").as_uri())


def request_invalid(kit):
    from colmodern.serve.http.search import SearchBody

    SearchBody.of({}, ServeConfig(), dim=64)


def token_missing(kit):
    Access(kit.file("read " + "r" * 20)).bearer(None)


def token_not_enough(kit):
    allow(ANYONE, Scope.WRITE)


def host_refused(kit):
    kit.guard._check_host("/", Headers({"host": "evil"}))


def origin_refused(kit):
    kit.guard._check_origin(Headers({"host": "good", "origin": "http://evil"}))


def route_not_found(kit):
    asyncio.run(addresses._no_such_address(kit.request(), Exception()))


def method_not_allowed(kit):
    asyncio.run(addresses._no_such_method(kit.request(), Exception()))


def index_not_served(kit):
    kit.server.library.named("j")


def job_not_found(kit):
    Journal(kit.folder / "i.jobs", most=1).outcome(1)


def not_writable(kit):
    writing._writer_of(kit.server, "i")


def too_slow(kit):
    async def never():
        await asyncio.Event().wait()

    asyncio.run(read_bytes(Request(kit.request().scope, never), limit=1, seconds=0))


def too_large(kit):
    checked_size(b"xx", 1)


def too_many_requests(kit):
    rates = Rates(1e-9)
    rates.take(ANYONE)
    rates.take(ANYONE)


def generation_changed(kit):
    from colmodern.serve.http.part import PartOfSearch

    with (
        make_server({"i": kit.index}, ServeConfig(), encoder=ENCODER).library.named("i").use() as i
    ):
        PartOfSearch(state="another").check(i)


def shards_differ(kit):
    from colmodern.serve.coordinator.start import agreed_encoder

    told = {"codec": "c", "encoder": {"name": "hash", "fingerprint": "f", "dim": 64}}
    other = {"codec": "c", "encoder": {"name": "hash", "fingerprint": "g", "dim": 64}}
    known = [SimpleNamespace(name=n, told=t, is_known=True) for n, t in (("1", told), ("2", other))]
    agreed_encoder(known)


def shard_unavailable(kit):
    from colmodern.serve.coordinator.coordinator import MissingShard, unavailable

    raise unavailable([MissingShard("1", "search", "internal", "no")])


def coordinator_unsupported(kit):
    from colmodern.serve.coordinator.search import refuse_ranks

    refuse_ranks(SearchRequest(mode="hybrid", fusion="rrf"))


def cancelled(kit):
    watch = Stopwatch(1)
    watch.cancel()
    watch("filter")


def overloaded(kit):
    async def crowd():
        admission, go = Admission(threads=1, queue=0), threading.Event()
        first = asyncio.ensure_future(admission.run(lambda _: go.wait()))
        await asyncio.sleep(0)
        try:
            await admission.run(lambda _: None)
        finally:
            go.set()
            await first
            admission.close()

    asyncio.run(crowd())


def deadline_passed(kit):
    Stopwatch(-1)("filter")


def internal(kit):
    raise failed("r")


def missing_extra(kit):
    kit.monkeypatch.setitem(sys.modules, "bm25s", None)
    make_system("bm25")


def missing_package(kit):
    kit.monkeypatch.setitem(sys.modules, "langchain_core", None)
    kit.monkeypatch.delitem(sys.modules, "colmodern.integrations.langchain", raising=False)
    importlib.import_module("colmodern.integrations.langchain")


def kernel_unavailable(kit):
    kit.monkeypatch.setattr(isa, "_supported", lambda: ("serial",))
    isa._resolve.__wrapped__("amx")


URL = object()  # one of the test's own folder


# Of each code: a door that raises it, and what it says: option, value, document, file.
DOORS = [
    (option_unknown, "limit", 3, None, None),
    (option_wrong_kind, "k", "3", None, None),
    (option_out_of_range, "k", 0, None, None),
    (option_not_allowed, "mode", "both", None, None),
    (option_conflict, "passage_weight", 0.5, None, None),
    (option_invalid, "system", "late:", None, None),
    (option_missing, None, None, None, None),
    (recipe_unreadable, None, None, None, None),
    (stage_not_done, None, None, None, None),
    (folder_in_use, None, None, None, None),
    (device_unavailable, None, None, None, None),
    (cluster_unavailable, "ray_address", "auto", None, None),
    (checkpoint_not_found, None, None, None, None),
    (checkpoint_mismatch, None, None, None, None),
    (filter_syntax, "where", "a >=", None, None),
    (filter_unknown_field, "where", "yaer", None, None),
    (filter_wrong_kind, "where", "id", None, None),
    (query_empty, None, " ", None, None),
    (query_not_text, None, "half \ud800", None, None),
    (document_not_found, None, None, "nobody", None),
    (file_not_found, None, None, None, None),
    (file_unreadable, None, None, None, None),
    (file_not_written, None, None, None, None),
    (folder_not_empty, None, None, None, None),
    (row_invalid, None, None, None, None),
    (id_duplicate, None, None, None, None),
    (data_empty, None, None, None, None),
    (vectors_invalid, None, None, None, None),
    (scores_invalid, None, None, None, None),
    (collection_not_found, None, None, None, None),
    (layout_unknown, None, None, None, None),
    (split_unknown, None, None, None, None),
    (judgments_invalid, None, None, None, None),
    (measure_unknown, None, None, None, None),
    (collection_mismatch, None, None, None, None),
    (record_not_found, None, None, None, None),
    (record_damaged, None, None, None, None),
    (record_not_repeatable, None, None, None, None),
    (input_invalid, None, None, None, None),
    (many_deletions, "prune", 21, None, None),
    (encoder_not_found, None, "no-model", None, None),
    (encoder_not_fetched, None, None, None, None),
    (encoder_unreadable, None, None, None, None),
    (encoder_unsupported, None, None, None, None),
    (encoder_result_invalid, None, None, None, None),
    (encoder_invalid, None, None, None, None),
    (worker_lost, None, 1, None, None),
    (encoder_mismatch, None, f"hash:64:3 ({OTHER.fingerprint[:12]})", None, None),
    (index_not_found, None, None, None, "alone"),
    (index_exists, None, None, None, "i"),
    (index_format, None, None, None, "file"),
    (index_corrupt, None, None, None, "i/manifest.json"),
    (shard_missing, None, None, None, "s/shard-000001-g000001"),
    (shard_mismatch, None, None, None, "s/shard-000001-g000001/manifest.json"),
    (plan_not_found, None, None, None, ""),
    (plan_outdated, None, None, None, "p/plan"),
    (parts_missing, None, None, None, "p/plan"),
    (part_not_found, None, None, None, None),
    (index_unreadable, None, None, None, "i/manifest.json"),
    (index_not_written, None, None, None, "file/i"),
    (index_locked, None, None, None, "i"),
    (index_is_remote, "index", "s3://bucket/x", None, None),
    (remote_unavailable, None, URL, None, None),
    (remote_refused, None, "az://container/x", None, None),
    (remote_not_found, None, "s3://bucket/x", None, None),
    (remote_conflict, None, URL, None, None),
    (cache_full, None, None, None, "cache"),
    (request_invalid, "query", None, None, None),
    (token_missing, None, None, None, None),
    (token_not_enough, None, "write", None, None),
    (host_refused, None, "evil", None, None),
    (origin_refused, None, "http://evil", None, None),
    (route_not_found, None, None, None, None),
    (method_not_allowed, None, "GET, HEAD", None, None),
    (index_not_served, "index", "j", None, None),
    (job_not_found, None, 1, None, None),
    (not_writable, "writable", False, None, None),
    (too_slow, None, None, None, None),
    (too_large, None, 2, None, None),
    (too_many_requests, "rate", 1e-9, None, None),
    (generation_changed, "state", 1, None, None),
    (shards_differ, "encoder", None, None, None),
    (shard_unavailable, None, 1, None, None),
    (coordinator_unsupported, "fusion", "rrf", None, None),
    (cancelled, None, None, None, None),
    (overloaded, "queue", 0, None, None),
    (deadline_passed, "deadline", -1, None, None),
    (internal, None, None, None, None),
    (missing_extra, None, "eval", None, None),
    (missing_package, None, "langchain-core>=1.0", None, None),
    (kernel_unavailable, "COLMODERN_ISA", "amx", None, None),
]


@pytest.mark.parametrize(("door", "option", "value", "document", "file"), DOORS)
def test_a_code_and_its_fields(door, option, value, document, file, kit):
    with pytest.raises(ColModernError) as found:
        door(kit)
    error = found.value
    assert error.code == door.__name__
    assert type(error) is CODES[error.code].error
    assert (error.option, error.document) == (option, document)
    assert error.value == value or (value is URL and error.value.startswith(kit.folder.as_uri()))
    assert error.path == (None if file is None else kit.folder / file)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_every_code_is_shown_once():
    assert [door.__name__ for door, *_ in DOORS] == list(CODES)


@pytest.mark.parametrize(
    ("spec", "code", "option", "value"),
    [
        ("lucene", "option_not_allowed", "system", "lucene"),
        ("late:bits=x", "option_wrong_kind", "bits", "x"),
        ("late:bits=3", "option_not_allowed", "bits", 3),
        ("late:colour=x", "option_unknown", "colour", "x"),
        ("late:mode=hybrid,passage_weight=1", "option_conflict", "passage_weight", 1),
    ],
)
def test_a_spec_says_the_option_that_is_wrong(spec, code, option, value):
    with pytest.raises(ColModernError) as found:
        make_system(spec, encoder=ENCODER)
    assert (found.value.code, found.value.option, found.value.value) == (code, option, value)


def test_every_class_has_its_code_and_every_code_its_class():
    kinds = [getattr(errors, name) for name in errors.__all__]
    kinds = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, ColModernError)]
    assert {kind.code for kind in kinds if kind is not ColModernError} <= set(CODES)
    assert {row.error for row in CODES.values()} == set(kinds) - {ColModernError}
    for code, row in CODES.items():
        assert code == code.lower()
        assert (row.exit_status, row.http_status // 100) in {(2, 4), (2, 5)}


def test_no_code_is_said_that_the_table_lacks():
    said = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                given = [one.value for one in node.keywords if one.arg == "code"]
                said |= {one.value for one in given if isinstance(one, ast.Constant)}
    assert said
    assert said <= set(CODES)


@pytest.mark.parametrize("door", [door for door, *_ in DOORS])
def test_the_command_line_ends_as_the_table_says(door, kit, monkeypatch, capsys):
    monkeypatch.setattr(app, "app", lambda: door(kit))
    monkeypatch.setattr(sys, "argv", ["colmodern", "info"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == CODES[door.__name__].exit_status == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error [{door.__name__}]: ")


def test_the_documentation_has_every_row():
    text = (PACKAGE.parent / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    rows = [
        f"| `{code}` | `{row.error.__name__}` | {row.exit_status} | {row.http_status} "
        f"| {row.meaning} |"
        for code, row in CODES.items()
    ]
    assert "\n".join(rows) in text
