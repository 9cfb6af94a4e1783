"""What becomes of a server that cannot start: its address is taken, or it is interrupted?"""

import socket
import subprocess
import sys

import pytest

pytest.importorskip("uvicorn")

import uvicorn

from colmodern.errors import ConfigError
from colmodern.serve import ServeConfig
from colmodern.serve.http.app import make_app
from colmodern.serve.run import _cannot_listen, _listen, _Uvicorn, make_server

from .kit import ENCODER


@pytest.mark.skipif(sys.platform != "linux", reason="two may bind an address, one may listen")
def test_an_address_that_another_takes_meanwhile_is_told_and_all_is_closed(index, tokens, caplog):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        config = ServeConfig(port=port, writable=True, token_file=tokens)
        with _listen(config) as listening:
            server = make_server({"i": index}, config, encoder=ENCODER)
            other.listen()
            made = uvicorn.Config(make_app(server), log_config=None, lifespan="on")
            program = _Uvicorn(made, lambda: None, lambda error: _cannot_listen(config, error))
            with pytest.raises(ConfigError, match=f"Cannot listen on 127.0.0.1:{port}: ") as told:
                program.run(sockets=[listening])
    assert told.value.code == "option_invalid"
    assert not server.writers["i"]._thread.is_alive()
    assert "Traceback" not in caplog.text


_INTERRUPTED = """
import sys
from pathlib import Path
from colmodern import HashEncoder
from colmodern.serve import ServeConfig, run

def interrupted(server):
    raise KeyboardInterrupt

run.agents_of = interrupted
config = ServeConfig(port=0, writable=True, token_file=sys.argv[2])
run.serve({"i": Path(sys.argv[1])}, config, encoder=HashEncoder(dim=64))
"""


def test_a_server_that_is_interrupted_while_it_starts_ends(index, tokens):
    command = [sys.executable, "-c", _INTERRUPTED, index, tokens]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode != 0
    assert "KeyboardInterrupt" in ended.stderr
