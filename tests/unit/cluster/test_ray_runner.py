"""Parts are given to workers, again if one dies; a failure is told. Ray itself is a stand-in."""

from types import SimpleNamespace

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.cluster import ray_runner
from colmodern.cluster.ray_runner import MOST_DEATHS, RayRunner
from colmodern.errors import ColModernError, ConfigError, EncoderError, EncoderMismatchError
from colmodern.indexer.shards.commit import unfinished
from colmodern.indexer.shards.plan import read_plan
from colmodern.request import IndexConfig
from colmodern.storage import open_reader

pytestmark = pytest.mark.usefixtures("unsynced")
ENCODER = HashEncoder(dim=32)


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class RayActorError(RayError):
    pass


class NodeDiedError(RayError):
    pass


class Call:
    """A call of an actor: it is done when somebody waits for it."""

    def __init__(self, work):
        self.work = work
        self.outcome = None

    def run(self):
        if self.outcome is None:
            try:
                self.outcome = self.work(), None
            except Exception as error:  # noqa: BLE001
                self.outcome = None, error if isinstance(error, RayError) else RayTaskError(error)
        return self


class StandIn:
    """What the runner uses of Ray; workers die as told, before or after they have sealed a part."""

    exceptions = SimpleNamespace(
        RayError=RayError,
        RayTaskError=RayTaskError,
        RayActorError=RayActorError,
        NodeDiedError=NodeDiedError,
    )

    def __init__(self):
        self.deaths = {}  # of a part: the errors of its first attempts
        self.n_started = 0
        self.options = []
        self.is_up = False

    def is_initialized(self):
        return self.is_up

    def init(self, **options):
        self.options.append(options)
        self.is_up = True

    def shutdown(self):
        self.is_up = False

    def nodes(self):
        return [{"Alive": True}, {"Alive": True}, {"Alive": False}]

    def cluster_resources(self):
        return {"GPU": 4.0}

    def remote(self, kind):
        return SimpleNamespace(options=lambda **options: self._class(kind, options))

    def _class(self, kind, options):
        def start(*args):
            self.n_started += 1
            self.options.append(options)
            worker = kind(*args)

            def encode(number):
                kept = self.deaths.get(number, [])
                if kept:
                    when, error = kept.pop(0)
                    if when == "after":
                        worker.encode(number)
                    raise error
                return worker.encode(number)

            return SimpleNamespace(
                encode=SimpleNamespace(remote=lambda number: Call(lambda: encode(number))),
                n_chars=SimpleNamespace(remote=lambda: Call(worker.n_chars)),
            )

        return SimpleNamespace(remote=start)

    def wait(self, calls, timeout):
        assert timeout > 0
        return [calls[0].run()], calls[1:]

    def get(self, call, timeout=None):
        value, error = call.run().outcome
        if error is not None:
            raise error
        return value


@pytest.fixture
def stand_in(monkeypatch):
    found = StandIn()
    monkeypatch.setattr(ray_runner, "import_ray", lambda: found)
    return found


def documents():
    return [(f"d{number}", f"amber basalt number{number} " * 5) for number in range(24)]


def build(path, runner, encoder=ENCODER, **options):
    config = IndexConfig(n_centroids=8)
    return Indexer(path, encoder, config=config, shards=3, runner=runner).build(
        documents(), **options
    )


def runner(**options):
    return RayRunner(load=HashEncoder.from_name, **options)


def files_of(path):
    return {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def test_the_bytes_are_those_of_a_build_in_one_process(stand_in, tmp_path):
    build(tmp_path / "here", None)
    said = []
    build(tmp_path / "ray", runner(), progress=lambda *told: said.append(told))
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "here")
    assert stand_in.n_started == 2  # a worker for each machine that is alive
    assert not stand_in.is_up
    encoding = [told for told in said if told[0].startswith("encoding")]
    assert encoding[-1][1] == encoding[-1][2]


def test_what_is_started_here_takes_little_and_tells_nobody(stand_in, tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    build(tmp_path / "s", runner(encoders=9))
    first, *workers = stand_in.options
    assert first["address"] == "local"
    assert first["object_store_memory"] <= 128 << 20
    assert ray_runner.os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert len(workers) == 3  # as many as there are parts
    assert {one["num_gpus"] for one in workers} == {0.0}


def test_workers_share_gpus(stand_in, tmp_path):
    build(tmp_path / "s", runner(address="auto", gpus_each=2.0))
    first, *workers = stand_in.options
    assert first["address"] == "auto"
    assert "object_store_memory" not in first
    assert [(one["num_gpus"], one["num_cpus"]) for one in workers] == [(2.0, 0)] * 2


def test_a_cluster_that_runs_already_stays(stand_in, tmp_path):
    stand_in.is_up = True
    build(tmp_path / "s", runner())
    assert stand_in.is_up


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", [RayActorError("killed"), NodeDiedError("off")])
def test_the_part_of_a_worker_that_died_is_encoded_again(stand_in, tmp_path, when, error):
    build(tmp_path / "here", None)
    stand_in.deaths = {2: [(when, error)] * (MOST_DEATHS - 1), 1: [(when, error)]}
    build(tmp_path / "ray", runner(encoders=1))
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "here")
    assert stand_in.n_started == 1 + MOST_DEATHS


def test_a_part_that_ends_every_worker_is_given_up_and_the_others_stay(stand_in, tmp_path):
    stand_in.deaths = {2: [("before", RayActorError("out of memory"))] * 99}
    with pytest.raises(EncoderError, match="part 2") as caught:
        build(tmp_path / "s", runner(encoders=2))
    assert caught.value.code == "worker_lost"
    assert not stand_in.is_up
    plan = read_plan(tmp_path / "s" / "plan")
    assert 2 in [part.number for part in unfinished(plan)]
    stand_in.deaths = {}
    report = build(tmp_path / "s", runner())
    assert (report.documents, report.continued > 0) == (24, True)
    with open_reader(tmp_path / "s") as reader:
        assert reader.n_documents == 24


def test_what_is_wrong_in_a_worker_is_told_as_it_is(stand_in, tmp_path):
    wrong = RayRunner(load=lambda name: HashEncoder(dim=32, seed=5), encoders=1)
    with pytest.raises(EncoderMismatchError):
        build(tmp_path / "s", wrong)


def test_a_driver_that_dies_goes_on_where_it_was(stand_in, tmp_path, monkeypatch):
    build(tmp_path / "here", None)

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(ray_runner._Run, "_tell", die)  # after the first part
        with pytest.raises(Died):
            build(tmp_path / "ray", runner(encoders=1))
    assert len(unfinished(read_plan(tmp_path / "ray" / "plan"))) == 2
    assert build(tmp_path / "ray", runner(encoders=1)).continued > 0
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "here")


def test_no_cluster_there(stand_in, tmp_path, monkeypatch):
    def refuse(**_):
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(stand_in, "init", refuse)
    with pytest.raises(ConfigError, match="nobody answers") as caught:
        build(tmp_path / "s", runner(address="10.0.0.1:6379"))
    assert (caught.value.code, caught.value.option) == ("cluster_unavailable", "ray_address")


@pytest.mark.parametrize("options", [{"encoders": 0}, {"gpus_each": -1.0}, {"gpus_each": 65.0}])
def test_numbers_that_cannot_be(stand_in, options):
    with pytest.raises(ConfigError):
        RayRunner(**options)


def test_ray_is_asked_for_when_it_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ColModernError, match="colmodern\\[ray\\]"):
        RayRunner()
