"""Plans keep their order; their execution is concurrent, complete, and reports failures."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.execute import execute
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation, Plan, make_plan


class Start(Operation):
    """Starts something."""

    verb = "start"


def operation(subject: str, *after: str) -> Operation:
    return Start(subject=subject, cause="it is missing", after=frozenset(map(Start.key_of, after)))


def test_a_plan_is_printed_in_an_executable_order() -> None:
    plan = make_plan([operation("web", "db"), operation("db", "network"), operation("log")])
    assert str(plan) == "start db (it is missing)\nstart web (it is missing)\nstart log (it is missing)\n"


def test_an_empty_plan_is_false() -> None:
    assert not make_plan([])


def test_duplicate_and_circular_operations_are_refused() -> None:
    with pytest.raises(ValueError, match="start a is planned twice"):
        make_plan([operation("a"), operation("a")])
    with pytest.raises(ValueError, match="wait for one another: start a, start b"):
        make_plan([operation("a", "b"), operation("b", "a")])


def test_operations_without_an_order_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=30)
    plan = make_plan([operation("a"), operation("b"), operation("c")])

    def run(_operation: Operation) -> None:
        meeting.wait()

    outcome = execute(plan, run)
    assert sorted(outcome.succeeded) == ["start a", "start b", "start c"]


def test_an_operation_runs_after_its_dependencies() -> None:
    subjects: list[str] = []
    plan = make_plan([operation("c", "a", "b"), operation("a"), operation("b", "a")])
    execute(plan, lambda operation: subjects.append(operation.subject))
    assert subjects == ["a", "b", "c"]


def test_a_failure_skips_only_what_depends_on_it() -> None:
    def run(operation: Operation) -> None:
        if operation.subject == "db":
            raise OSError("no space left")

    plan = make_plan([operation("db"), operation("web", "db"), operation("edge", "web"), operation("log")])
    outcome = execute(plan, run)
    assert outcome.succeeded == ("start log",)
    assert {key: str(error) for key, error in outcome.failed.items()} == {"start db": "no space left"}
    assert outcome.skipped == ("start web", "start edge")


def test_executing_nothing_does_nothing() -> None:
    assert execute(Plan(), lambda operation: pytest.fail(operation.key)).succeeded == ()
