"""A client of the Docker Engine API that needs nothing but the standard library.

Hosts have Python, but not necessarily the Docker SDK for Python. Reference: the Docker Engine API 1.41, the oldest
version that is supported.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import struct
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from ..errors import DriverError, TargetUnavailable

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_HOST = f"unix://{DEFAULT_SOCKET}"
MIN_API_VERSION, MAX_API_VERSION = (1, 41), (1, 47)
NO_LISTENER = (FileNotFoundError, ConnectionRefusedError)


class EngineError(DriverError):
    """The engine refused a request; ``status`` is the HTTP status, 0 if there is no usable response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _SshConnection(http.client.HTTPConnection):
    """A connection through ``docker system dial-stdio`` on another host, as Docker's own client does it."""

    def __init__(self, destination: str, port: int | None, timeout: float | None) -> None:
        super().__init__("docker", timeout=timeout)
        ports = ["-p", str(port)] if port else []
        self._command = ["ssh", "-o", "BatchMode=yes", *ports, "--", destination, "docker", "system", "dial-stdio"]
        self._process: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        self.sock, remote = socket.socketpair()
        self.sock.settimeout(self.timeout)
        with remote:
            self._process = subprocess.Popen(
                self._command, stdin=remote.fileno(), stdout=remote.fileno(), stderr=subprocess.DEVNULL
            )

    def close(self) -> None:
        super().close()
        if self._process:
            self._process.terminate()
            self._process.wait()


@dataclass(frozen=True)
class Endpoint:
    """The address of an engine: ``host`` as in DOCKER_HOST, and for TCP the folder with ``ca.pem``, ``cert.pem``, ``key.pem``.

    Without a folder a TCP connection is not encrypted.
    """

    host: str = DEFAULT_HOST
    certificates: str = ""

    def connection(self, timeout: float | None) -> http.client.HTTPConnection:
        """Return a connection that is not open yet. Raises ``EngineError`` if the host is invalid."""
        parts = urlsplit(self.host)
        if parts.scheme == "unix":
            return _UnixConnection(parts.path, timeout)
        if parts.scheme == "ssh" and parts.hostname:
            user = f"{parts.username}@" if parts.username else ""
            return _SshConnection(user + parts.hostname, parts.port, timeout)
        if parts.scheme == "tcp" and parts.hostname and self.certificates:
            return http.client.HTTPSConnection(parts.hostname, parts.port or 2376, timeout=timeout, context=self._context())
        if parts.scheme == "tcp" and parts.hostname:
            return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout)
        raise EngineError(0, f"docker_host: found {self.host!r}; allowed: unix:///path, tcp://host:port, ssh://user@host")

    @property
    def tls_hint(self) -> str:
        """What to add to the error of a failed connection: how to use TLS, if the connection would be TCP without it."""
        if urlsplit(self.host).scheme != "tcp" or self.certificates:
            return ""
        return "; if it requires TLS, docker_cert_path has to name the folder of the certificates"

    def _context(self) -> ssl.SSLContext:
        folder = Path(self.certificates)
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        return context


@dataclass(frozen=True)
class Result:
    """The exit status of a command in a container, and its stdout and stderr as one text."""

    status: int
    output: str


class Engine:
    """A Docker engine. Its methods may be called from several threads at once: each request has its own connection."""

    def __init__(self, endpoint: Endpoint | None = None, timeout: float = 120.0) -> None:
        self.endpoint = endpoint or Endpoint()
        self._timeout = timeout
        self._version = ""

    @property
    def socket(self) -> str:
        """The path of the engine's socket on its own host."""
        parts = urlsplit(self.endpoint.host)
        return parts.path if parts.scheme == "unix" else DEFAULT_SOCKET

    @property
    def is_local(self) -> bool:
        """Whether the engine is reached by a socket of this host."""
        return urlsplit(self.endpoint.host).scheme == "unix"

    def host_name(self) -> str:
        """Return the name of the host that the engine runs on. Raises ``EngineError``."""
        return str(self.get("/info")["Name"])

    def answers(self) -> bool:
        """Whether an engine runs. Raises ``EngineError`` if one runs but cannot be used; the message says how to resolve that."""
        try:
            self._version = self._version or self._negotiate_version()
        except TargetUnavailable as error:
            if isinstance(error.__cause__, NO_LISTENER):
                return False
            raise
        return True

    def get(self, path: str, **query: Any) -> Any:
        """Return the parsed JSON of a GET; raises ``EngineError``."""
        return self._json("GET", path, query)

    def post(self, path: str, body: Any = None, timeout: float | None = None, **query: Any) -> Any:
        """Return the parsed JSON of a POST, None if the response is empty; raises ``EngineError``.

        ``timeout`` is how long the response may take, in seconds; by default the timeout of the engine.
        """
        return self._json("POST", path, query, body, timeout)

    def delete(self, path: str, **query: Any) -> None:
        """Delete a resource; one that does not exist counts as deleted. Raises ``EngineError``."""
        try:
            self._json("DELETE", path, query)
        except EngineError as error:
            if error.status != 404:
                raise

    def stream(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, timeout: float | None = None, **query: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the JSON documents of a response as they arrive, such as events."""
        response = self._send(method, path, query, body, {"Content-Type": "application/x-tar"}, timeout)
        with response:
            for line in response:
                for document in line.split(b"\r\n"):
                    if document.strip():
                        yield json.loads(document)

    def run(self, container: str, command: tuple[str, ...], user: str = "", timeout: float = 60.0) -> Result:
        """Run ``command`` in a running container and wait for it. Raises ``EngineError``, ``TimeoutError`` after ``timeout``."""
        body = {"Cmd": command, "AttachStdout": True, "AttachStderr": True, **({"User": user} if user else {})}
        exec_id = self.post(f"/containers/{container}/exec", body)["Id"]
        start = json.dumps({"Detach": False, "Tty": False}).encode()
        with self._send("POST", f"/exec/{exec_id}/start", {}, start, {"Content-Type": "application/json"}, timeout) as response:
            output = demultiplex(self._read(response))
        status = self.get(f"/exec/{exec_id}/json")["ExitCode"]
        if status is None:
            # The output ended before the command did: the command closed it, or the engine stopped.
            raise EngineError(0, f"{container}: {command[0]} has no exit status")
        return Result(int(status), output)

    def run_to_end(self, name: str, body: Mapping[str, Any], timeout: float) -> Result:
        """Run a new container until it exits, and return its result.

        The engine removes it, even if this process is killed meanwhile. Raises ``EngineError``, and ``TimeoutError`` if it has
        not exited after ``timeout`` seconds; it is removed then too.
        """
        attached = {"AttachStdout": True, "AttachStderr": True}
        host = {**body.get("HostConfig", {}), "AutoRemove": True}
        path = f"/containers/{self.post('/containers/create', {**body, **attached, 'HostConfig': host}, name=name)['Id']}"
        try:
            # Both requests come before the start: after it, the container may be gone already.
            with (
                self._send("POST", f"{path}/attach", {"stream": 1, "stdout": 1, "stderr": 1}, None, {}, timeout) as output,
                self._send("POST", f"{path}/wait", {"condition": "next-exit"}, None, {}, timeout) as wait,
            ):
                self.post(f"{path}/start")
                text = demultiplex(self._read(output))
                return Result(int(json.loads(self._read(wait))["StatusCode"]), text)
        except BaseException:
            with suppress(EngineError):
                self.delete(path, force=1)
            raise

    def logs(self, container: str, lines: int) -> str:
        """Return the last ``lines`` of a container's log."""
        query = {"stdout": 1, "stderr": 1, "tail": lines}
        with self._send("GET", f"/containers/{container}/logs", query, None, {}, None) as response:
            return demultiplex(self._read(response))

    def read_file(self, image: str, path: str) -> str:
        """Return the text of a file in an image. Raises ``EngineError``, with status 404 if there is none."""
        container = self.post("/containers/create", {"Image": image})["Id"]
        try:
            with self._send("GET", f"/containers/{container}/archive", {"path": path}, None, {}, None) as response:
                content = io.BytesIO(self._read(response))
            with tarfile.open(fileobj=content) as archive, archive.extractfile(archive.getnames()[0]) or io.BytesIO() as file:
                return file.read().decode()
        finally:
            self.delete(f"/containers/{container}", force=1)

    def _json(self, method: str, path: str, query: Mapping[str, Any], body: Any = None, timeout: float | None = None) -> Any:
        payload = None if body is None else json.dumps(body).encode()
        try:
            with self._send(method, path, query, payload, {"Content-Type": "application/json"}, timeout) as response:
                content = self._read(response)
        except TimeoutError as error:
            raise self._closed(error) from error
        return json.loads(content) if content.strip() else None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """Return the rest of a response. Raises ``TargetUnavailable`` if the engine closes the connection, ``TimeoutError``."""
        try:
            return response.read()
        except (ConnectionError, http.client.HTTPException) as error:
            raise self._closed(error) from error

    def _closed(self, error: Exception) -> TargetUnavailable:
        return TargetUnavailable(f"the Docker engine at {self.endpoint.host} closed the connection: {error}")

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | IO[bytes] | None,
        headers: dict[str, str],
        timeout: float | None,
    ) -> http.client.HTTPResponse:
        self._version = self._version or self._negotiate_version()
        values = {key: json.dumps(value) if isinstance(value, (dict, list)) else str(value) for key, value in query.items()}
        target = f"/v{self._version}{quote(path)}" + (f"?{urlencode(values)}" if values else "")
        return self._request(method, target, body, headers, timeout or self._timeout)

    def _request(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: dict[str, str], timeout: float
    ) -> http.client.HTTPResponse:
        connection = self.endpoint.connection(timeout)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            raise
        except PermissionError as error:
            raise EngineError(
                0,
                f"{self.endpoint.host}: permission denied; allowed: root (become: true), or a member of the group that owns it",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise TargetUnavailable(
                f"no Docker engine answers at {self.endpoint.host}: {error or type(error).__name__}{self.endpoint.tls_hint}"
            ) from error
        if response.status >= 400:
            with response:
                raise EngineError(response.status, _message(response.read()))
        return response

    def _negotiate_version(self) -> str:
        """Return the newest API version that both sides support, as Docker's own client negotiates it."""
        with self._request("GET", "/_ping", None, {}, self._timeout) as response:
            text = response.headers.get("Api-Version", "0.0")
        offered = tuple(int(part) for part in text.split("."))
        if offered < MIN_API_VERSION:
            minimum = ".".join(map(str, MIN_API_VERSION))
            raise EngineError(
                0, f"the Docker engine has API {text}; allowed: {minimum} or newer, as in Docker 20.10: update its packages"
            )
        return ".".join(map(str, min(offered, MAX_API_VERSION)))


def demultiplex(stream: bytes) -> str:
    """Return the text of a multiplexed stream; its frames are stream type, three zeros, length, payload."""
    parts = []
    while len(stream) >= 8:
        (length,) = struct.unpack(">I", stream[4:8])
        parts.append(stream[8 : 8 + length])
        stream = stream[8 + length :]
    return b"".join(parts).decode(errors="replace")


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip() or "the engine gave no reason"
