"""Every case means here what Docker Compose has recorded of it; see ``oracle.py``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import cases, recorded
from project_case import Case, load

ANSWERS = recorded()
CASES = {case.name: case for case in cases()}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/user")


def test_every_case_is_recorded() -> None:
    assert set(ANSWERS) == set(CASES), "make compose-cases"


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_a_case_is_read_as_compose_reads_it(case: Case, tmp_path: Path) -> None:
    answer = ANSWERS[case.name]
    outcome, error = load(case, case.write(tmp_path.resolve()))
    if "error" in answer:
        assert outcome.project is None, f"Compose refuses it: {answer['error']}"
        assert error
    else:
        assert outcome.project == answer["project"], error
        assert json.dumps(outcome.project, sort_keys=True) == json.dumps(answer["project"], sort_keys=True), "true is not 1"
        assert outcome.unset == answer.get("unset", [])
