"""Do the files to run a server with name what there is?"""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from colmodern.options import options_of
from colmodern.serve import ServeConfig

pytest.importorskip("starlette")

FOLDER = Path(__file__).parents[2] / "examples" / "serve"
METRIC = re.compile(r"\b(?:colmodern|process)_[a-z_]+")


def shown_metrics(tmp_path):
    """The names on the page of a server, and those that appear when something is counted."""
    from colmodern import HashEncoder, Indexer
    from colmodern.serve.coordinator.metrics import CoordinatorMetrics
    from colmodern.serve.run import make_server

    encoder = HashEncoder(dim=64)
    Indexer(tmp_path / "i", encoder).build([("a", "x")])
    server = make_server({"i": tmp_path / "i"}, ServeConfig(workers=2))
    server.pool.close()
    server.metrics.count_request("/v1/search", 200, 0.1)
    server.metrics.count_stages({"encode": 0.1})
    server.metrics.count_refusal("overloaded")
    server.metrics.count_refresh_failure("i")
    coordinator = CoordinatorMetrics()
    coordinator.watch([])
    page = (server.metrics.page() + coordinator.page()).decode()
    # Without a writer there is no line of jobs, but its description.
    return set(re.findall(r"^(?:# TYPE )?([a-z_]+)", page, re.MULTILINE))


@pytest.mark.parametrize("name", ["rules.yml", "grafana.json"])
def test_every_metric_that_is_asked_for_exists(name, tmp_path):
    asked = set(METRIC.findall((FOLDER / name).read_text()))
    assert asked
    assert asked <= shown_metrics(tmp_path)


def test_the_codes_of_the_rules_exist():
    from colmodern.errors import CODES

    rules = (FOLDER / "rules.yml").read_text()
    for found in re.findall(r'code=~?"([^"]+)"', rules):
        assert set(found.split("|")) <= CODES.keys()


def test_the_dashboard_is_json_with_a_title_each():
    board = json.loads((FOLDER / "grafana.json").read_text())
    assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.parametrize("name", ["Dockerfile", "colmodern.service"])
def test_the_options_that_are_given_exist(name):
    text = (FOLDER / name).read_text()
    words = re.findall(r"--[a-z][a-z-]+", text[text.index("serve") :])
    known = {one.typed for one in options_of(ServeConfig)} | {"--name", "--log-format"}
    given = {word for word in words if f'"{word}"' in text or word in _command(text)}
    assert given
    assert given <= known


def _command(text):
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE) or [""]
    return shlex.split(line)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_takes_the_unit(tmp_path):
    unit = (FOLDER / "colmodern.service").read_text()
    binary = shutil.which("true")
    (tmp_path / "colmodern.service").write_text(
        unit.replace("/opt/colmodern/bin/colmodern", binary)
    )
    told = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "colmodern.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "colmodern.service:" not in told.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus")
@pytest.mark.parametrize(("what", "name"), [("rules", "rules.yml"), ("config", "prometheus.yml")])
def test_prometheus_takes_the_files(what, name, tmp_path):
    # The file with the token is only there where it runs.
    for file in ("rules.yml", "prometheus.yml"):
        text = (FOLDER / file).read_text()
        (tmp_path / file).write_text(text.replace("/etc/prometheus/", f"{tmp_path}/"))
    (tmp_path / "colmodern-token").write_text("x")
    told = subprocess.run(
        ["promtool", "check", what, tmp_path / name], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
