"""A driver in memory: a process that works on a ``World``. At each of its calls a test may have something happen."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from pathlib import Path

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import (
    Driver,
    Execution,
    Holder,
    Lease,
    Say,
    Unreachable,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import (
    Busy,
    Cancelled,
    DriverError,
    ImageError,
    TargetUnavailable,
    Unhealthy,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import endpoint_files, served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.listeners import component_directory
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.versions import written
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused, Rejection
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import LoadReport, Population, entrance, generator
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ApplicationState,
    from_wire,
    to_wire,
)
from memory.operations import (
    Admit,
    Await,
    Create,
    Delete,
    Drain,
    DropData,
    DropNetwork,
    MakeNetwork,
    MakeSecret,
    MakeVolume,
    Remove,
    Replace,
    Resize,
    Start,
    Withdraw,
    Write,
)
from memory.parts import Running
from memory.planner import MemoryObservation, Seen
from memory.world import Held, World

ENGINE_PATIENCE = 180.0
DRAIN_SECONDS = 30.0
_TRY_SECONDS = 0.2
_LOOK_SECONDS = 0.25
# What a generator adds for each of its users.
_REQUESTS_PER_USER = 5.0
SCHEMA = "CREATE TABLE IF NOT EXISTS zipkin_spans (id INT);\nCREATE TABLE IF NOT EXISTS zipkin_annotations (id INT);\n"


class Killed(BaseException):
    """The process has ended in the middle of something: whatever it still calls does nothing."""


@dataclass(frozen=True)
class Point:
    """A call of a driver: its number, what it is, whether it changes anything, and whether it goes to the engine."""

    number: int
    name: str
    changes: bool
    engine: bool


class Points:
    """Counts the calls of a process, and has ``at`` told of each.

    Of calls that only read, those that are repeated while nothing has been changed are not counted: they see the same.
    """

    def __init__(self, at: Callable[[Point], None] = lambda point: None) -> None:
        self.seen: list[Point] = []
        self._at = at
        self._read: set[str] = set()
        self._killed = False

    def reached(self, name: str, changes: bool = False, engine: bool = False) -> None:
        """A call is about to be made. Raises ``Killed`` once the process is dead, and what the test raises."""
        if self._killed:
            raise Killed
        if changes:
            self._read.clear()
        elif name in self._read:
            return
        else:
            self._read.add(name)
        point = Point(len(self.seen), name, changes, engine)
        self.seen.append(point)
        try:
            self._at(point)
        except Killed:
            self._killed = True
            raise

    def kill(self) -> None:
        """Let the process be dead from now on."""
        self._killed = True

    @property
    def dead(self) -> bool:
        """Whether the process was killed."""
        return self._killed


@dataclass(frozen=True)
class MemoryLease:
    """A lease: the number of its holding, and of what."""

    token: int
    key: str


@dataclass
class MemoryTransaction:
    """The state while nobody else may write it."""

    state: ApplicationState


class MemoryStateStore:
    """Keeps the state in the world, as it comes back from its written form where ``through_wire``."""

    def __init__(self, world: World, points: Points, through_wire: bool) -> None:
        self._world = world
        self._points = points
        self._through_wire = through_wire

    def read(self) -> ApplicationState:
        """Return the state as it was last written."""
        self._points.reached("read state")
        return self._world.state or ApplicationState()

    @contextmanager
    def transaction(self, lease: Lease) -> Iterator[MemoryTransaction]:
        """Return the state for one writer: no other process has its turn before the end."""
        self._points.reached("transaction", changes=True)
        if not isinstance(lease, MemoryLease) or self._world.tokens.get(lease.key) != lease.token:
            raise Busy("the lease was lost to another run; run again")
        transaction = MemoryTransaction(self._world.state or ApplicationState())
        yield transaction
        if self._points.dead:
            raise Killed
        state = transaction.state
        self._world.state = from_wire(to_wire(state), "memory") if self._through_wire else state
        self._world.noted("state")

    @contextmanager
    def lease(
        self, holder: Holder, patience: float = 0.0, waiting: Callable[[Holder], None] | None = None
    ) -> Iterator[MemoryLease]:
        """Hold the application, or the release that ``holder`` names. Raises ``Busy``."""
        self._points.reached(f"lease {holder.release or 'application'}", changes=True)
        key, world = holder.release or "application", self._world
        deadline, told = world.now + patience, False
        while key in world.leases:
            other = world.leases[key].holder
            if waiting and not told:
                told = True
                waiting(other)
            if world.now >= deadline:
                what = f"a {other.purpose} {other.release}".strip()
                raise Busy(f"{what} is in progress: {other.refusal}")
            world.clock.sleep(_TRY_SECONDS)
        token = world.tokens.get(key, 0) + 1
        world.tokens[key] = token
        held = world.leases[key] = Held(replace(holder, since=world.now), token)
        try:
            yield MemoryLease(token, key)
        finally:
            if world.leases.get(key) is held:
                del world.leases[key]

    def holders(self) -> tuple[Holder, ...]:
        """Return who is at work."""
        self._points.reached("holders")
        return tuple(held.holder for _unused, held in sorted(self._world.leases.items()))

    def demand(self, release: str, demand: str) -> None:
        """Leave ``demand`` for whoever takes ``release`` through its course."""
        self._points.reached("demand", changes=True)
        self._world.demands[release] = demand

    def demanded(self, release: str) -> str:
        """Return what is demanded of ``release``."""
        self._points.reached("demanded")
        return self._world.demands.get(release, "")


class MemoryConfigStore:
    """The files of the mesh in the world."""

    def __init__(self, world: World, points: Points) -> None:
        self._world = world
        self._points = points

    def read(self) -> Mapping[str, str]:
        """Return the content of every file by its path."""
        self._points.reached("read files")
        return dict(self._world.files)

    def read_one(self, path: str) -> str:
        """Return the content of one file."""
        self._points.reached(f"read {path}")
        return self._world.files.get(path, "")

    def versions(self) -> Mapping[str, str]:
        """Return the version of every file by its path."""
        self._points.reached("versions")
        return written(self._world.files)

    def publish(self, path: str, content: str) -> None:
        """Replace one file."""
        self._points.reached(f"publish {path}", changes=True)
        self._world.publish(path, content)


class MemoryProxies:
    """The proxies in the world: one in each instance."""

    def __init__(self, world: World, points: Points) -> None:
        self._world = world
        self._points = points

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``."""
        self._points.reached(f"instances {component}")
        return tuple(sorted(each for each in self._world.instances if each.component == component))

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return what the proxy of ``instance`` has counted of each of ``clusters`` that it knows."""
        self._points.reached("totals")
        if instance not in self._world.instances:
            return Unreachable(False)
        return {each: self._world.counted(instance, each) for each in clusters if self._world.knows(instance, each)}

    def outdated(self, instance: Instance, versions: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of the files that the proxy has in another version."""
        self._points.reached("outdated")
        if instance not in self._world.instances:
            return Unreachable(False)
        here = ("shared/", f"{component_directory(instance.component)}/")
        has = {path: content for path in versions if path.startswith(here) and (content := self._world.taken(path)) is not None}
        return [path for path, version in written(has).items() if version != versions[path]]

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return how many requests ``instance`` is answering: requests take no time here."""
        self._points.reached("in flight")
        return 0 if instance in self._world.instances else Unreachable(False)


class MemoryWorkloads:
    """The applications in the world's instances."""

    def __init__(self, world: World, points: Points) -> None:
        self._world = world
        self._points = points
        self._aside: set[str] = set()

    def started(self, instance: Instance) -> str:
        """Return since when the application runs."""
        self._points.reached("started", engine=True)
        running = self._world.instances.get(instance)
        return str(running.start) if running and running.runs(self._world.now) else ""

    def logs(self, instance: Instance, lines: int) -> Sequence[str]:
        """Return its last words."""
        self._points.reached("logs", engine=True)
        return [f"{instance}: the end"][:lines] if instance in self._world.instances else ["it is gone"]

    def memory(self, instance: Instance) -> int:
        """Return the bytes it uses."""
        self._points.reached("memory", engine=True)
        return self._world.memory_use.get(instance.component, 16 << 20) if instance in self._world.instances else 0

    def storage(self, volumes: Sequence[str]) -> str:
        """Return the numbers of ``volumes``."""
        self._points.reached("storage", engine=True)
        if any(each not in self._world.volumes for each in volumes):
            return ""
        return "\n".join(f"{each} {self._world.volumes[each]}" for each in volumes)

    def run(self, instance: Instance, command: Sequence[str]) -> tuple[int, str]:
        """Understand what the tracing workflow says to a MariaDB."""
        statements = command[-1]
        changes = "SELECT" not in statements
        self._points.reached(f"run {statements.split()[0]}", changes=changes, engine=True)
        running = self._world.instances.get(instance)
        if not running or not running.healthy(self._world.now):
            return 1, "no answer"
        tables = self._world.tables.setdefault(f"{running.shape.mounts} {self.storage(running.shape.mounts)}", set())
        if not changes:
            return 0, "\n".join(sorted(tables))
        if "RENAME" in statements:
            moved = set(re.findall(r"TO \w+\.(\w+)", statements))
            if not moved <= self._aside:
                return 1, f"no such table: {moved - self._aside}"
            tables |= moved
            self._world.noted("tables")
        self._aside = set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", statements))
        return 0, ""


class MemoryImages:
    """The images in the world."""

    def __init__(self, world: World, points: Points) -> None:
        self._world = world
        self._points = points

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that are not there."""
        self._points.reached("missing images", engine=True)
        return [each for each in dict.fromkeys(references) if each and each not in self._world.images]

    def pull(self, reference: str, say: Say) -> None:
        """Get an image. Raises ``ImageError``."""
        self._points.reached(f"pull {reference}", changes=True, engine=True)
        if reference in self._world.unavailable_images:
            raise ImageError(f"{reference}: no such image")
        say("1 of 1 layers")
        self._world.images.add(reference)

    def build(self, recipe: Recipe, archive: Path, say: Say) -> None:
        """Build an image."""
        self._points.reached(f"build {recipe.name}", changes=True, engine=True)
        say("1 of 1 steps")
        self._world.images.add(recipe.reference)

    def read_file(self, reference: str, path: str) -> str:
        """Return the schema, the one file that is asked for."""
        self._points.reached("read image", engine=True)
        if reference not in self._world.images:
            raise ImageError(f"{reference}: no such image")
        return SCHEMA


class MemoryLoadRun:
    """A generator at work from ``began`` on."""

    def __init__(self, world: World, number: int, population: Population) -> None:
        self._world = world
        self._number = number
        self._population = population
        self._began = world.now

    def report(self) -> LoadReport | None:
        """Return what it has done so far."""
        passed = min(self._world.now - self._began, self._population.seconds)
        up = bool(self._world.called())
        requests = int(passed * self._population.users * _REQUESTS_PER_USER)
        return LoadReport(self._population.users, requests, 0 if up else requests) if requests else None

    def running(self) -> bool:
        """Whether its time is not up."""
        return self._number in self._world.generators and self._world.now - self._began < self._population.seconds

    def logs(self, lines: int) -> Sequence[str]:
        """Return its last words."""
        return ["the generator ended"][:lines]

    def save(self, path: Path) -> bool:
        """Write a report."""
        path.write_text("<html></html>\n", encoding="utf-8")
        return True


class MemoryLoadRunner:
    """Runs generators in the world."""

    def __init__(self, world: World, points: Points) -> None:
        self._world = world
        self._points = points

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` where no gateway runs."""
        self._points.reached("check load", engine=True)
        generator(application)
        gateway, _unused = entrance(application)
        if not any(each.component == gateway.name for each in self._world.instances):
            raise Refused(f"{gateway.name}: found nothing that runs; allowed: an application that is up")

    @contextmanager
    def start(
        self, application: EffectiveApplication, population: Population, half_with: str = ""
    ) -> Iterator[MemoryLoadRun]:
        """Run a generator until this is left."""
        self.check(application)
        self._points.reached("start load", changes=True, engine=True)
        number = self._world.number()
        self._world.generators[number] = population.users * _REQUESTS_PER_USER
        try:
            yield MemoryLoadRun(self._world, number, population)
        finally:
            if not self._points.dead:
                self._world.generators.pop(number, None)


class MemoryDriver:
    """A process that works on ``world``."""

    def __init__(self, world: World, points: Points | None = None, through_wire: bool = False) -> None:
        self.world = world
        self.points = points or Points()
        self._state = MemoryStateStore(world, self.points, through_wire)
        self._config = MemoryConfigStore(world, self.points)
        self._proxies = MemoryProxies(world, self.points)
        self._workloads = MemoryWorkloads(world, self.points)
        self._images = MemoryImages(world, self.points)
        self._load = MemoryLoadRunner(world, self.points)

    @property
    def state(self) -> MemoryStateStore:
        """The state store of the application."""
        return self._state

    @property
    def config(self) -> MemoryConfigStore:
        """The files of its mesh."""
        return self._config

    @property
    def proxies(self) -> MemoryProxies:
        """Its proxies."""
        return self._proxies

    @property
    def workloads(self) -> MemoryWorkloads:
        """Its instances' applications."""
        return self._workloads

    @property
    def images(self) -> MemoryImages:
        """The images of the target."""
        return self._images

    @property
    def load(self) -> MemoryLoadRunner:
        """What makes load on it."""
        return self._load

    def answers(self) -> bool:
        """Whether the target is there at all."""
        self.points.reached("answers", engine=True)
        return self.world.answers

    def observe(self, application: EffectiveApplication) -> MemoryObservation:
        """Return what the world has."""
        self.points.reached("observe", engine=True)
        world, now = self.world, self.world.now
        return MemoryObservation(
            {
                instance: Seen(each.shape, each.memory, each.address, each.runs(now), each.health(now))
                for instance, each in sorted(world.instances.items())
            },
            dict(world.files),
            frozenset(world.networks),
            frozenset(world.volumes),
            frozenset(world.secrets),
            world.state is not None,
        )

    def rejections(
        self, application: EffectiveApplication, render: Callable[[EffectiveApplication], Mapping[str, str]]
    ) -> Sequence[Rejection]:
        """Return what the world's proxies reject: the files that have something in them that they do not like."""
        self.points.reached("rejections", engine=True)
        rejected = self.world.rejected
        return [
            Rejection(path, rejected, f"no {rejected} here")
            for path, content in render(application).items()
            if rejected and rejected in content and self.world.files.get(path) != content
        ]

    def run(self, operation: Operation, execution: Execution) -> None:
        """Carry out one operation; a target that is gone is waited for. Raises ``DriverError``."""
        started, told = self.world.now, False
        while True:
            if execution.cancelled():
                raise Cancelled("not wanted any more")
            try:
                self.points.reached(operation.key, changes=True, engine=True)
                self._do(operation, execution)
                return
            except TargetUnavailable as error:
                if self.world.now - started > ENGINE_PATIENCE:
                    raise
                if not told:
                    told = True
                    execution.say(f"{operation.key}: {error}; waiting for it")
                self.world.clock.sleep(1.0)

    def remove_leftovers(self) -> None:
        """Remove the load generators of dead processes: nobody else runs one in these tests at the time."""
        self.points.reached("remove leftovers", engine=True)
        self.world.generators.clear()

    @singledispatchmethod
    def _do(self, operation: Operation, execution: Execution) -> None:
        raise TypeError(f"no way to carry out {type(operation).__name__}")

    @_do.register
    def _make_network(self, operation: MakeNetwork, execution: Execution) -> None:
        self.world.networks.add(operation.subject)
        self.world.noted(operation.key)

    @_do.register
    def _drop_network(self, operation: DropNetwork, execution: Execution) -> None:
        self.world.networks.discard(operation.subject)
        self.world.noted(operation.key)

    @_do.register
    def _make_volume(self, operation: MakeVolume, execution: Execution) -> None:
        self.world.volumes.setdefault(operation.subject, self.world.number())
        self.world.noted(operation.key)

    @_do.register
    def _make_secret(self, operation: MakeSecret, execution: Execution) -> None:
        self.world.secrets.setdefault(operation.subject, self.world.number())
        self.world.noted(operation.key)

    @_do.register
    def _drop_data(self, operation: DropData, execution: Execution) -> None:
        self.world.volumes.clear()
        self.points.reached("drop secrets", changes=True, engine=True)
        self.world.secrets.clear()
        self.world.state = None
        self.world.noted(operation.key)

    @_do.register
    def _write(self, operation: Write, execution: Execution) -> None:
        self.world.publish(operation.subject, operation.content)

    @_do.register
    def _delete(self, operation: Delete, execution: Execution) -> None:
        self.world.delete(operation.subject)

    @_do.register
    def _create(self, operation: Create, execution: Execution) -> None:
        self._begin(operation)

    @_do.register
    def _start(self, operation: Start, execution: Execution) -> None:
        self._begin(operation)

    @_do.register
    def _replace(self, operation: Replace, execution: Execution) -> None:
        self.world.gone(operation.instance)
        self.points.reached(f"make {operation.subject}", changes=True, engine=True)
        self._begin(operation)

    @_do.register
    def _resize(self, operation: Resize, execution: Execution) -> None:
        self.world.instances[operation.instance].memory = operation.memory
        self.world.noted(operation.key)

    @_do.register
    def _remove(self, operation: Remove, execution: Execution) -> None:
        self.world.gone(operation.instance)

    @_do.register
    def _admit(self, operation: Admit, execution: Execution) -> None:
        self._serve(operation, lambda serving: serving | {operation.instance})

    @_do.register
    def _withdraw(self, operation: Withdraw, execution: Execution) -> None:
        self._serve(operation, lambda serving: serving - {operation.instance})

    @_do.register
    def _drain(self, operation: Drain, execution: Execution) -> None:
        deadline = self.world.now + DRAIN_SECONDS
        application, instance = execution.application, operation.instance
        while self.world.now < deadline:
            versions = written(self.world.files)
            callers = [each for name in application.dependents(instance.component) for each in self.proxies.instances(name)]
            if not any(self.proxies.outdated(each, versions) for each in callers if each in self.world.instances):
                return
            self.world.clock.sleep(_LOOK_SECONDS)

    @_do.register
    def _await(self, operation: Await, execution: Execution) -> None:
        deadline = self.world.now + execution.patience
        while not ((running := self.world.instances.get(operation.instance)) and running.healthy(self.world.now)):
            if execution.cancelled():
                raise Cancelled("not wanted any more")
            if running is None or self.world.now >= deadline:
                raise Unhealthy(f"{operation.subject} was not healthy within {execution.patience:g} s")
            self.world.clock.sleep(_LOOK_SECONDS)
            self.points.reached(f"look at {operation.subject}", engine=True)

    def _begin(self, operation: Create | Replace | Start) -> None:
        image = operation.shape.image
        if image and image not in self.world.images:
            raise DriverError(f"no such image: {image}")
        lacking = {*operation.shape.secrets} - set(self.world.secrets) | {*operation.shape.mounts} - set(self.world.volumes)
        if lacking:
            raise DriverError(f"{operation.subject}: no {', '.join(sorted(lacking))}")
        found = self.world.instances.get(operation.instance)
        if found and found.shape == operation.shape and found.runs(self.world.now):
            # An earlier try made it.
            return
        running = Running(operation.shape, operation.memory, operation.address, self.world.now, self.world.number())
        self.world.born(operation.instance, running)

    def _serve(
        self, operation: Admit | Withdraw, change: Callable[[frozenset[Instance]], frozenset[Instance]]
    ) -> None:
        """Replace the files of endpoints of a version, with ``change`` made to who serves."""
        instance, places = operation.instance, operation.places
        target = version_name(instance.component, instance.version)
        served = served_addresses(self.world.files).get(target, frozenset())
        serving = frozenset(each for address in served if (each := places.instance_at(address)))
        content = endpoint_files(operation.model, instance.version, change(serving), places)
        for path, text in content.items():
            self.points.reached(f"endpoints of {operation.subject}", changes=True, engine=False)
            with suppress(KeyError):
                self.world.publish(path, text)


def as_driver(world: World, points: Points | None = None) -> Driver:
    """Return a process on ``world``, as what workflows take it for."""
    driver: Driver = MemoryDriver(world, points)
    return driver
