"""Whether an engine runs, and the errors of one that cannot be used."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer, UnixStreamServer
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import client
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine, EngineError
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import TargetUnavailable


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
    message = re.escape("has API 1.40; allowed: 1.41 or newer")
    with engine(tmp_path / "docker.sock", 200, Api_Version="1.40") as outdated, pytest.raises(EngineError, match=message):
        outdated.answers()


def test_an_engine_that_fails_is_an_error(tmp_path: Path) -> None:
    with engine(tmp_path / "docker.sock", 503) as failing, pytest.raises(EngineError):
        failing.answers()


def test_an_engine_that_refuses_the_user_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_unused: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(client._UnixConnection, "connect", refuse)
    with pytest.raises(EngineError, match=r"permission denied; allowed: root \(become: true\)"):
        Engine(Endpoint("unix:///run/docker.sock")).answers()


ANSWER = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 11\r\n\r\n{\"Id\": \"x\"}"
BREAKDOWNS = {
    "silent": b"",
    "gone": None,
    "gone within": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "gone within a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
}


@contextmanager
def breaking_down(path: Path, at: str, answer: bytes | None) -> Iterator[Engine]:
    """Serve what answers until asked for ``at``: then ``answer`` is all that comes, and for long nothing where it is empty."""
    over = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline().decode()
            headers = dict(line.split(b": ") for line in iter(self.rfile.readline, b"\r\n"))
            self.rfile.read(int(headers.get(b"Content-Length", 0)))
            if at not in asked:
                self.wfile.write(ANSWER)
            elif answer:
                self.wfile.write(answer)
            elif answer is not None:
                over.wait(30)

    with ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Engine(Endpoint(f"unix://{path}"), timeout=0.3)
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("breakdown", BREAKDOWNS.values(), ids=BREAKDOWNS)
def test_an_engine_that_is_restarted_or_takes_too_long_is_away_for_now(tmp_path: Path, breakdown: bytes | None) -> None:
    """It is waited for then, or a release goes back: nothing is left halfway."""
    with breaking_down(tmp_path / "docker.sock", "/containers/", breakdown) as found:
        assert found.answers()
        with pytest.raises(TargetUnavailable):
            found.get("/containers/json")
        with pytest.raises(TargetUnavailable):
            found.post("/containers/x/stop")


@pytest.mark.parametrize("breakdown", BREAKDOWNS.values(), ids=BREAKDOWNS)
@pytest.mark.parametrize(
    ("at", "ask"),
    [
        ("/logs", lambda found: found.logs("x", 5)),
        ("/exec/x/start", lambda found: found.run("x", ("true",), timeout=0.3)),
        ("/wait", lambda found: found.run_to_end("x", {}, 0.3)),
        ("/attach", lambda found: found.run_to_end("x", {}, 0.3)),
        ("/archive", lambda found: found.read_file("x", "/x")),
    ],
    ids=["logs", "command", "end of a container", "output of a container", "file"],
)
def test_output_breaks_off_with_the_engine(
    tmp_path: Path, at: str, ask: Callable[[Engine], Any], breakdown: bytes | None
) -> None:
    with (
        breaking_down(tmp_path / "docker.sock", at, breakdown) as found,
        pytest.raises(TimeoutError if breakdown == b"" else TargetUnavailable),
    ):
        ask(found)
