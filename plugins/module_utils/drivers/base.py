"""The protocols that a driver implements and workflows are written against.

The registry picks the driver, ``docker`` or ``kubernetes``, by the target in the inventory. Nothing here, and no workflow,
knows which one it is.
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


class DeploymentPart(StrEnum):
    """The parts of a deployment."""

    INFRASTRUCTURE = "infrastructure"
    MESH = "mesh"
    COMPONENTS = "components"


ALL_PARTS = tuple(DeploymentPart)


@dataclass(frozen=True)
class Scope:
    """What to reconcile: ``parts`` of an application, and all components or those in ``only``."""

    parts: tuple[DeploymentPart, ...] = ALL_PARTS
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class TeardownScope:
    """What a teardown removes besides instances and mesh: stored data if ``data``, networks if ``infrastructure``."""

    data: bool = False
    infrastructure: bool = True


class Purpose(StrEnum):
    """What a lease is held for."""

    DEPLOYMENT = "deployment"
    SCALING = "scaling"
    RELEASE = "release"
    TEARDOWN = "teardown"


@dataclass(frozen=True)
class Holder:
    """The holder of a lease: its purpose, its ``release`` if any, ``by`` whom, ``since`` when in seconds since the epoch."""

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
    """The right to change an application, or to run a release, while it is held.

    ``token`` rises with every holder: writes of a former holder are refused (fencing).
    """

    @property
    def token(self) -> int:
        """The fencing token."""


class Transaction(Protocol):
    """The state while nobody else may write it. ``state`` is written when the transaction ends without an error."""

    state: ApplicationState


class StateStore(Protocol):
    """Stores the state of one application, and its leases."""

    def read(self) -> ApplicationState:
        """Return the last written state. Raises ``StateError``."""

    def transaction(self, lease: Lease) -> AbstractContextManager[Transaction]:
        """Return the state for exclusive reading and writing. Raises ``StateError``, and ``Busy`` if ``lease`` is lost."""

    def lease(
        self, holder: Holder, timeout: float = 0.0, on_wait: Callable[[Holder], None] | None = None
    ) -> AbstractContextManager[Lease]:
        """Return the lease on the application, or on the release that ``holder`` names.

        Waits up to ``timeout`` seconds for another holder, and calls ``on_wait`` with it. Raises ``Busy``. A process that dies
        releases its leases.
        """

    def holders(self) -> tuple[Holder, ...]:
        """Return the holders of the leases on the application and on its releases."""

    def set_demand(self, release: str, demand: str) -> None:
        """Store ``demand`` for the process that runs ``release``, in place of an earlier one."""

    def get_demand(self, release: str) -> str:
        """Return the demand on ``release``, empty if there is none."""


class ConfigStore(Protocol):
    """The files of the mesh: each is replaced as a whole, and all proxies load it."""

    def read(self) -> Mapping[str, str]:
        """Return the content of every file by its path."""

    def read_one(self, path: str) -> str:
        """Return the content of one file, empty if there is none."""

    def versions(self) -> Mapping[str, str]:
        """Return the version of every file by its path, which proxies report once they have loaded it."""

    def publish(self, path: str, content: str) -> None:
        """Replace one file."""


@dataclass(frozen=True)
class Unreachable:
    """A proxy has not answered; ``running`` tells whether it runs."""

    running: bool


class ProxyAdmin(Protocol):
    """Queries to proxies, each with a result or ``Unreachable``."""

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``, of both versions, that have a proxy."""

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return the totals of the proxy of ``instance`` by cluster, for those of ``clusters`` that it knows."""

    def outdated(self, instance: Instance, expected: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of the files that the proxy has loaded in another version than in ``expected``."""

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return the number of in-flight HTTP requests of ``instance``."""


class Workloads(Protocol):
    """The workloads of the instances."""

    def started_at(self, instance: Instance) -> str:
        """Return when the workload of ``instance`` was started, empty if it does not run."""

    def logs(self, instance: Instance, lines: int) -> Sequence[str]:
        """Return the last ``lines`` of the workload's log, or a line that says that it is gone."""

    def memory(self, instance: Instance) -> int:
        """Return the bytes of memory that the workload uses, without reclaimable cache; 0 if it does not run."""

    def storage_identity(self, volumes: Sequence[str]) -> str:
        """Return the identity of ``volumes``, which changes if one is created again; empty if one is missing."""

    def run(self, instance: Instance, command: Sequence[str]) -> tuple[int, str]:
        """Run ``command`` in the workload; return the exit status, and both outputs as one text."""


class ImageStore(Protocol):
    """The images on the target."""

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that the target lacks."""

    def pull(self, reference: str, say: Say) -> None:
        """Pull an image; ``say`` reports its progress. Raises ``ImageError``."""

    def build(self, recipe: Recipe, archive: Path, say: Say) -> None:
        """Build an image from ``archive``, a tar file of its context; ``say`` reports the step. Raises ``ImageError``."""

    def read_file(self, reference: str, path: str) -> str:
        """Return the text of a file in an image. Raises ``ImageError``."""


class LoadRun(Protocol):
    """A run of the load generator."""

    def report(self) -> LoadReport | None:
        """Return the generator's last report, None if there is none yet."""

    def running(self) -> bool:
        """Whether the generator is still running."""

    def logs(self, lines: int) -> Sequence[str]:
        """Return the last ``lines`` of the generator's log."""

    def save(self, path: Path) -> bool:
        """Copy the generator's own report, an HTML file, to ``path``; return whether there is one."""


class LoadRunner(Protocol):
    """Runs an application's load generator."""

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` if no gateway runs that load could be sent to."""

    def start(
        self, application: EffectiveApplication, population: Population, half_header: str = ""
    ) -> AbstractContextManager[LoadRun]:
        """Return a run of the generator, which ends when the context is left or its time is up.

        ``half_header`` is a header, ``name: value``, that half of the users send with each request. Raises ``Refused``.
        """


class Observation(Protocol):
    """The observed state of one application, and the plans that start from it. All methods are pure."""

    def kinds(self) -> Mapping[str, str]:
        """Return the kinds of the deployed components, by name."""

    def statuses(self) -> Mapping[Instance, InstanceStatus]:
        """Return the status of each existing instance."""

    def allocation(self, application: EffectiveApplication, recorded: Mapping[str, str]) -> Mapping[str, str]:
        """Return ``recorded`` with the addresses that ``application`` needs in addition; existing ones do not change.

        Raises ``Refused`` if there are no more addresses.
        """

    def render(self, application: EffectiveApplication, allocation: Mapping[str, str]) -> Mapping[str, str]:
        """Return the mesh files for ``application``, by their paths."""

    def plan(self, application: EffectiveApplication, allocation: Mapping[str, str], scope: Scope) -> Plan:
        """Return the operations that reconcile ``application`` within ``scope``."""

    def removal(self, application: str, scope: TeardownScope) -> Plan:
        """Return the operations that remove the application called ``application`` within ``scope``."""


@dataclass(frozen=True)
class Execution:
    """The context in which operations run.

    ``application`` is the desired one; an instance has ``timeout`` seconds to become healthy; ``cancelled`` is called between
    operations and while one waits.
    """

    application: EffectiveApplication
    say: Say
    timeout: float
    cancelled: Callable[[], bool] = lambda: False


class Driver(Protocol):
    """One application on a target."""

    @property
    def state(self) -> StateStore:
        """The state store of the application."""

    @property
    def config(self) -> ConfigStore:
        """The files of the mesh."""

    @property
    def proxies(self) -> ProxyAdmin:
        """The proxies of the application."""

    @property
    def workloads(self) -> Workloads:
        """The workloads of the application."""

    @property
    def images(self) -> ImageStore:
        """The images on the target."""

    @property
    def load(self) -> LoadRunner:
        """The load generator of the application."""

    def reachable(self) -> bool:
        """Whether the target answers. Raises ``DriverError`` if it does and cannot be used."""

    def observe(self, application: EffectiveApplication) -> Observation:
        """Return the observed state of ``application``; empty if the target does not answer."""

    def rejections(
        self, application: EffectiveApplication, render: Callable[[EffectiveApplication], Mapping[str, str]]
    ) -> Sequence[Rejection]:
        """Return what the proxies would reject of the new files that ``render`` returns for ``application``."""

    def run(self, operation: Operation, execution: Execution) -> None:
        """Run an operation of a plan. It is idempotent: it may be repeated after a run that was killed.

        Raises ``DriverError``.
        """

    def remove_leftovers(self) -> None:
        """Remove leftovers of killed runs, such as load generators."""
