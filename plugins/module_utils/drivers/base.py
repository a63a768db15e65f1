"""What a target has to offer: the protocols that workflows are written on, and what may go wrong there.

A driver is one of ``docker``, ``kubernetes``; the module picks it by the target that the inventory states. Nothing here, and no
workflow, knows which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ..images.recipe import Recipe
from ..model.effective import EffectiveApplication
from ..model.errors import Rejection
from ..model.instance import Instance
from ..model.load import LoadReport, Population
from ..model.status import InstanceStatus, moment
from ..model.traffic import Totals
from ..plan.graph import Operation, Plan
from ..release.state import ApplicationState

Say = Callable[[str], None]


class Part(StrEnum):
    """What a deployment looks after."""

    INFRASTRUCTURE = "infrastructure"
    MESH = "mesh"
    COMPONENTS = "components"


ALL_PARTS = tuple(Part)


@dataclass(frozen=True)
class Scope:
    """Which ``parts`` of an application to bring about, and of its components all or those in ``only``."""

    parts: tuple[Part, ...] = ALL_PARTS
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extent:
    """What a teardown removes besides instances and mesh: ``data`` if requested, the ``infrastructure`` unless it is kept."""

    data: bool = False
    infrastructure: bool = True


class Purpose(StrEnum):
    """What a run holds a lease for."""

    DEPLOYMENT = "deployment"
    SCALING = "scaling"
    RELEASE = "release"
    TEARDOWN = "teardown"


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: for what, of which ``release`` if for one, ``by`` whom, ``since`` when in seconds since the epoch."""

    purpose: Purpose
    by: str
    release: str = ""
    since: float = 0.0

    @property
    def refusal(self) -> str:
        """Who is at work, since when, and the way out, as whoever is refused is told."""
        end = "wait for its end and run again"
        if self.release:
            end = (
                "wait for its end, or end it: ansible-playbook playbooks/canary.yml -e action=abort "
                f"-e release={self.release}"
            )
        return f"{self.by} has run it since {moment(self.since)}; {end}"


class Lease(Protocol):
    """The right to change an application, or to take a release through its course, for as long as it is held.

    ``token`` rises with every holder: what a former holder still writes is refused (fencing).
    """

    @property
    def token(self) -> int:
        """The number of this holding."""


class Transaction(Protocol):
    """The state while nobody else may write it. What ``state`` is set to is written when the transaction ends well."""

    state: ApplicationState


class StateStore(Protocol):
    """Keeps the state of one application, and who is at work on it."""

    def read(self) -> ApplicationState:
        """Return the state as it was last written. Raises ``StateError``."""

    def transaction(self, lease: Lease) -> AbstractContextManager[Transaction]:
        """Return the state for one reader and writer at a time. Raises ``StateError``, and ``Busy`` where ``lease`` is lost."""

    def lease(
        self, holder: Holder, patience: float = 0.0, waiting: Callable[[Holder], None] | None = None
    ) -> AbstractContextManager[Lease]:
        """Return the lease on the application, or on the release that ``holder`` names.

        Whoever has it is waited for up to ``patience`` seconds; ``waiting`` is called with its holder. Raises ``Busy``. Who dies
        lets go.
        """

    def holders(self) -> tuple[Holder, ...]:
        """Return who is at work on the application and on its releases."""

    def demand(self, release: str, demand: str) -> None:
        """Leave ``demand`` for whoever takes ``release`` through its course, in place of one that was left before."""

    def demanded(self, release: str) -> str:
        """Return what is demanded of ``release``, nothing where nothing is."""


class ConfigStore(Protocol):
    """The files of the mesh: each is replaced as a whole, and all proxies take it in."""

    def read(self) -> Mapping[str, str]:
        """Return the content of every file by its path."""

    def read_one(self, path: str) -> str:
        """Return the content of one file, nothing where there is none."""

    def versions(self) -> Mapping[str, str]:
        """Return the version of every file by its path: what proxies tell when they have taken it in."""

    def publish(self, path: str, content: str) -> None:
        """Replace one file."""


@dataclass(frozen=True)
class Unreachable:
    """A proxy did not answer; ``running`` tells whether there is one at all."""

    running: bool


class ProxyAdmin(Protocol):
    """What proxies tell of themselves: an answer, or that they are unreachable."""

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``, of both versions, that have a proxy."""

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return what the proxy of ``instance`` has counted of each of ``clusters`` that it knows."""

    def outdated(self, instance: Instance, versions: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of those files that the proxy reads and has in another version than ``versions`` tells."""

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return how many HTTP requests ``instance`` is answering."""


class Workloads(Protocol):
    """The applications in the instances."""

    def started(self, instance: Instance) -> str:
        """Return since when the application of ``instance`` runs, nothing where it does not."""

    def logs(self, instance: Instance, lines: int) -> Sequence[str]:
        """Return the last ``lines`` of what it wrote; says so where it is gone."""

    def memory(self, instance: Instance) -> int:
        """Return the bytes it uses, without what the kernel would give back; 0 where it does not run."""

    def storage(self, volumes: Sequence[str]) -> str:
        """Return what tells ``volumes`` of the application from ones that were made anew; nothing where one is missing."""

    def run(self, instance: Instance, command: Sequence[str]) -> tuple[int, str]:
        """Run ``command`` in it; return the exit status and both outputs as one text."""


class ImageStore(Protocol):
    """The images that the target has."""

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that are not there."""

    def pull(self, reference: str, say: Say) -> None:
        """Get an image from its registry; ``say`` reports its progress. Raises ``ImageError``."""

    def build(self, recipe: Recipe, archive: Path, say: Say) -> None:
        """Build an image from ``archive``, a tar file of its context; ``say`` reports the step. Raises ``ImageError``."""

    def read_file(self, reference: str, path: str) -> str:
        """Return the text of a file in an image. Raises ``ImageError``."""


class LoadRun(Protocol):
    """A load generator at work."""

    def report(self) -> LoadReport | None:
        """Return what the generator reported last, None where it has reported nothing."""

    def running(self) -> bool:
        """Whether the generator is still at work."""

    def logs(self, lines: int) -> Sequence[str]:
        """Return the last ``lines`` that the generator wrote."""

    def save(self, path: Path) -> bool:
        """Copy the generator's own report, an HTML file, to ``path``; return whether there is one."""


class LoadRunner(Protocol):
    """Runs an application's load generator."""

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` where no load can be made: there is no gateway that runs."""

    def start(
        self, application: EffectiveApplication, population: Population, half_with: str = ""
    ) -> AbstractContextManager[LoadRun]:
        """Return a run of the generator, which ends when it is left or its time is up.

        ``half_with`` is a header, ``name: value``, that half of the users send with each request. Raises ``Refused``.
        """


class Observation(Protocol):
    """What a target has of one application, and the plans that lead from there. All of it is pure."""

    def kinds(self) -> Mapping[str, str]:
        """Return the kinds of the components that are deployed, by name."""

    def statuses(self) -> Mapping[Instance, InstanceStatus]:
        """Return how each instance is that is there."""

    def allocation(self, application: EffectiveApplication, recorded: Mapping[str, str]) -> Mapping[str, str]:
        """Return ``recorded`` with what ``application`` needs besides; nothing that was given to anybody changes.

        Raises ``Refused`` where there is no more to give.
        """

    def rendered(self, application: EffectiveApplication, allocation: Mapping[str, str]) -> Mapping[str, str]:
        """Return the files of the mesh as ``application`` has them, by their paths."""

    def plan(self, application: EffectiveApplication, allocation: Mapping[str, str], scope: Scope) -> Plan:
        """Return the operations that bring ``application`` about, as far as ``scope`` goes."""

    def removal(self, application: str, extent: Extent) -> Plan:
        """Return the operations that remove the application called ``application``."""


@dataclass(frozen=True)
class Execution:
    """What operations need besides themselves.

    ``application`` is what is being brought about; an instance has ``patience`` seconds to become healthy; ``cancelled`` is
    asked between operations and while one waits.
    """

    application: EffectiveApplication
    say: Say
    patience: float
    cancelled: Callable[[], bool] = lambda: False


class Driver(Protocol):
    """A target and one application on it."""

    @property
    def state(self) -> StateStore:
        """The state store of the application."""

    @property
    def config(self) -> ConfigStore:
        """The files of its mesh."""

    @property
    def proxies(self) -> ProxyAdmin:
        """Its proxies."""

    @property
    def workloads(self) -> Workloads:
        """Its instances' applications."""

    @property
    def images(self) -> ImageStore:
        """The images of the target."""

    @property
    def load(self) -> LoadRunner:
        """What makes load on it."""

    def answers(self) -> bool:
        """Whether the target is there at all. Raises ``DriverError`` where it is and cannot be used."""

    def observe(self, application: EffectiveApplication) -> Observation:
        """Return what the target has of ``application``; nothing where it does not answer in check mode."""

    def rejections(
        self, application: EffectiveApplication, render: Callable[[EffectiveApplication], Mapping[str, str]]
    ) -> Sequence[Rejection]:
        """Return what the proxies reject of the files that ``render`` makes of ``application`` and that are not there yet."""

    def run(self, operation: Operation, execution: Execution) -> None:
        """Carry out an operation of a plan. It can be done again after a run that died in the middle.

        Raises ``DriverError``.
        """

    def remove_leftovers(self) -> None:
        """Remove what runs have left that were killed, such as load generators."""
