"""Playbooks and engines are killed at random moments: does the next run converge, and is anything lost?

Run it from the repository's root: `.venv/bin/python bench/chaos.py [ROUNDS [SEED [INVENTORY HOST]]]`. It deploys the application
of tests/applications/chaos, and takes it down with its data. Only where a host is named is an engine killed: that host's, with
all that runs on it. `bench/chaos.py 50 1 inventories/local localhost` kills this machine's.

In each round site (with a changed file), scale, canary or teardown is run, and it or the engine is killed at a moment that is
drawn by the seed. Then site is run, and has to go well; what it leaves of a release is resumed or aborted. After that a second
site must have nothing to do; users must have the version that the file or the end of the release tells, and never have had
one that nobody asked for; what was acknowledged, a write or a run that has ended well, must hold; and nothing may be left
besides. The first round in which that is not so ends the measurement.
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
    Place,
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
# The end of a release that can go neither on nor back at once says that it is to be run again.
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
    """What is run."""

    SITE = "site"
    SCALE = "scale"
    CANARY = "canary"
    TEARDOWN = "teardown"


class Killed(StrEnum):
    """What is killed meanwhile: the playbook alone, it and all that it has started, or the engine."""

    NOTHING = "-"
    PLAYBOOK = "playbook"
    PROCESSES = "all of it"
    ENGINE = "engine"


@dataclass(frozen=True)
class Round:
    """What was drawn for a round: the moment is a ``share`` of the time that ``verb`` takes undisturbed.

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
        """What the round calls a version that it asks for."""
        return f"{self.verb}{self.number}"

    @property
    def deletes(self) -> bool:
        """Whether the deletion of all that is stored is asked for."""
        return self.verb == Verb.TEARDOWN and self.delete_data


@dataclass(frozen=True)
class Row:
    """What came of a round, in the order of the table."""

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
    """The rounds on ``place``, and which versions and how many instances may be there, as far as is known."""

    place: Place
    client: Client
    versions: set[str]
    sizes: set[int]
    usual: dict[Verb, float] = field(default_factory=dict)

    def play(self, drawn: Round) -> Row:
        """Play a round. Raises ``AssertionError`` or ``OSError`` where something does not hold after it."""
        before, crowd, may_have = self.place.status(), self.client.crowd(), set(self.versions)
        if drawn.verb == Verb.SITE:
            self.place = replace(self.place, version=drawn.version)
            self.versions = {drawn.version}
        with crowd.asking(), self.client.writing():
            killed, moment, run = self._disturbed(drawn)
            self._take_down(drawn, run.code == 0)
            following = self.place.play("site").well()
            check_settled(self.place)
            release = self._end_release(drawn, before, run) if drawn.verb == Verb.CANARY else "-"
        had = {each.text for each in crowd.answers if each.status == 200}
        may_have |= {drawn.version} if drawn.verb == Verb.CANARY else self.versions
        assert had <= may_have, f"users had {had - may_have}; asked for: {may_have}"
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
        """Run and kill; return what was killed in which second, nothing where the run had ended, and what came of the run."""
        asked: dict[Verb, dict[str, Any]] = {
            Verb.SITE: {},
            Verb.SCALE: {"component": "web", "replicas": drawn.size},
            Verb.CANARY: {"component": "web", "env": {"VERSION": drawn.version}},
            Verb.TEARDOWN: {"delete_data": drawn.delete_data},
        }
        moment = drawn.share * self.usual.get(drawn.verb, 0.0)
        running = self.place.start(drawn.verb, **asked[drawn.verb])
        killed = Killed.NOTHING if running.ended(moment) else drawn.killed
        if killed == Killed.PLAYBOOK:
            running.kill()
        if killed == Killed.PROCESSES:
            running.kill_all()
        if killed == Killed.ENGINE:
            self.place.kill_engine()
            time.sleep(drawn.down)
            self.place.start_engine()
        run = running.end()
        if drawn.killed == Killed.NOTHING:
            self.usual[drawn.verb] = run.well().seconds
        return killed, moment, run

    def _take_down(self, drawn: Round, well: bool) -> None:
        """Take down what may be there after a run: what it was asked for if it has ended ``well``, else what was there too."""
        if drawn.verb == Verb.SCALE:
            self.sizes = {drawn.size} | (set() if well else self.sizes)
        if drawn.deletes:
            self.versions = {self.place.version} | (set() if well else self.versions)
            self.sizes = {FILE_SIZE} | (set() if well else self.sizes)
        if drawn.verb == Verb.TEARDOWN and well:
            check_gone(self.place, data=not drawn.delete_data)

    def _end_release(self, drawn: Round, before: dict[str, Any], run: Run) -> str:
        """End the release that a round has begun, and return how; none where it has begun none."""
        status = self.place.status()
        for _try in range(TRIES):
            if in_progress(status):
                self.place.play("canary", action=drawn.ending)
                status = self.place.status()
        known = {each["began"] for each in before["releases"]}
        begun = [each for each in status["releases"] if each["began"] not in known]
        phase = str(begun[0]["phase"]) if begun else "none"
        assert run.code != 0 or phase == "promoted", f"the run of the release has ended well; of the release is told: {phase}"
        if phase == "promoted":
            self.versions = {drawn.version}
        check_settled(self.place)
        return phase

    def _check(self, drawn: Round) -> None:
        """Check what is there after a round, and take it down."""
        status = self.place.status()
        check_tidy(self.place, status)
        assert size(status) in self.sizes, f"web has {size(status)} instances; asked for: {self.sizes}"
        found = self.client.versions()
        assert len(found) == 1 and found <= self.versions, f"users get {found}; asked for: {self.versions}"
        self.versions, self.sizes = found, {size(status)}
        lost = self.client.lost()
        # Data that is deleted goes as a whole, with all that was written until then.
        deleted = self.client.acknowledged[: len(lost)] if drawn.deletes else []
        assert lost == deleted, f"these were acknowledged, and are not there: {lost}"
        del self.client.acknowledged[: len(lost)]


def drawn_rounds(rounds: int, seed: int, kills: list[Killed]) -> Iterator[Round]:
    """Yield a round of each verb undisturbed, and ``rounds`` with every verb and kill in turns; the lot says in which order."""
    lot = random.Random(seed)
    cases = [(verb, Killed.NOTHING) for verb in Verb]
    while len(cases) < len(Verb) + rounds:
        turn = list(product(Verb, kills))
        lot.shuffle(turn)
        cases += turn
    for number, (verb, killed) in enumerate(cases[: len(Verb) + rounds], 1 - len(Verb)):
        yield Round(
            number=number,
            verb=verb,
            killed=killed,
            share=lot.random(),
            down=lot.uniform(0, DOWN_SECONDS),
            size=lot.choice(SIZES),
            delete_data=lot.random() < 0.5,
            ending=lot.choice(ENDINGS),
        )


def line(cells: tuple[object, ...]) -> str:
    """Return a line of the table."""
    return " ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, COLUMNS.values(), strict=True))


def summary(rows: list[Row], seed: int) -> str:
    """Return what came of all rounds, in one line."""
    killed = [each.killed for each in rows if each.killed != Killed.NOTHING]
    engines, seconds = killed.count(Killed.ENGINE), [each.following for each in rows]
    answered = sum(each.asked - each.failed for each in rows)
    return (
        f"seed {seed}: {len(rows)} rounds, {len(killed) - engines} playbooks and {engines} engines killed; the next run "
        f"converged {len(rows)} times, in {statistics.median(seconds):.1f} s (median, {max(seconds):.1f} at most); 0 of "
        f"{answered} answers from a version that nobody asked for; 0 acknowledged writes lost; 0 leftovers"
    )


def main() -> None:
    """Play the rounds, and print them."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    seed = int(sys.argv[2]) if sys.argv[2:] else 1
    place, kills = Place(*sys.argv[3:]), [Killed.PLAYBOOK, Killed.PROCESSES, *([Killed.ENGINE] if sys.argv[3:] else [])]
    rows: list[Row] = []
    place.play("teardown", delete_data=True).well()
    try:
        place.play("site").well()
        chaos = Chaos(place, client_of(place.status()), {place.version}, {FILE_SIZE})
        print(line(tuple(COLUMNS)), flush=True)
        for drawn in drawn_rounds(rounds, seed, kills):
            try:
                rows.append(chaos.play(drawn))
            except (AssertionError, OSError) as broken:
                raise SystemExit(f"seed {seed}, round {drawn.number}: {drawn}: {broken}") from broken
            print(line(astuple(rows[-1])), flush=True)
        print(summary(rows[len(Verb) :], seed))
    finally:
        place.play("teardown", delete_data=True)


if __name__ == "__main__":
    main()
