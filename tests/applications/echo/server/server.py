"""Answers with the instance's name, after what the query asks for: sleep, status, flaky, broken.

`/chain` answers with its version and, where there is a dependency called api, with that of what answers there. The
environment makes a bad version: FAIL_PERCENT, SLOW_PERCENT (of requests, by 200 ms), DIE_AFTER (seconds), WRONG; or one
that takes a while to start: START_SECONDS.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

VERSION = os.environ.get("VERSION", "1")
CHAINED = "API_HOST" in os.environ
SLOW_SECONDS = 0.2
seen: set[str] = set()
broken = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        time.sleep(float(query.get("sleep", "0")))
        status = int(query.get("status", "200"))
        if "flaky" in query and query["flaky"] not in seen:
            seen.add(query["flaky"])
            status = 503
        if "broken" in query:
            broken.set()
        if broken.is_set() or happens("FAIL_PERCENT"):
            status = 503
        if happens("SLOW_PERCENT"):
            time.sleep(SLOW_SECONDS)
        body = self.chain() if address.path == "/chain" else socket.gethostname()
        self.answer(status, body.encode())

    do_POST = do_GET

    def chain(self) -> str:
        version = "wrong" if "WRONG" in os.environ else VERSION
        if not CHAINED:
            return version
        request = urllib.request.Request("http://api/chain", headers={"baggage": self.headers.get("baggage", "")})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return f"{version} {answer.read().decode()}"

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_unused: object) -> None:
        pass


def happens(name: str) -> bool:
    return random.random() * 100 < float(os.environ.get(name, "0"))


if sys.argv[1:] and sys.argv[1]:
    sys.exit(f"cannot start: {sys.argv[1]}")
if "NEVER_HEALTHY" in os.environ:
    threading.Event().wait()
time.sleep(float(os.environ.get("START_SECONDS", "0")))
if "DIE_AFTER" in os.environ:
    threading.Timer(float(os.environ["DIE_AFTER"]), lambda: os._exit(1)).start()
server = ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_unused: threading.Thread(target=server.shutdown).start())
server.serve_forever()
