"""Asks a proxy over the Unix socket of its admin interface."""

from __future__ import annotations

import errno
import http.client
import socket
from pathlib import Path

TIMEOUT_SECONDS = 2.0


def is_there(admin: Path) -> bool:
    """Whether a proxy has the admin socket ``admin`` open, be it that it answers or not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        return connection.connect_ex(str(admin)) not in (errno.ENOENT, errno.ECONNREFUSED)


def ask_proxy(admin: Path, path: str) -> bytes | None:
    """Return what the proxy with the admin socket ``admin`` answers to a GET, None where it does not with 200."""
    connection = http.client.HTTPConnection("proxy", timeout=TIMEOUT_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(TIMEOUT_SECONDS)
        connection.sock.connect(str(admin))
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
