"""A driver in memory: a process that works on a ``World``. A test can inject a fault at each of its calls."""

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
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.versions import file_versions
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.effective import EffectiveApplication
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused, Rejection
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Instance, version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import LoadReport, Population, entry_point, load_generator
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ApplicationState,
    from_wire,
    to_wire,
)
from memory.instances import Running
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
from memory.planner import MemoryObservation, ObservedInstance
from memory.world import HeldLease, World

ENGINE_PATIENCE = 180.0
DRAIN_SECONDS = 30.0
_RETRY_SECONDS = 0.2
_POLL_SECONDS = 0.25
# The load of a generator per user.
_REQUESTS_PER_USER = 5.0
SCHEMA = "CREATE TABLE IF NOT EXISTS zipkin_spans (id INT);\nCREATE TABLE IF NOT EXISTS zipkin_annotations (id INT);\n"


class Killed(BaseException):
    """The process was killed: its further calls do nothing."""


@dataclass(frozen=True)
class Call:
    """A call of a driver: its number and name, whether it changes anything, and whether it needs the engine."""

    number: int
    name: str
    changes: bool
    engine: bool


class Calls:
    """The calls of a process, in order; ``on_call`` is called for each.

    A read that is repeated before any change is not recorded: its result is the same.
    """

    def __init__(self, on_call: Callable[[Call], None] = lambda call: None) -> None:
        self.log: list[Call] = []
        self._on_call = on_call
        self._read: set[str] = set()
        self._killed = False

    def record(self, name: str, changes: bool = False, engine: bool = False) -> None:
        """Record a call before it is made. Raises ``Killed`` once the process is dead, and what the test raises."""
        if self._killed:
            raise Killed
        if changes:
            self._read.clear()
        elif name in self._read:
            return
        else:
            self._read.add(name)
        call = Call(len(self.log), name, changes, engine)
        self.log.append(call)
        try:
            self._on_call(call)
        except Killed:
            self._killed = True
            raise

    def kill(self) -> None:
        """Kill the process."""
        self._killed = True

    @property
    def dead(self) -> bool:
        """Whether the process was killed."""
        return self._killed


@dataclass(frozen=True)
class MemoryLease:
    """A lease: its fencing token, and the key of what it holds."""

    token: int
    key: str


@dataclass
class MemoryTransaction:
    """The state for one writer."""

    state: ApplicationState


class MemoryStateStore:
    """Keeps the state in the world, after serialization and deserialization with ``through_wire``."""

    def __init__(self, world: World, calls: Calls, through_wire: bool) -> None:
        self._world = world
        self._calls = calls
        self._through_wire = through_wire

    def read(self) -> ApplicationState:
        """Return the last written state."""
        self._calls.record("read state")
        return self._world.state or ApplicationState()

    @contextmanager
    def transaction(self, lease: Lease) -> Iterator[MemoryTransaction]:
        """Yield the state for one writer: no other process runs before the end."""
        self._calls.record("transaction", changes=True)
        if not isinstance(lease, MemoryLease) or self._world.tokens.get(lease.key) != lease.token:
            raise Busy("the lease was lost to another run; run again")
        transaction = MemoryTransaction(self._world.state or ApplicationState())
        yield transaction
        if self._calls.dead:
            raise Killed
        state = transaction.state
        self._world.state = from_wire(to_wire(state), "memory") if self._through_wire else state
        self._world.record("state")

    @contextmanager
    def lease(
        self, holder: Holder, timeout: float = 0.0, on_wait: Callable[[Holder], None] | None = None
    ) -> Iterator[MemoryLease]:
        """Hold the application, or the release that ``holder`` names. Raises ``Busy``."""
        self._calls.record(f"lease {holder.release or 'application'}", changes=True)
        key, world = holder.release or "application", self._world
        deadline, announced = world.now + timeout, False
        while key in world.leases:
            current = world.leases[key].holder
            if on_wait and not announced:
                announced = True
                on_wait(current)
            if world.now >= deadline:
                activity = f"a {current.purpose} {current.release}".strip()
                raise Busy(f"{activity} is in progress: {current.refusal}")
            world.clock.sleep(_RETRY_SECONDS)
        token = world.tokens.get(key, 0) + 1
        world.tokens[key] = token
        entry = world.leases[key] = HeldLease(replace(holder, since=world.now), token)
        try:
            yield MemoryLease(token, key)
        finally:
            if world.leases.get(key) is entry:
                del world.leases[key]

    def holders(self) -> tuple[Holder, ...]:
        """Return the holders of all leases."""
        self._calls.record("holders")
        return tuple(lease.holder for _unused, lease in sorted(self._world.leases.items()))

    def set_demand(self, release: str, demand: str) -> None:
        """Store ``demand`` for the run of ``release``."""
        self._calls.record("set demand", changes=True)
        self._world.demands[release] = demand

    def get_demand(self, release: str) -> str:
        """Return the demand on ``release``."""
        self._calls.record("get demand")
        return self._world.demands.get(release, "")


class MemoryConfigStore:
    """The files of the mesh in the world."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def read(self) -> Mapping[str, str]:
        """Return the content of every file by its path."""
        self._calls.record("read files")
        return dict(self._world.files)

    def read_one(self, path: str) -> str:
        """Return the content of one file."""
        self._calls.record(f"read {path}")
        return self._world.files.get(path, "")

    def versions(self) -> Mapping[str, str]:
        """Return the version of every file by its path."""
        self._calls.record("versions")
        return file_versions(self._world.files)

    def publish(self, path: str, content: str) -> None:
        """Replace one file."""
        self._calls.record(f"publish {path}", changes=True)
        self._world.publish(path, content)


class MemoryProxies:
    """The proxies in the world: one in each instance."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def instances(self, component: str) -> tuple[Instance, ...]:
        """Return the instances of ``component``."""
        self._calls.record(f"instances {component}")
        return tuple(sorted(instance for instance in self._world.instances if instance.component == component))

    def totals(self, instance: Instance, clusters: Collection[str]) -> Mapping[str, Totals] | Unreachable:
        """Return the totals of those of ``clusters`` that the proxy of ``instance`` has."""
        self._calls.record("totals")
        if instance not in self._world.instances:
            return Unreachable(False)
        world = self._world
        return {cluster: world.totals(instance, cluster) for cluster in clusters if world.has_cluster(instance, cluster)}

    def outdated(self, instance: Instance, versions: Mapping[str, str]) -> Collection[str] | Unreachable:
        """Return the paths of the files of which the proxy has another version."""
        self._calls.record("outdated")
        if instance not in self._world.instances:
            return Unreachable(False)
        directories = ("shared/", f"{component_directory(instance.component)}/")
        paths = [path for path in versions if path.startswith(directories)]
        loaded = {path: content for path in paths if (content := self._world.loaded_file(path)) is not None}
        return [path for path, version in file_versions(loaded).items() if version != versions[path]]

    def in_flight(self, instance: Instance) -> int | Unreachable:
        """Return the number of in-flight requests: requests take no time in memory."""
        self._calls.record("in flight")
        return 0 if instance in self._world.instances else Unreachable(False)


class MemoryWorkloads:
    """The workloads of the world's instances."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._aside: set[str] = set()

    def started_at(self, instance: Instance) -> str:
        """Return an identifier of the workload's last start."""
        self._calls.record("started at", engine=True)
        running = self._world.instances.get(instance)
        return str(running.start) if running and running.runs(self._world.now) else ""

    def logs(self, instance: Instance, lines: int) -> Sequence[str]:
        """Return its last log lines."""
        self._calls.record("logs", engine=True)
        return [f"{instance}: the end"][:lines] if instance in self._world.instances else ["it is removed"]

    def memory(self, instance: Instance) -> int:
        """Return its memory use in bytes."""
        self._calls.record("memory", engine=True)
        return self._world.memory_use.get(instance.component, 16 << 20) if instance in self._world.instances else 0

    def storage_identity(self, volumes: Sequence[str]) -> str:
        """Return the ids of ``volumes``."""
        self._calls.record("storage identity", engine=True)
        if any(volume not in self._world.volumes for volume in volumes):
            return ""
        return "\n".join(f"{volume} {self._world.volumes[volume]}" for volume in volumes)

    def run(self, instance: Instance, command: Sequence[str]) -> tuple[int, str]:
        """Run the statements that the tracing workflow sends to a MariaDB."""
        statements = command[-1]
        changes = "SELECT" not in statements
        self._calls.record(f"run {statements.split()[0]}", changes=changes, engine=True)
        running = self._world.instances.get(instance)
        if not running or not running.healthy(self._world.now):
            return 1, "no answer"
        tables = self._world.tables.setdefault(f"{running.shape.mounts} {self.storage_identity(running.shape.mounts)}", set())
        if not changes:
            return 0, "\n".join(sorted(tables))
        if "RENAME" in statements:
            moved = set(re.findall(r"TO \w+\.(\w+)", statements))
            if not moved <= self._aside:
                return 1, f"no such table: {moved - self._aside}"
            tables |= moved
            self._world.record("tables")
        self._aside = set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", statements))
        return 0, ""


class MemoryImages:
    """The images in the world."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def missing(self, references: Iterable[str]) -> list[str]:
        """Return those of ``references`` that are missing."""
        self._calls.record("missing images", engine=True)
        return [reference for reference in dict.fromkeys(references) if reference and reference not in self._world.images]

    def pull(self, reference: str, say: Say) -> None:
        """Pull an image. Raises ``ImageError``."""
        self._calls.record(f"pull {reference}", changes=True, engine=True)
        if reference in self._world.unavailable_images:
            raise ImageError(f"{reference}: no such image")
        say("1 of 1 layers")
        self._world.images.add(reference)

    def build(self, recipe: Recipe, archive: Path, say: Say) -> None:
        """Build an image."""
        self._calls.record(f"build {recipe.name}", changes=True, engine=True)
        say("1 of 1 steps")
        self._world.images.add(recipe.reference)

    def read_file(self, reference: str, path: str) -> str:
        """Return the schema, the only file that is read."""
        self._calls.record("read image", engine=True)
        if reference not in self._world.images:
            raise ImageError(f"{reference}: no such image")
        return SCHEMA


class MemoryLoadRun:
    """A running load generator."""

    def __init__(self, world: World, number: int, population: Population) -> None:
        self._world = world
        self._number = number
        self._population = population
        self._began = world.now

    def report(self) -> LoadReport | None:
        """Return its report so far."""
        passed = min(self._world.now - self._began, self._population.seconds)
        available = bool(self._world.callers_by_component())
        requests = int(passed * self._population.users * _REQUESTS_PER_USER)
        return LoadReport(self._population.users, requests, 0 if available else requests) if requests else None

    def running(self) -> bool:
        """Whether it still runs."""
        return self._number in self._world.generators and self._world.now - self._began < self._population.seconds

    def logs(self, lines: int) -> Sequence[str]:
        """Return its last log lines."""
        return ["the generator ended"][:lines]

    def save(self, path: Path) -> bool:
        """Write the report as a page."""
        path.write_text("<html></html>\n", encoding="utf-8")
        return True


class MemoryLoadRunner:
    """Runs generators in the world."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` if no gateway runs."""
        self._calls.record("check load", engine=True)
        load_generator(application)
        gateway, _unused = entry_point(application)
        if not any(instance.component == gateway.name for instance in self._world.instances):
            raise Refused(f"{gateway.name}: found nothing that runs; allowed: an application that is up")

    @contextmanager
    def start(
        self, application: EffectiveApplication, population: Population, half_header: str = ""
    ) -> Iterator[MemoryLoadRun]:
        """Run a generator until the end of the block."""
        self.check(application)
        self._calls.record("start load", changes=True, engine=True)
        number = self._world.number()
        self._world.generators[number] = population.users * _REQUESTS_PER_USER
        try:
            yield MemoryLoadRun(self._world, number, population)
        finally:
            if not self._calls.dead:
                self._world.generators.pop(number, None)


class MemoryDriver:
    """A process that works on ``world``."""

    def __init__(self, world: World, calls: Calls | None = None, through_wire: bool = False) -> None:
        self.world = world
        self.calls = calls or Calls()
        self._state = MemoryStateStore(world, self.calls, through_wire)
        self._config = MemoryConfigStore(world, self.calls)
        self._proxies = MemoryProxies(world, self.calls)
        self._workloads = MemoryWorkloads(world, self.calls)
        self._images = MemoryImages(world, self.calls)
        self._load = MemoryLoadRunner(world, self.calls)

    @property
    def state(self) -> MemoryStateStore:
        """The state store of the application."""
        return self._state

    @property
    def config(self) -> MemoryConfigStore:
        """The mesh's files."""
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
        """Its load generators."""
        return self._load

    def reachable(self) -> bool:
        """Whether the target is reachable."""
        self.calls.record("reachable", engine=True)
        return self.world.answers

    def observe(self, application: EffectiveApplication) -> MemoryObservation:
        """Return the observed content of the world."""
        self.calls.record("observe", engine=True)
        world, now = self.world, self.world.now
        return MemoryObservation(
            {
                instance: ObservedInstance(running.shape, running.memory, running.address, running.runs(now), running.health(now))
                for instance, running in sorted(world.instances.items())
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
        """Return the files that the world's proxies reject."""
        self.calls.record("rejections", engine=True)
        rejected = self.world.rejected
        return [
            Rejection(path, rejected, f"no {rejected} here")
            for path, content in render(application).items()
            if rejected and rejected in content and self.world.files.get(path) != content
        ]

    def run(self, operation: Operation, execution: Execution) -> None:
        """Carry out one operation; wait for an unavailable target. Raises ``DriverError``."""
        started, announced = self.world.now, False
        while True:
            if execution.cancelled():
                raise Cancelled("not wanted any more")
            try:
                self.calls.record(operation.key, changes=True, engine=True)
                self._apply(operation, execution)
                return
            except TargetUnavailable as error:
                if self.world.now - started > ENGINE_PATIENCE:
                    raise
                if not announced:
                    announced = True
                    execution.say(f"{operation.key}: {error}; waiting for it")
                self.world.clock.sleep(1.0)

    def remove_leftovers(self) -> None:
        """Remove the load generators of dead processes: in these tests no other process runs one at that time."""
        self.calls.record("remove leftovers", engine=True)
        self.world.generators.clear()

    @singledispatchmethod
    def _apply(self, operation: Operation, execution: Execution) -> None:
        raise TypeError(f"unknown operation {type(operation).__name__}")

    @_apply.register
    def _make_network(self, operation: MakeNetwork, execution: Execution) -> None:
        self.world.networks.add(operation.subject)
        self.world.record(operation.key)

    @_apply.register
    def _drop_network(self, operation: DropNetwork, execution: Execution) -> None:
        self.world.networks.discard(operation.subject)
        self.world.record(operation.key)

    @_apply.register
    def _make_volume(self, operation: MakeVolume, execution: Execution) -> None:
        self.world.volumes.setdefault(operation.subject, self.world.number())
        self.world.record(operation.key)

    @_apply.register
    def _make_secret(self, operation: MakeSecret, execution: Execution) -> None:
        self.world.secrets.setdefault(operation.subject, self.world.number())
        self.world.record(operation.key)

    @_apply.register
    def _drop_data(self, operation: DropData, execution: Execution) -> None:
        self.world.volumes.clear()
        self.calls.record("drop secrets", changes=True, engine=True)
        self.world.secrets.clear()
        self.world.state = None
        self.world.record(operation.key)

    @_apply.register
    def _write(self, operation: Write, execution: Execution) -> None:
        self.world.publish(operation.subject, operation.content)

    @_apply.register
    def _delete(self, operation: Delete, execution: Execution) -> None:
        self.world.delete(operation.subject)

    @_apply.register
    def _create(self, operation: Create, execution: Execution) -> None:
        self._start_instance(operation)

    @_apply.register
    def _start(self, operation: Start, execution: Execution) -> None:
        self._start_instance(operation)

    @_apply.register
    def _replace(self, operation: Replace, execution: Execution) -> None:
        self.world.stop_instance(operation.instance)
        self.calls.record(f"make {operation.subject}", changes=True, engine=True)
        self._start_instance(operation)

    @_apply.register
    def _resize(self, operation: Resize, execution: Execution) -> None:
        self.world.instances[operation.instance].memory = operation.memory
        self.world.record(operation.key)

    @_apply.register
    def _remove(self, operation: Remove, execution: Execution) -> None:
        self.world.stop_instance(operation.instance)

    @_apply.register
    def _admit(self, operation: Admit, execution: Execution) -> None:
        self._serve(operation, lambda serving: serving | {operation.instance})

    @_apply.register
    def _withdraw(self, operation: Withdraw, execution: Execution) -> None:
        self._serve(operation, lambda serving: serving - {operation.instance})

    @_apply.register
    def _drain(self, operation: Drain, execution: Execution) -> None:
        deadline = self.world.now + DRAIN_SECONDS
        application, instance = execution.application, operation.instance
        while self.world.now < deadline:
            versions = file_versions(self.world.files)
            callers = [caller for name in application.dependents(instance.component) for caller in self.proxies.instances(name)]
            if not any(self.proxies.outdated(caller, versions) for caller in callers if caller in self.world.instances):
                return
            self.world.clock.sleep(_POLL_SECONDS)

    @_apply.register
    def _await(self, operation: Await, execution: Execution) -> None:
        deadline = self.world.now + execution.timeout
        while not ((running := self.world.instances.get(operation.instance)) and running.healthy(self.world.now)):
            if execution.cancelled():
                raise Cancelled("not wanted any more")
            if running is None or self.world.now >= deadline:
                raise Unhealthy(f"{operation.subject} was not healthy within {execution.timeout:g} s")
            self.world.clock.sleep(_POLL_SECONDS)
            self.calls.record(f"look at {operation.subject}", engine=True)

    def _start_instance(self, operation: Create | Replace | Start) -> None:
        image = operation.shape.image
        if image and image not in self.world.images:
            raise DriverError(f"no such image: {image}")
        lacking = {*operation.shape.secrets} - set(self.world.secrets) | {*operation.shape.mounts} - set(self.world.volumes)
        if lacking:
            raise DriverError(f"{operation.subject}: no {', '.join(sorted(lacking))}")
        running = self.world.instances.get(operation.instance)
        if running and running.shape == operation.shape and running.runs(self.world.now):
            # An earlier attempt created it.
            return
        running = Running(operation.shape, operation.memory, operation.address, self.world.now, self.world.number())
        self.world.start_instance(operation.instance, running)

    def _serve(
        self, operation: Admit | Withdraw, change: Callable[[frozenset[Instance]], frozenset[Instance]]
    ) -> None:
        """Rewrite a version's endpoint files with ``change`` applied to its serving instances."""
        instance, places = operation.instance, operation.places
        target = version_name(instance.component, instance.version)
        served = served_addresses(self.world.files).get(target, frozenset())
        serving = frozenset(served_instance for address in served if (served_instance := places.instance_at(address)))
        content = endpoint_files(operation.model, instance.version, change(serving), places)
        for path, text in content.items():
            self.calls.record(f"endpoints of {operation.subject}", changes=True, engine=False)
            with suppress(KeyError):
                self.world.publish(path, text)


def as_driver(world: World, calls: Calls | None = None) -> Driver:
    """Return a process on ``world`` with the type that workflows expect."""
    driver: Driver = MemoryDriver(world, calls)
    return driver
