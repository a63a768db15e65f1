"""A client of the Docker Engine API over its Unix socket, on the standard library alone.

Modules are shipped to hosts that are sure to have Python but not the Docker SDK for Python. Reference: the Docker
Engine API 1.41, the oldest that is used here.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, urlencode

SOCKET = "/var/run/docker.sock"
OLDEST, NEWEST = (1, 41), (1, 47)


class EngineError(Exception):
    """The engine refused a request; ``status`` is the HTTP status, 0 where the engine did not answer."""

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


@dataclass(frozen=True)
class Result:
    """What a command in a container came to: its exit status, and both its outputs as one text."""

    status: int
    output: str


class Engine:
    """One Docker engine. Its methods may be called from several threads at once: each request has its own connection."""

    def __init__(self, path: str = SOCKET, timeout: float = 120.0) -> None:
        self._path = path
        self._timeout = timeout
        self._version = ""

    def answers(self) -> bool:
        """Whether there is an engine."""
        try:
            self._version = self._version or self._negotiated()
        except EngineError as error:
            if error.status:
                raise
            return False
        return True

    def get(self, path: str, **query: Any) -> Any:
        """Return the parsed JSON of a GET; raises ``EngineError``."""
        return self._json("GET", path, query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """Return the parsed JSON of a POST, None where the answer is empty; raises ``EngineError``."""
        return self._json("POST", path, query, body)

    def delete(self, path: str, **query: Any) -> None:
        """Delete something; what is not there counts as deleted. Raises ``EngineError``."""
        try:
            self._json("DELETE", path, query)
        except EngineError as error:
            if error.status != 404:
                raise

    def stream(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, timeout: float | None = None, **query: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the JSON documents of an answer as they come: events, or the progress of a build."""
        response = self._send(method, path, query, body, {"Content-Type": "application/x-tar"}, timeout)
        with response:
            for line in response:
                for document in line.split(b"\r\n"):
                    if document.strip():
                        yield json.loads(document)

    def run(self, container: str, command: tuple[str, ...], user: str = "", timeout: float = 60.0) -> Result:
        """Run ``command`` in a running container and wait for it. Raises ``EngineError``, ``TimeoutError``."""
        body = {"Cmd": command, "AttachStdout": True, "AttachStderr": True, **({"User": user} if user else {})}
        key = self.post(f"/containers/{container}/exec", body)["Id"]
        start = json.dumps({"Detach": False, "Tty": False}).encode()
        with self._send("POST", f"/exec/{key}/start", {}, start, {"Content-Type": "application/json"}, timeout) as response:
            output = demultiplexed(response.read())
        return Result(int(self.get(f"/exec/{key}/json")["ExitCode"] or 0), output)

    def run_to_end(self, name: str, body: Mapping[str, Any], timeout: float) -> Result:
        """Run a new container to its end, and return what came of it.

        The engine removes it by itself, even where this process is killed meanwhile. Raises ``EngineError``, ``TimeoutError``
        where it has not ended after ``timeout`` seconds; then it is removed too.
        """
        attached = {"AttachStdout": True, "AttachStderr": True}
        host = {**body.get("HostConfig", {}), "AutoRemove": True}
        path = f"/containers/{self.post('/containers/create', {**body, **attached, 'HostConfig': host}, name=name)['Id']}"
        try:
            # Both are asked before it starts: there may be nothing left to ask after that.
            with (
                self._send("POST", f"{path}/attach", {"stream": 1, "stdout": 1, "stderr": 1}, None, {}, timeout) as output,
                self._send("POST", f"{path}/wait", {"condition": "next-exit"}, None, {}, timeout) as end,
            ):
                self.post(f"{path}/start")
                written = demultiplexed(output.read())
                return Result(int(json.loads(end.read())["StatusCode"]), written)
        except BaseException:
            with suppress(EngineError):
                self.delete(path, force=1)
            raise

    def logs(self, container: str, lines: int) -> str:
        """Return the last ``lines`` of what a container wrote."""
        query = {"stdout": 1, "stderr": 1, "tail": lines}
        with self._send("GET", f"/containers/{container}/logs", query, None, {}, None) as response:
            return demultiplexed(response.read())

    def read_file(self, image: str, path: str) -> str:
        """Return the text of a file in an image. Raises ``EngineError``, with status 404 where there is none."""
        container = self.post("/containers/create", {"Image": image})["Id"]
        try:
            with self._send("GET", f"/containers/{container}/archive", {"path": path}, None, {}, None) as response:
                content = io.BytesIO(response.read())
            with tarfile.open(fileobj=content) as archive, archive.extractfile(archive.getnames()[0]) or io.BytesIO() as file:
                return file.read().decode()
        finally:
            self.delete(f"/containers/{container}", force=1)

    def _json(self, method: str, path: str, query: Mapping[str, Any], body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with self._send(method, path, query, content, {"Content-Type": "application/json"}, None) as response:
            answer = response.read()
        return json.loads(answer) if answer.strip() else None

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | IO[bytes] | None,
        headers: dict[str, str],
        timeout: float | None,
    ) -> http.client.HTTPResponse:
        self._version = self._version or self._negotiated()
        values = {key: json.dumps(value) if isinstance(value, (dict, list)) else str(value) for key, value in query.items()}
        target = f"/v{self._version}{quote(path)}" + (f"?{urlencode(values)}" if values else "")
        return self._request(method, target, body, headers, timeout or self._timeout)

    def _request(
        self, method: str, target: str, body: bytes | IO[bytes] | None, headers: dict[str, str], timeout: float
    ) -> http.client.HTTPResponse:
        connection = _UnixConnection(self._path, timeout)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
        except TimeoutError:
            raise
        except OSError as error:
            raise EngineError(0, f"no Docker engine answers at {self._path}: {error}") from error
        if response.status >= 400:
            with response:
                raise EngineError(response.status, _message(response.read()))
        return response

    def _negotiated(self) -> str:
        """Return the newest API version that both sides know, as Docker's own client negotiates it."""
        with self._request("GET", "/_ping", None, {}, self._timeout) as response:
            text = response.headers.get("Api-Version", "0.0")
        offered = tuple(int(part) for part in text.split("."))
        if offered < OLDEST:
            raise EngineError(0, f"the Docker engine speaks API {text}; {'.'.join(map(str, OLDEST))} or newer is needed")
        return ".".join(map(str, min(offered, NEWEST)))


def demultiplexed(stream: bytes) -> str:
    """Return the text of a stream of frames (stream type, three zeros, length, payload) of attached outputs."""
    parts = []
    while len(stream) >= 8:
        (length,) = struct.unpack(">I", stream[4:8])
        parts.append(stream[8 : 8 + length])
        stream = stream[8 + length :]
    return b"".join(parts).decode(errors="replace")


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace").strip() or "the engine gave no reason"
