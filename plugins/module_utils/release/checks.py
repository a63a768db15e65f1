"""A user's own checks: a command, a URL, or a Prometheus query (HTTP API, ``/api/v1/query``)."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ..model.release import Check
from .effective import TESTER_HEADER

TESTER_VARIABLE = "EVENKEEL_TESTER"
_MAX_OUTPUT = 300
_MAX_BYTES = 1 << 20
# Ansible's own URL client is as much code as all workflows together, and would have to be sent to the host.
_OPENER = urllib.request.build_opener()


def run_check(check: Check, tester: str) -> str:
    """Return why ``check`` fails, empty if it passes. Requests that carry ``tester`` go to the candidates."""
    if check.command:
        return _check_command(check, tester)
    return _check_query(check) if check.query else _check_url(check, tester)


def _check_command(check: Check, tester: str) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="evenkeel-check-") as folder:
            return _run_command(check, tester, Path(folder))
    except KeyError:
        return f"the command cannot be run: the target has no user {check.user!r}"
    except subprocess.TimeoutExpired:
        return f"the command did not end within {check.timeout:g} s"
    except OSError as error:
        return f"the command cannot be run: {error}"


def _run_command(check: Check, tester: str, folder: Path) -> str:
    """Run the command of ``check`` in ``folder`` and return why it fails, empty if it passes.

    Raises ``OSError``, ``KeyError`` for an unknown user, ``TimeoutExpired``.
    """
    user = pwd.getpwnam(check.user) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    command = list(check.command)
    if check.script:
        script = folder / Path(command[0]).name
        script.write_text(check.script, encoding="utf-8")
        script.chmod(0o755)
        command[0] = str(script)
    if os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
    # A module's run_command works on its main thread only; checks run on other threads.
    completed = subprocess.run(  # pylint: disable=ansible-bad-function
        command,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), TESTER_VARIABLE: f"{TESTER_HEADER}: {tester}"},
        user=user.pw_uid if os.geteuid() == 0 else None,
        group=user.pw_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=check.timeout,
        check=False,
    )
    output = completed.stdout.strip()[-_MAX_OUTPUT:]
    return f"the command ended with {completed.returncode}: {output}" if completed.returncode else ""


def _check_url(check: Check, tester: str) -> str:
    try:
        request = urllib.request.Request(check.url, headers={TESTER_HEADER: tester})
        with _OPENER.open(request, timeout=check.timeout) as response:
            status, text = response.status, response.read(_MAX_BYTES).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read(_MAX_BYTES).decode(errors="replace")
    except (OSError, ValueError) as error:
        return f"{check.url} does not answer: {error}"
    if status != check.status:
        return f"{check.url} answers {status}, expected {check.status}: {text.strip()[:_MAX_OUTPUT]}"
    if check.contains and not re.search(check.contains, text):
        return f"{check.url} answers nothing that matches {check.contains!r}: {text.strip()[:_MAX_OUTPUT]}"
    return ""


def _check_query(check: Check) -> str:
    url = f"{check.url.rstrip('/')}/api/v1/query?" + urllib.parse.urlencode({"query": check.query})
    try:
        with _OPENER.open(url, timeout=check.timeout) as response:
            data = json.load(response)["data"]
        single = data["resultType"] in ("scalar", "string")
        samples = [data["result"]] if single else [series["value"] for series in data["result"]]
        values = [float(value) for _time, value in samples]
    except urllib.error.HTTPError as error:
        with error:
            return f"{check.url} rejects the query: {error.read(_MAX_BYTES).decode(errors='replace').strip()[:_MAX_OUTPUT]}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{check.url} does not answer the query: {error}"
    if not values:
        return "the query returns no value"
    for value in values:
        if (check.least is not None and not value >= check.least) or (check.most is not None and not value <= check.most):
            low, high = ("any" if bound is None else f"{bound:g}" for bound in (check.least, check.most))
            return f"the query returns {value:g}, expected from {low} to {high}"
    return ""
