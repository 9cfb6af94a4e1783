"""Do the files for Kubernetes name what there is?"""

from pathlib import Path

import pytest

from colmodern.options import options_of
from colmodern.serve import ServeConfig

pytest.importorskip("yaml")
pytest.importorskip("starlette")

import yaml

from colmodern.serve.coordinator.shards_file import read_shards_file
from colmodern.serve.http.guard import PUBLIC

FILE = Path(__file__).parents[2] / "examples" / "kubernetes" / "shards.yaml"
MORE = {"--shards", "--no-access-log"}


@pytest.fixture(scope="module")
def objects():
    """What the file makes, by kind and name."""
    found = list(yaml.safe_load_all(FILE.read_text()))
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def container(one):
    (only,) = one["spec"]["template"]["spec"]["containers"]
    return only


@pytest.fixture(params=[("StatefulSet", "colmodern-shard"), ("Deployment", "colmodern")])
def workload(request, objects):
    return objects[request.param]


def test_the_objects_there_are(objects):
    assert {kind for kind, _ in objects} == {"Service", "StatefulSet", "ConfigMap", "Deployment"}
    versions = {"Service": "v1", "ConfigMap": "v1"}
    for (kind, _), one in objects.items():
        assert one["apiVersion"] == versions.get(kind, "apps/v1")


def test_the_options_that_are_given_exist(workload):
    command, args = container(workload)["command"], container(workload)["args"]
    assert command == ["colmodern", "--log-format", "json", "serve"]
    assert all(isinstance(one, str) for one in args)
    given = {one for one in args if one.startswith("--")}
    assert given <= {one.typed for one in options_of(ServeConfig)} | MORE


def test_ports_and_probes_are_those_of_the_program(workload):
    one = container(workload)
    port = one["args"][one["args"].index("--port") + 1]
    assert one["ports"] == [{"name": "http", "containerPort": int(port)}]
    for probe, path in [("startup", "readyz"), ("liveness", "livez"), ("readiness", "readyz")]:
        asked = one[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": f"/{path}", "port": "http"}
        assert asked["path"] in PUBLIC  # no probe has a token


def test_what_is_mounted_is_there(workload):
    pod = workload["spec"]["template"]["spec"]
    mounts = {one["name"]: one["mountPath"] for one in container(workload)["volumeMounts"]}
    assert mounts.keys() == {one["name"] for one in pod["volumes"]}
    files = [one for one in container(workload)["args"] if one.startswith("/")]
    assert files
    assert all(any(one.startswith(path) for path in mounts.values()) for one in files)


def test_services_find_their_pods(objects):
    for name, workload in [("colmodern-shard", "StatefulSet"), ("colmodern", "Deployment")]:
        spec = objects[workload, name]["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        service = objects["Service", name]["spec"]
        assert service["selector"] == labels
        assert [port["targetPort"] for port in service["ports"]] == ["http"]
    assert objects["StatefulSet", "colmodern-shard"]["spec"]["serviceName"] == "colmodern-shard"


def test_the_coordinator_asks_each_shard_under_a_name_it_answers_to(objects, tmp_path):
    text = objects["ConfigMap", "colmodern-shards"]["data"]["shards.toml"]
    (tmp_path / "shards.toml").write_text(text)
    shards = read_shards_file(tmp_path / "shards.toml").shards
    spec = objects["StatefulSet", "colmodern-shard"]["spec"]
    start, args = spec["ordinals"]["start"], container({"spec": spec})["args"]
    assert len(shards) == spec["replicas"]
    allowed = args[args.index("--allow-host") + 1]
    for number, shard in enumerate(shards, start):
        (server,) = shard.servers
        assert server.url == f"http://{allowed.replace('$(SHARD)', str(number))}:8765"
        assert server.token_file == "/run/tokens/token"
