"""Sends requests and prints a line for each: status and answer.

`client.py URL COUNT PARALLEL` sends COUNT requests; `client.py URL SECONDSs PARALLEL` sends for that long, or until there
is a file /tmp/stop, with a short pause between any two.
"""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

url, amount, parallel = sys.argv[1], sys.argv[2], int(sys.argv[3])
PAUSE_SECONDS = 0.01
STOP = Path("/tmp/stop")


def one(_number: object = None) -> str:
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()[:60]!r}"
    except OSError as error:
        return f"0 {error}"


def until(deadline: float) -> list[str]:
    answers = []
    while time.monotonic() < deadline and not STOP.exists():
        answers.append(one())
        time.sleep(PAUSE_SECONDS)
    return answers


with ThreadPoolExecutor(parallel) as pool:
    if amount.endswith("s"):
        STOP.unlink(missing_ok=True)
        deadline = time.monotonic() + float(amount[:-1])
        for answers in pool.map(until, [deadline] * parallel):
            print("\n".join(answers))
    else:
        print("\n".join(pool.map(one, range(int(amount)))))
