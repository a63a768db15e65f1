"""A real Kubernetes API server on this machine's loopback, with its store and controllers, for the duration of a test.

Its programs are searched in the folder KUBEBUILDER_ASSETS, where `setup-envtest` puts them, and on the PATH.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventually import eventually

STORE, SERVER, CONTROLLERS = "etcd", "kube-apiserver", "kube-controller-manager"


def program(name: str) -> str | None:
    """Return the path of a program, None if it is missing."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("KUBEBUILDER_ASSETS", ""), os.environ["PATH"]]))


def missing(*names: str) -> str:
    """Return why a test that needs the programs ``names`` is skipped; empty if all are there."""
    absent = [name for name in names if not program(name)]
    return f"there is no {', '.join(absent)} in KUBEBUILDER_ASSETS or on the PATH" if absent else ""


@dataclass(frozen=True)
class ApiServer:
    """A server at ``url``; clients authenticate with ``token``."""

    url: str
    token: str
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file of the server."""
        path = self.folder / "kubeconfig"
        cluster = {"server": self.url, "insecure-skip-tls-verify": True}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        path.write_text(json.dumps(content))
        return path

    def request(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        """Send a request, and return its status and answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20, context=ssl._create_unverified_context()) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")


@contextmanager
def api_server(folder: Path, controllers: bool = False) -> Iterator[ApiServer]:
    """Run a server with its data in ``folder`` while the block runs."""
    store, peers, port = (_free_port() for _number in range(3))
    server = ApiServer(f"https://127.0.0.1:{port}", secrets.token_hex(16), folder)
    (folder / "tokens").write_text(f"{server.token},test,test,system:masters\n")
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "key"), "2048"], check=True, capture_output=True)
    with ExitStack() as running:
        _start(running, folder, STORE, **_store_options(folder, store, peers))
        _start(running, folder, SERVER, **_server_options(folder, store, port))
        assert eventually(lambda: _ready(server), 120), (folder / f"{SERVER}.log").read_text()[-3000:]
        if controllers:
            _start(running, folder, CONTROLLERS, **_controllers_options(server))
        yield server


def _store_options(folder: Path, port: int, peers: int) -> dict[str, str]:
    return {
        "data-dir": str(folder / "store"),
        "listen-client-urls": f"http://127.0.0.1:{port}",
        "advertise-client-urls": f"http://127.0.0.1:{port}",
        "listen-peer-urls": f"http://127.0.0.1:{peers}",
    }


def _server_options(folder: Path, store: int, port: int) -> dict[str, str]:
    return {
        "etcd-servers": f"http://127.0.0.1:{store}",
        "bind-address": "127.0.0.1",
        "secure-port": str(port),
        "cert-dir": str(folder),
        "service-cluster-ip-range": "10.96.0.0/16",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": str(folder / "key"),
        "service-account-signing-key-file": str(folder / "key"),
        "token-auth-file": str(folder / "tokens"),
        "authorization-mode": "AlwaysAllow",
    }


def _controllers_options(server: ApiServer) -> dict[str, str]:
    return {
        "kubeconfig": str(server.kubeconfig),
        "leader-elect": "false",
        "bind-address": "127.0.0.1",
        "secure-port": str(_free_port()),
        "cert-dir": str(server.folder),
        "service-account-private-key-file": str(server.folder / "key"),
    }


def _start(running: ExitStack, folder: Path, name: str, **options: str) -> None:
    """Start a program that stops when ``running`` closes."""
    command = [str(program(name)), *(f"--{key}={value}" for key, value in options.items())]
    log = running.enter_context((folder / f"{name}.log").open("w"))
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    running.callback(process.wait)
    running.callback(process.terminate)


def _ready(server: ApiServer) -> bool:
    try:
        return server.request("GET", "/api/v1/namespaces/default")[0] == 200
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
