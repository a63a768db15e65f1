"""A load generator after docs/load.md: users who ask for one page, half of them with the header that HALF_WITH names."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from pathlib import Path

PAUSE_SECONDS = 0.1
WRITE_SECONDS = 1.0
USERS = int(os.environ["USERS"])
END = time.monotonic() + float(os.environ.get("SECONDS", "inf"))
REPORT = Path(os.environ["REPORT"])
answered: list[bool] = []


def user(headers: dict[str, str]) -> None:
    while time.monotonic() < END:
        try:
            with urllib.request.urlopen(urllib.request.Request(os.environ["TARGET"], headers=headers), timeout=5) as answer:
                answer.read()
            answered.append(True)
        except OSError:
            answered.append(False)
        time.sleep(PAUSE_SECONDS)


def tell() -> None:
    new = REPORT / "stats.new"
    new.write_text(json.dumps({"users": USERS, "requests": len(answered), "failures": answered.count(False)}))
    new.rename(REPORT / "stats.json")


name, _unused, value = os.environ.get("HALF_WITH", "").partition(": ")
for number in range(USERS):
    threading.Thread(target=user, args=({name: value} if name and number % 2 else {},), daemon=True).start()
while time.monotonic() < END:
    time.sleep(WRITE_SECONDS)
    tell()
(REPORT / "report.html").write_text(f"<html>{len(answered)} requests</html>")
