"""Two concurrent runs, in all pairs: one succeeds, the other waits or is refused with a reason; nothing is lost or restored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import pytest
from chaos_application import FILE_SIZE, Client, Deployment, Run, check_gone, check_settled, check_tidy, client_of, size

DEPLOYMENT = Deployment()
VERBS = ("site", "scale", "canary", "teardown")
# The two runs request different things, so that the effective one can be identified.
VERSIONS = {"site": ("file a", "file b"), "canary": ("new a", "new b")}
SIZES = (1, 3)
# The holder, since when, and the way out; or that the application was taken down meanwhile.
REFUSED = re.compile(
    r"in progress.* has run it since [\d-]+ [\d:]+; wait for its end"
    r"|in progress at .* begun by .* at [\d-]+ [\d:]+; end it first: "
    r"|is not deployed.*; allowed: .*ansible-playbook playbooks/site.yml"
)


@dataclass(frozen=True)
class Requested:
    """One of two runs: what it requested, and its result."""

    verb: str
    version: str
    size: int
    result: Run


@pytest.fixture
def client() -> Iterator[Client]:
    DEPLOYMENT.play("site").check()
    yield client_of(DEPLOYMENT.status())
    DEPLOYMENT.play("teardown", delete_data=True).check()


def run_concurrently(one: str, other: str) -> list[Requested]:
    """Run two playbooks concurrently."""
    started = []
    for number, verb in enumerate((one, other)):
        version = VERSIONS[verb][number] if verb in VERSIONS else DEPLOYMENT.version
        options: dict[str, dict[str, Any]] = {
            "scale": {"component": "web", "replicas": SIZES[number]},
            "canary": {"component": "web", "env": {"VERSION": version}},
        }
        deployment = replace(DEPLOYMENT, version=version) if verb == "site" else DEPLOYMENT
        started.append((verb, version, SIZES[number], deployment.start(verb, **options.get(verb, {}))))
    return [Requested(verb, version, size, running.end()) for verb, version, size, running in started]


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(VERBS, 2)))
def test_two_runs_at_once_lose_nothing(client: Client, one: str, other: str) -> None:
    with client.crowd().asking() as crowd, client.writing():
        runs = run_concurrently(one, other)
    output = "\n".join(run.result.output for run in runs)
    succeeded = {verb: [run for run in runs if run.verb == verb and run.result.code == 0] for verb in VERBS}
    assert any(succeeded.values()), output
    for run in runs:
        assert run.result.code == 0 or REFUSED.search(" ".join(run.result.output.split())), run.result.output
    files = {run.version for run in succeeded["site"]} or {DEPLOYMENT.version}
    if not DEPLOYMENT.status()["instances"]:
        assert succeeded["teardown"], output
        check_gone(DEPLOYMENT, data=True)
        replace(DEPLOYMENT, version=min(files)).play("site").check()
    else:
        assert succeeded["site"] or not succeeded["teardown"], output
    versions = client.versions()
    possible = {run.version for run in succeeded["site"] + succeeded["canary"]} or {DEPLOYMENT.version}
    assert len(versions) == 1 and versions <= possible, output
    deployment = replace(DEPLOYMENT, version=min(versions & files or files))
    check_settled(deployment)
    status = deployment.status()
    check_tidy(deployment, status)
    assert size(status) in ({run.size for run in succeeded["scale"]} or {FILE_SIZE}), output
    answered = {answer.text for answer in crowd.answers if answer.status == 200}
    assert answered <= {DEPLOYMENT.version, *(run.version for run in runs)}
    assert client.lost() == []
