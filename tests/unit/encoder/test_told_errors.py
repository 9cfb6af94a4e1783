"""What the tokenizer's library prints is held back, and is not lost."""

from __future__ import annotations

import errno
import os

from colmodern.encoder.tokens.told_errors import without_traces


def test_it_is_held_where_files_in_memory_are_forbidden(monkeypatch, capfd):
    def refuse(name):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    with without_traces():
        os.write(2, b"a warning")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "a warning"
