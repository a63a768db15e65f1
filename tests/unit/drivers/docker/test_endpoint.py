"""The addresses of an engine: a Unix socket, TCP with and without TLS, and SSH; each against a fake engine."""

from __future__ import annotations

import http.server
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Endpoint, Engine, EngineError
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.driver import DockerDriver
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import TargetUnavailable

# An SSH client that runs `docker system dial-stdio` on the remote side: bytes go both ways.
DIAL = """#!{python}
import socket, sys, threading, os
assert sys.argv[1:] == ["-o", "BatchMode=yes", "-p", "2222", "--", "ada@engine", "docker", "system", "dial-stdio"], sys.argv
engine = socket.create_connection(("127.0.0.1", {port}))
def send():
    while data := os.read(0, 65536):
        engine.sendall(data)
threading.Thread(target=send, daemon=True).start()
while data := engine.recv(65536):
    os.write(1, data)
"""


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"Name": "elsewhere"}' if self.path.endswith("/info") else b"{}"
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder of certificates as `docker` expects it, with the server's key."""
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    openssl(
        tmp_path, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", *name
    )
    (tmp_path / "ca.pem").write_bytes((tmp_path / "cert.pem").read_bytes())
    return tmp_path


def test_tcp_without_encryption(server: http.server.ThreadingHTTPServer) -> None:
    assert Engine(Endpoint(f"tcp://127.0.0.1:{server.server_port}")).get("/version") == {}


def test_tcp_with_tls_needs_a_certificate_of_each_side(server: http.server.ThreadingHTTPServer, certificates: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    assert Engine(Endpoint(f"tcp://localhost:{server.server_port}", str(certificates))).get("/version") == {}
    with pytest.raises(TargetUnavailable):
        Engine(Endpoint(f"tcp://localhost:{server.server_port}"), timeout=5.0).get("/version")


def test_ssh_connects_through_the_remote_command_line(
    server: http.server.ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tmp_path / "ssh"
    client.write_text(DIAL.format(python=sys.executable, port=server.server_port))
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert Engine(Endpoint("ssh://ada@engine:2222")).get("/version") == {}


@pytest.mark.parametrize("host", ["", "/var/run/docker.sock", "http://engine", "ssh://", "tcp://"])
def test_an_invalid_address_is_refused_with_what_is_allowed(host: str) -> None:
    with pytest.raises(EngineError, match=r"docker_host: found .*; allowed: unix:///path, tcp://host:port, ssh://user@host"):
        Engine(Endpoint(host)).get("/version")


def test_a_plain_connection_that_fails_names_the_option_for_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TargetUnavailable, match=f"answers at {host}: .*; if it requires TLS, docker_cert_path has"):
        Engine(Endpoint(host)).get("/version")


def test_an_engine_of_another_host_is_refused(server: http.server.ThreadingHTTPServer, tmp_path: Path) -> None:
    driver = DockerDriver(Engine(Endpoint(f"tcp://127.0.0.1:{server.server_port}")), "app", str(tmp_path), str(tmp_path))
    with pytest.raises(EngineError, match=f"an engine of the host elsewhere; allowed: one of this host, {socket.gethostname()}"):
        driver.reachable()
