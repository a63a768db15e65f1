"""Answers with the instance's name, after what the query asks for: sleep, status, flaky, broken."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

seen: set[str] = set()
broken = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        time.sleep(float(query.get("sleep", "0")))
        status = int(query.get("status", "200"))
        if "flaky" in query and query["flaky"] not in seen:
            seen.add(query["flaky"])
            status = 503
        if "broken" in query:
            broken.set()
        if broken.is_set():
            status = 503
        body = socket.gethostname().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if sys.argv[1:] and sys.argv[1]:
    sys.exit(f"cannot start: {sys.argv[1]}")
server = ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
