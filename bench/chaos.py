"""Kills playbooks and engines at random moments: does the next run converge, and is anything lost?

Run it from the repository's root: `.venv/bin/python bench/chaos.py [ROUNDS [SEED [INVENTORY HOST]]]`. It deploys the application
of tests/applications/chaos, and takes it down with its data. Only where a host is named is an engine killed: that host's, with
all that runs on it. `bench/chaos.py 50 1 inventories/local localhost` kills this machine's.

Each round runs site (with a changed file), scale, canary or teardown, and kills it or the engine at a random moment of the
seed. Then site has to succeed, and a release that it finds in progress is resumed or aborted. After that a second site must
have nothing to do; users must have the version of the file or of the ended release, and never have had one that was not
requested; acknowledged writes and the results of successful runs must persist; and nothing else may be left. The first round
that breaks one of these ends the measurement.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "integration"))

from chaos_application import (
    FILE_SIZE,
    Client,
    Deployment,
    Run,
    check_gone,
    check_settled,
    check_tidy,
    client_of,
    in_progress,
    size,
)

ROUNDS = 50
# None is that of the file.
SIZES = (1, 3, 4)
ENDINGS = ("resume", "abort")
# A release that can neither continue nor roll back at once reports that it has to be run again.
TRIES = 3
DOWN_SECONDS = 2.0
COLUMNS = {
    "round": 5,
    "verb": 8,
    "killed": 9,
    "at s": 6,
    "status": 6,
    "next s": 6,
    "release": 8,
    "version": 10,
    "instances": 9,
    "kept": 6,
    "asked": 6,
    "failed": 6,
}


class Verb(StrEnum):
    """The playbook of a round."""

    SITE = "site"
    SCALE = "scale"
    CANARY = "canary"
    TEARDOWN = "teardown"


class Killed(StrEnum):
    """What a round kills: the playbook alone, the playbook and its descendants, or the engine."""

    NOTHING = "-"
    PLAYBOOK = "playbook"
    PROCESSES = "processes"
    ENGINE = "engine"


@dataclass(frozen=True)
class Round:
    """The parameters of a round: the moment is a ``share`` of the time that ``verb`` takes undisturbed.

    The engine is ``down`` for so many seconds. ``size``, ``delete_data`` and ``ending`` are for the verbs that need them.
    """

    number: int
    verb: Verb
    killed: Killed
    share: float
    down: float
    size: int
    delete_data: bool
    ending: str

    @property
    def version(self) -> str:
        """The version that the round requests."""
        return f"{self.verb}{self.number}"

    @property
    def deletes(self) -> bool:
        """Whether the round requests the deletion of the data."""
        return self.verb == Verb.TEARDOWN and self.delete_data


@dataclass(frozen=True)
class Row:
    """The result of a round, in the order of the table."""

    number: int
    verb: Verb
    killed: Killed
    moment: float
    status: int
    following: float
    release: str
    version: str
    size: int
    kept: int
    asked: int
    failed: int


@dataclass
class Chaos:
    """The rounds on ``deployment``, with the possible versions and numbers of instances."""

    deployment: Deployment
    client: Client
    versions: set[str]
    sizes: set[int]
    usual: dict[Verb, float] = field(default_factory=dict)

    def play(self, drawn: Round) -> Row:
        """Play a round. Raises ``AssertionError`` or ``OSError`` if a check fails after it."""
        before, crowd, may_have = self.deployment.status(), self.client.crowd(), set(self.versions)
        if drawn.verb == Verb.SITE:
            self.deployment = replace(self.deployment, version=drawn.version)
            self.versions = {drawn.version}
        with crowd.asking(), self.client.writing():
            killed, moment, run = self._disturbed(drawn)
            self._expect(drawn, run.code == 0)
            following = self.deployment.play("site").check()
            check_settled(self.deployment)
            release = self._end_release(drawn, before, run) if drawn.verb == Verb.CANARY else "-"
        had = {answer.text for answer in crowd.answers if answer.status == 200}
        may_have |= {drawn.version} if drawn.verb == Verb.CANARY else self.versions
        assert had <= may_have, f"users had {had - may_have}; requested: {may_have}"
        self._check(drawn)
        return Row(
            number=drawn.number,
            verb=drawn.verb,
            killed=killed,
            moment=round(moment, 1),
            status=run.code,
            following=round(following.seconds, 1),
            release=release,
            version=", ".join(self.versions),
            size=sum(self.sizes),
            kept=len(self.client.acknowledged),
            asked=len(crowd.answers),
            failed=len(crowd.failed()),
        )

    def _disturbed(self, drawn: Round) -> tuple[Killed, float, Run]:
        """Run and kill; return what was killed (nothing if the run had ended before), in which second, and the result."""
        options: dict[Verb, dict[str, Any]] = {
            Verb.SITE: {},
            Verb.SCALE: {"component": "web", "replicas": drawn.size},
            Verb.CANARY: {"component": "web", "env": {"VERSION": drawn.version}},
            Verb.TEARDOWN: {"delete_data": drawn.delete_data},
        }
        moment = drawn.share * self.usual.get(drawn.verb, 0.0)
        running = self.deployment.start(drawn.verb, **options[drawn.verb])
        killed = Killed.NOTHING if running.ended(moment) else drawn.killed
        if killed == Killed.PLAYBOOK:
            running.kill()
        if killed == Killed.PROCESSES:
            running.kill_all()
        if killed == Killed.ENGINE:
            self.deployment.kill_engine()
            time.sleep(drawn.down)
            self.deployment.start_engine()
        run = running.end()
        if drawn.killed == Killed.NOTHING:
            self.usual[drawn.verb] = run.check().seconds
        return killed, moment, run

    def _expect(self, drawn: Round, succeeded: bool) -> None:
        """Record the state that is possible after a run: the requested one if it ``succeeded``, otherwise the former one too."""
        if drawn.verb == Verb.SCALE:
            self.sizes = {drawn.size} | (set() if succeeded else self.sizes)
        if drawn.deletes:
            self.versions = {self.deployment.version} | (set() if succeeded else self.versions)
            self.sizes = {FILE_SIZE} | (set() if succeeded else self.sizes)
        if drawn.verb == Verb.TEARDOWN and succeeded:
            check_gone(self.deployment, data=not drawn.delete_data)

    def _end_release(self, drawn: Round, before: dict[str, Any], run: Run) -> str:
        """End the release that a round has started, and return its phase, `none` without one."""
        status = self.deployment.status()
        for _try in range(TRIES):
            if in_progress(status):
                self.deployment.play("canary", action=drawn.ending)
                status = self.deployment.status()
        known = {release["began"] for release in before["releases"]}
        begun = [release for release in status["releases"] if release["began"] not in known]
        phase = str(begun[0]["phase"]) if begun else "none"
        assert run.code != 0 or phase == "promoted", f"the run of the release succeeded, but the release is {phase}"
        if phase == "promoted":
            self.versions = {drawn.version}
        check_settled(self.deployment)
        return phase

    def _check(self, drawn: Round) -> None:
        """Check the state after a round, and record it."""
        status = self.deployment.status()
        check_tidy(self.deployment, status)
        assert size(status) in self.sizes, f"web has {size(status)} instances; requested: {self.sizes}"
        versions = self.client.versions()
        assert len(versions) == 1 and versions <= self.versions, f"users get {versions}; requested: {self.versions}"
        self.versions, self.sizes = versions, {size(status)}
        lost = self.client.lost()
        # Data is deleted as a whole, with everything written until then.
        deleted = self.client.acknowledged[: len(lost)] if drawn.deletes else []
        assert lost == deleted, f"acknowledged writes are missing: {lost}"
        del self.client.acknowledged[: len(lost)]


def drawn_rounds(rounds: int, seed: int, kills: list[Killed]) -> Iterator[Round]:
    """Yield an undisturbed round of each verb, and ``rounds`` that take turns through verbs and kills in a random order."""
    chance = random.Random(seed)
    cases = [(verb, Killed.NOTHING) for verb in Verb]
    while len(cases) < len(Verb) + rounds:
        turn = list(product(Verb, kills))
        chance.shuffle(turn)
        cases += turn
    for number, (verb, killed) in enumerate(cases[: len(Verb) + rounds], 1 - len(Verb)):
        yield Round(
            number=number,
            verb=verb,
            killed=killed,
            share=chance.random(),
            down=chance.uniform(0, DOWN_SECONDS),
            size=chance.choice(SIZES),
            delete_data=chance.random() < 0.5,
            ending=chance.choice(ENDINGS),
        )


def line(cells: tuple[object, ...]) -> str:
    """Return a line of the table."""
    return " ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, COLUMNS.values(), strict=True))


def summary(rows: list[Row], seed: int) -> str:
    """Return a summary of all rounds in one line."""
    killed = [row.killed for row in rows if row.killed != Killed.NOTHING]
    engines, seconds = killed.count(Killed.ENGINE), [row.following for row in rows]
    answered = sum(row.asked - row.failed for row in rows)
    return (
        f"seed {seed}: {len(rows)} rounds, {len(killed) - engines} playbooks and {engines} engines killed; the next run "
        f"converged {len(rows)} times, in {statistics.median(seconds):.1f} s (median, {max(seconds):.1f} at most); 0 of "
        f"{answered} answers from a version that was not requested; 0 acknowledged writes lost; 0 leftovers"
    )


def main() -> None:
    """Play the rounds, and print the results."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    seed = int(sys.argv[2]) if sys.argv[2:] else 1
    deployment, kills = Deployment(*sys.argv[3:]), [Killed.PLAYBOOK, Killed.PROCESSES, *([Killed.ENGINE] if sys.argv[3:] else [])]
    rows: list[Row] = []
    deployment.play("teardown", delete_data=True).check()
    try:
        deployment.play("site").check()
        chaos = Chaos(deployment, client_of(deployment.status()), {deployment.version}, {FILE_SIZE})
        print(line(tuple(COLUMNS)), flush=True)
        for drawn in drawn_rounds(rounds, seed, kills):
            try:
                rows.append(chaos.play(drawn))
            except (AssertionError, OSError) as broken:
                raise SystemExit(f"seed {seed}, round {drawn.number}: {drawn}: {broken}") from broken
            print(line(astuple(rows[-1])), flush=True)
        print(summary(rows[len(Verb) :], seed))
    finally:
        deployment.play("teardown", delete_data=True)


if __name__ == "__main__":
    main()
