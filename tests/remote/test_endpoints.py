"""A host's engine at another endpoint than its default socket: TCP with client certificates, and SSH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from eventually import eventually
from hosts import answer, containers, host, play

HOST = "one"
PORT = 2376
CERTIFICATES = "/etc/docker/certificates"
SSH_KEY, KNOWN_HOSTS = "/root/.ssh/id_ed25519", "/root/.ssh/known_hosts"
# As `dockerd --tlsverify`: accepts connections with a client certificate of the authority.
TLS_SERVER = f"""
import asyncio, ssl

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("{CERTIFICATES}/cert.pem", "{CERTIFICATES}/key.pem")
context.load_verify_locations("{CERTIFICATES}/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED

async def forward(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    engine = await asyncio.open_unix_connection("/var/run/docker.sock")
    await asyncio.gather(forward(reader, engine[1]), forward(engine[0], writer), return_exceptions=True)

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", {PORT}, ssl=context)
    await server.serve_forever()

asyncio.run(main())
"""
LISTENING = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {PORT}), 1)'"
LIST_IMAGES = "docker image ls --format '{{.Repository}}:{{.Tag}}' evenkeel/remote-test-server"


@pytest.fixture
def ssh() -> Iterator[str]:
    """Allow root of the host to reach the host by SSH, as users of such an endpoint do."""
    key = (Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "key").read_text(encoding="utf-8")
    machine = host(HOST)
    machine.check_output(f"mkdir -p -m 700 /root/.ssh && umask 077 && echo '{key}' > {SSH_KEY}")
    machine.check_output(f"ssh-keyscan -t ed25519 127.0.0.1 > {KNOWN_HOSTS}")
    yield "ssh://root@127.0.0.1"
    machine.check_output(f"rm {SSH_KEY} {KNOWN_HOSTS}")


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[str]:
    """Serve the engine by TCP to clients with a certificate."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *subject]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    contents = {name: (tmp_path / name).read_text(encoding="utf-8") for name in ("key.pem", "cert.pem")}
    machine = host(HOST)
    machine.check_output(f"mkdir -p {CERTIFICATES}")
    for name, content in {**contents, "ca.pem": contents["cert.pem"], "server.py": TLS_SERVER}.items():
        machine.check_output(f"cat > {CERTIFICATES}/{name} <<'END'\n{content}\nEND")
    server = machine.check_output(f"setsid python3 {CERTIFICATES}/server.py > /dev/null 2>&1 & echo $!")
    try:
        assert eventually(lambda: machine.run(LISTENING).rc == 0)
        yield f"tcp://127.0.0.1:{PORT}"
    finally:
        machine.check_output(f"kill {server}; rm -r {CERTIFICATES}")


def deploy(replicas: int, docker_host: str) -> str:
    """Deploy the application through ``docker_host``, and return the output."""
    options = {"docker_host": docker_host, "docker_cert_path": CERTIFICATES if docker_host.startswith("tcp:") else ""}
    code, output = play("site", f"--limit={HOST}", variables={"WEB_REPLICAS": str(replicas)}, **options)
    assert code == 0, output
    return output


@pytest.mark.parametrize("transport", ["ssh", "tls"])
def test_an_application_is_built_and_deployed_through_another_endpoint(transport: str, request: pytest.FixtureRequest) -> None:
    address = str(request.getfixturevalue(transport))
    assert "changed=0" in deploy(1, address)
    image = host(HOST).check_output(LIST_IMAGES)
    host(HOST).check_output(f"docker image rm --force {image}")
    try:
        output = deploy(2, address)
        assert "image remote-test-server: ready after" in output, output
        assert containers(HOST)["remote-test-web-2"] == "running"
        assert host(HOST).check_output(LIST_IMAGES) == image
    finally:
        deploy(1, address)
    assert "remote-test-web-2" not in containers(HOST)
    assert answer(HOST) == "1"


def test_an_engine_that_requires_a_certificate_is_reported_to_a_client_without_one(tls: str) -> None:
    code, output = play("site", f"--limit={HOST}", docker_host=tls)
    assert code != 0
    assert f"no Docker engine answers at {tls}: Remote end closed connection without response" in output
    assert "if it requires TLS, docker_cert_path has to name the folder of the certificates" in output
    assert set(containers(HOST).values()) == {"running"}
