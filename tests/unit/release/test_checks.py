"""User-defined checks: commands, and a test server that answers as an application or as Prometheus."""

from __future__ import annotations

import json
import os
import pwd
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Check
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.checks import run_check


class Handler(BaseHTTPRequestHandler):
    """Answers a query with the values in it, all other requests with the tester's header."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/api/v1/query":
            value = parse_qs(address.query)["query"][0]
            result = [{"metric": {}, "value": [0, sample]} for sample in value.split(",") if sample != "nothing"]
            body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
        else:
            body = f"tester {self.headers.get('x-evenkeel-tester')}"
        self.send_response(404 if address.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_unused: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_command_has_to_succeed_in_time() -> None:
    assert run_check(Check("ok", command=("true",)), "t") == ""
    assert run_check(Check("bad", command=("sh", "-c", "echo too bad; exit 3")), "t") == "the command ended with 3: too bad"
    assert "did not end within 0.1 s" in run_check(Check("slow", command=("sleep", "9"), timeout=0.1), "t")
    assert "cannot be run" in run_check(Check("none", command=("/nowhere",)), "t")


def test_a_command_gets_the_header_that_selects_the_candidates() -> None:
    command = ("sh", "-c", '[ "$EVENKEEL_TESTER" = "x-evenkeel-tester: secret" ]')
    assert run_check(Check("header", command=command), "secret") == ""


def test_a_url_has_to_answer_as_expected(url: str) -> None:
    assert run_check(Check("ok", url=url, contains="tester secret$"), "secret") == ""
    assert run_check(Check("gone", url=f"{url}/missing", status=404), "t") == ""
    assert "answers 404, expected 200" in run_check(Check("gone", url=f"{url}/missing"), "t")
    assert "nothing that matches 'socks'" in run_check(Check("else", url=url, contains="socks"), "t")
    assert "does not answer" in run_check(Check("closed", url="http://127.0.0.1:1/"), "t")


def test_a_query_has_to_stay_within_its_limits(url: str) -> None:
    assert run_check(Check("ok", url=url, query="1,2", least=1, most=2), "t") == ""
    assert run_check(Check("low", url=url, query="0.5", least=1), "t") == "the query returns 0.5, expected from 1 to any"
    assert run_check(Check("high", url=url, query="1,3", most=2), "t") == "the query returns 3, expected from any to 2"
    assert "returns nan" in run_check(Check("nan", url=url, query="NaN", most=2), "t")
    assert run_check(Check("none", url=url, query="nothing", most=2), "t") == "the query returns no value"
    assert "does not answer the query" in run_check(Check("closed", url="http://127.0.0.1:1", query="1", most=2), "t")


def test_a_script_is_copied_to_the_target_and_runs_in_its_own_folder() -> None:
    script = "#!/bin/sh\necho in $(pwd) as $(id -un); exit 1\n"
    message = run_check(Check("script", command=("./smoke.sh", "now"), script=script), "t")
    assert "in /tmp/evenkeel-check-" in message
    assert f"as {'nobody' if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name}" in message


def test_an_unknown_user_is_reported() -> None:
    if os.geteuid() == 0:
        assert "no user 'nobody-here'" in run_check(Check("x", command=("true",), user="nobody-here"), "t")


def test_a_command_has_a_folder_of_its_own_which_is_removed_and_the_rights_of_nobody() -> None:
    command = ("sh", "-c", 'echo "$(pwd) $HOME $(id -u) $(id -G) $(ls -A | wc -l)"; touch left; exit 1')
    first, second = (
        run_check(Check("folder", command=command), "t").partition(": ")[2].split() for _unused in range(2)
    )
    for folder, home, user, *groups, content in (first, second):
        assert home == folder and folder.startswith(f"{tempfile.gettempdir()}/evenkeel-check-")
        assert content == "0" and not Path(folder).exists()
        nobody = pwd.getpwnam("nobody")
        if os.geteuid() == 0:
            assert (user, groups) == (str(nobody.pw_uid), [str(nobody.pw_gid)])
    assert first[0] != second[0]
