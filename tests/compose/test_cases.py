"""The loader returns the same project as Docker Compose for every case; see ``oracle.py``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import all_cases, read_records
from project_case import Case, load

RECORDS = read_records()
CASES = {case.name: case for case in all_cases()}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/user")


def test_every_case_is_recorded() -> None:
    assert set(RECORDS) == set(CASES), "make compose-cases"


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_case_matches_compose(case: Case, tmp_path: Path) -> None:
    record = RECORDS[case.name]
    outcome, error = load(case, case.write(tmp_path.resolve()))
    if "error" in record:
        assert outcome.project is None, f"Compose rejects it: {record['error']}"
        assert error
    else:
        assert outcome.project == record["project"], error
        assert json.dumps(outcome.project, sort_keys=True) == json.dumps(record["project"], sort_keys=True), "true is not 1"
        assert outcome.unset == record.get("unset", [])
