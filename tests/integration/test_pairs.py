"""Two runs at once, in all pairs: one goes well, the other waits or is refused with words; nothing is lost or comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import pytest
from chaos_application import FILE_SIZE, Client, Place, Run, check_gone, check_settled, check_tidy, client_of, size

HERE = Place()
VERBS = ("site", "scale", "canary", "teardown")
# Each of two asks for something else, so that whose word holds can be told.
VERSIONS = {"site": ("file a", "file b"), "canary": ("new a", "new b")}
SIZES = (1, 3)
# Who is at work since when, and the way out; or that what is to be changed has been taken down meanwhile.
REFUSED = re.compile(
    r"in progress.* has run it since [\d-]+ [\d:]+; wait for its end"
    r"|in progress at .* begun by .* at [\d-]+ [\d:]+; end it first: "
    r"|is not deployed.*; allowed: .*ansible-playbook playbooks/site.yml"
)


@dataclass(frozen=True)
class Asked:
    """One of two runs: what it asked for, and what came of it."""

    verb: str
    version: str
    size: int
    run: Run


@pytest.fixture
def client() -> Iterator[Client]:
    HERE.play("site").well()
    yield client_of(HERE.status())
    HERE.play("teardown", delete_data=True).well()


def at_once(one: str, other: str) -> list[Asked]:
    """Run two playbooks side by side."""
    begun = []
    for number, verb in enumerate((one, other)):
        version = VERSIONS[verb][number] if verb in VERSIONS else HERE.version
        asked: dict[str, dict[str, Any]] = {
            "scale": {"component": "web", "replicas": SIZES[number]},
            "canary": {"component": "web", "env": {"VERSION": version}},
        }
        place = replace(HERE, version=version) if verb == "site" else HERE
        begun.append((verb, version, SIZES[number], place.start(verb, **asked.get(verb, {}))))
    return [Asked(verb, version, size, running.end()) for verb, version, size, running in begun]


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(VERBS, 2)))
def test_two_runs_at_once_lose_nothing(client: Client, one: str, other: str) -> None:
    with client.crowd().asking() as crowd, client.writing():
        runs = at_once(one, other)
    said = "\n".join(each.run.said for each in runs)
    well = {verb: [each for each in runs if each.verb == verb and each.run.code == 0] for verb in VERBS}
    assert any(well.values()), said
    for each in runs:
        assert each.run.code == 0 or REFUSED.search(" ".join(each.run.said.split())), each.run.said
    files = {each.version for each in well["site"]} or {HERE.version}
    if not HERE.status()["instances"]:
        assert well["teardown"], said
        check_gone(HERE, data=True)
        replace(HERE, version=min(files)).play("site").well()
    else:
        assert well["site"] or not well["teardown"], said
    found = client.versions()
    assert len(found) == 1 and found <= ({each.version for each in well["site"] + well["canary"]} or {HERE.version}), said
    place = replace(HERE, version=min(found & files or files))
    check_settled(place)
    status = place.status()
    check_tidy(place, status)
    assert size(status) in ({each.size for each in well["scale"]} or {FILE_SIZE}), said
    assert {each.text for each in crowd.answers if each.status == 200} <= {HERE.version, *(each.version for each in runs)}
    assert client.lost() == []
