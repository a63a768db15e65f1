"""Checks of one's own: a command, a URL, or a query to Prometheus (its HTTP API, ``/api/v1/query``)."""

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
_SHOWN = 300
_MAX_BYTES = 1 << 20
# Ansible's own client of URLs is as much code as all workflows together, which every run would carry to its host.
_OPENER = urllib.request.build_opener()


def wrong(check: Check, tester: str) -> str:
    """Return what is wrong by ``check``, nothing where it holds. ``tester`` makes requests the candidates'."""
    if check.command:
        return _command(check, tester)
    return _query(check) if check.query else _url(check, tester)


def _command(check: Check, tester: str) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="evenkeel-check-") as folder:
            return _ended(check, tester, Path(folder))
    except KeyError:
        return f"the command cannot be run: the target has no user {check.user!r}"
    except subprocess.TimeoutExpired:
        return f"the command had no end within {check.timeout:g} s"
    except OSError as error:
        return f"the command cannot be run: {error}"


def _ended(check: Check, tester: str, folder: Path) -> str:
    """Run the command of ``check`` in ``folder`` and return what is wrong.

    Raises ``OSError``, ``KeyError`` where there is no such user, ``TimeoutExpired``.
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
    # A module's run_command is for its main thread; checks have threads of their own.
    done = subprocess.run(  # pylint: disable=ansible-bad-function
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
    return f"the command ended with {done.returncode}: {done.stdout.strip()[-_SHOWN:]}" if done.returncode else ""


def _url(check: Check, tester: str) -> str:
    try:
        request = urllib.request.Request(check.url, headers={TESTER_HEADER: tester})
        with _OPENER.open(request, timeout=check.timeout) as answer:
            status, text = answer.status, answer.read(_MAX_BYTES).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read(_MAX_BYTES).decode(errors="replace")
    except (OSError, ValueError) as error:
        return f"{check.url} does not answer: {error}"
    if status != check.status:
        return f"{check.url} answers {status}, wanted {check.status}: {text.strip()[:_SHOWN]}"
    if check.contains and not re.search(check.contains, text):
        return f"{check.url} answers nothing that matches {check.contains!r}: {text.strip()[:_SHOWN]}"
    return ""


def _query(check: Check) -> str:
    url = f"{check.url.rstrip('/')}/api/v1/query?" + urllib.parse.urlencode({"query": check.query})
    try:
        with _OPENER.open(url, timeout=check.timeout) as answer:
            data = json.load(answer)["data"]
        found = [data["result"]] if data["resultType"] in ("scalar", "string") else [each["value"] for each in data["result"]]
        values = [float(value) for _time, value in found]
    except urllib.error.HTTPError as error:
        with error:
            return f"{check.url} refuses the query: {error.read(_MAX_BYTES).decode(errors='replace').strip()[:_SHOWN]}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{check.url} does not answer the query: {error}"
    if not values:
        return "the query gives no value"
    for value in values:
        if (check.least is not None and not value >= check.least) or (check.most is not None and not value <= check.most):
            low, high = ("any" if each is None else f"{each:g}" for each in (check.least, check.most))
            return f"the query gives {value:g}, wanted from {low} to {high}"
    return ""
