"""Answers with its version; at `/kept` with the lines that have been sent there, which the store behind it keeps.

A line that is acknowledged is on the disk: it is there again after whatever is killed.
"""

from __future__ import annotations

import os
import signal
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = os.environ["VERSION"].encode()
STORE = "http://store/kept"
TIMEOUT_SECONDS = 5.0
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path == "/":
            self.answer(200, VERSION)
        elif FILE:
            self.answer(200, FILE.read_bytes())
        else:
            self.hand_on(None)

    def do_POST(self) -> None:
        line = self.rfile.read(int(self.headers["Content-Length"]))
        if FILE:
            keep(FILE, line)
            self.answer(200, b"kept")
        else:
            self.hand_on(line)

    def hand_on(self, line: bytes | None) -> None:
        try:
            with urllib.request.urlopen(STORE, line, timeout=TIMEOUT_SECONDS) as answer:
                self.answer(200, answer.read())
        except OSError as error:
            self.answer(502, str(error).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_unused: object) -> None:
        pass


def keep(file: Path, line: bytes) -> None:
    with lock, file.open("ab") as kept:
        kept.write(line + b"\n")
        kept.flush()
        os.fsync(kept.fileno())


def opened(path: str) -> Path:
    """Return the file at ``path`` without the half of a line that a kill has left: nobody was told that it is kept."""
    file = Path(path)
    file.touch()
    os.truncate(file, file.read_bytes().rfind(b"\n") + 1)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return file


FILE = opened(os.environ["KEPT"]) if "KEPT" in os.environ else None
server = ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_unused: threading.Thread(target=server.shutdown).start())
server.serve_forever()
