"""Whether an engine runs, and the errors of one that cannot be used."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import client
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine, EngineError


@contextmanager
def engine(path: Path, status: int, **headers: str) -> Iterator[Engine]:
    """Serve an engine that answers each request with ``status`` and ``headers``, without a body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def address_string(self) -> str:
            return ""

        def log_message(self, *_unused: object) -> None:
            pass

    with UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Engine(Endpoint(f"unix://{path}"))
        finally:
            server.shutdown()
            thread.join()


def test_without_a_socket_there_is_no_engine(tmp_path: Path) -> None:
    assert not Engine(Endpoint(f"unix://{tmp_path}/docker.sock")).answers()


def test_without_a_listener_on_the_socket_there_is_no_engine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "docker.sock"))
    assert not Engine(Endpoint(f"unix://{tmp_path}/docker.sock")).answers()


def test_a_running_engine_answers(tmp_path: Path) -> None:
    with engine(tmp_path / "docker.sock", 200, Api_Version="1.41") as running:
        assert running.answers()


def test_an_engine_that_is_too_old_is_an_error(tmp_path: Path) -> None:
    message = re.escape("speaks API 1.40; allowed: 1.41 or newer")
    with engine(tmp_path / "docker.sock", 200, Api_Version="1.40") as outdated, pytest.raises(EngineError, match=message):
        outdated.answers()


def test_an_engine_that_fails_is_an_error(tmp_path: Path) -> None:
    with engine(tmp_path / "docker.sock", 503) as failing, pytest.raises(EngineError):
        failing.answers()


def test_an_engine_that_refuses_the_user_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_unused: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(client._UnixConnection, "connect", refuse)
    with pytest.raises(EngineError, match=r"not for this user; allowed: root \(become: true\)"):
        Engine(Endpoint("unix:///run/docker.sock")).answers()
