"""Answers every request with the version that it runs as."""

from __future__ import annotations

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = os.environ.get("VERSION", "1").encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def log_message(self, *_unused: object) -> None:
        pass


server = ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_unused: threading.Thread(target=server.shutdown).start())
server.serve_forever()
