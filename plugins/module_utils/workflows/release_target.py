"""A release on a driver: the target that its runner works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

from ..drivers.base import ALL_PARTS, Lease, Purpose, Scope, Unreachable
from ..drivers.errors import Busy, DriverError, TargetUnavailable
from ..mesh.clusters import cluster_name
from ..mesh.files import routes_file
from ..mesh.routes import ROUTES_FILE
from ..model.effective import EffectiveApplication
from ..model.errors import ModelError, Refused
from ..model.instance import Instance, Version, version_name
from ..model.release import Check
from ..model.traffic import Totals
from ..release.checks import run_check
from ..release.effective import effective, promotion
from ..release.state import ApplicationState, Release, StateError
from ..release.target import Aborted, Demand, Interrupted, ReleaseError
from .context import Context
from .deploy import reconcile

RECONCILE_TIMEOUT_SECONDS = 600.0
# A target that does not answer is waited for while the proxies still tell how the versions do.
UNAVAILABLE_SECONDS = 120.0
CHECKS_AT_ONCE = 64
LOG_LINES = 8
_FAULTS = (DriverError, StateError, ModelError, Refused, Busy, OSError)


class DriverTarget:
    """Works on the driver of ``context`` for who holds ``lease`` on the release.

    Candidates have ``timeout`` seconds to become healthy; ``load`` makes up for too little traffic.
    """

    def __init__(
        self,
        context: Context,
        lease: Lease,
        timeout: float,
        load: Callable[[EffectiveApplication, Release], AbstractContextManager[None]],
    ) -> None:
        self._context = context
        self._driver = context.driver
        self._lease = lease
        self._timeout = timeout
        self._load = load
        self._now = context.now
        self._release: Release | None = None
        self._application: EffectiveApplication | None = None
        self._routes = ""
        self._starts: dict[str, str] = {}
        self._unavailable_since: float | None = None
        self._checks = ThreadPoolExecutor(CHECKS_AT_ONCE)

    def store(self, release: Release) -> None:
        """Put ``release`` in the state store."""
        with _faults():
            self._change(lambda state: state.with_release(release), release)

    def apply(self, release: Release) -> None:
        """Store ``release`` and bring instances and mesh to it."""
        context, store = self._context, self._driver.state
        with _faults(), store.lease(context.holder(Purpose.RELEASE), RECONCILE_TIMEOUT_SECONDS, context.report_wait) as application_lease:
            state = self._change(lambda state: state.with_release(release), release)
            scope = Scope(ALL_PARTS, release.components)
            result = reconcile(
                context,
                application_lease,
                context.deployed_specification(state),
                scope,
                self._timeout,
                release.name,
                lambda: self.demand() == Demand.ABORT and release.in_progress and not release.aborted,
            )
        if result.failure and self.demand() == Demand.ABORT:
            raise Aborted("an abort was requested")
        if result.failure:
            raise ReleaseError(result.failure)
        with _faults():
            self._starts = {instance.name: self._driver.workloads.started_at(instance) for instance in self._candidates()}

    def shift(self, release: Release) -> None:
        """Store ``release`` and split users by it, in one rename.

        The lease on the application is not waited for, since a rollback must not be.
        """
        with _faults():
            self._change(lambda state: state.with_release(release), release)
            self._split()

    def promote(self, release: Release) -> None:
        """Store ``release``, and its versions as the components' own, in one transaction."""

        def finished(state: ApplicationState) -> ApplicationState:
            specification = self._context.deployed_specification(state)
            promoted = tuple(
                promotion(
                    specification.application.component(each.component), specification.references[each.component], state, each
                )
                for each in release.rollout.versions
            )
            return state.with_release(release).with_promoted(promoted)

        with _faults():
            self._change(finished, release)

    def synced(self) -> bool:
        """Whether the callers' proxies have taken in how users are split, and where both versions are."""
        with _faults():
            versions = self._driver.config.versions()
            return all(self._has_taken_in(caller, versions) for name in self._components() for caller in self._callers(name))

    def sample(self) -> Mapping[str, Mapping[str, tuple[Totals, Totals]]]:
        """Return what each component's callers have counted of its candidate and of its stable version."""
        with _faults():
            self._split()
            return {component: self._counted(component) for component in self._components()}

    def candidate_failure(self) -> str:
        """Return what has become of a candidate that does not run as it did, nothing where all do."""
        with _faults():
            try:
                for instance in self._candidates():
                    since = self._driver.workloads.started_at(instance)
                    if not since or self._starts.setdefault(instance.name, since) != since:
                        lines = self._driver.workloads.logs(instance, LOG_LINES)
                        return "\n".join([f"{instance.name} has ended", *(f"  | {line}" for line in lines)])
            except TargetUnavailable as error:
                self._wait_for_target(error)
                return ""
        self._unavailable_since = None
        return ""

    def check_heartbeat(self) -> None:
        """Raise ``Interrupted`` where whoever requested the release is gone."""
        if not self._context.alive():
            raise Interrupted("the run that requested the release is gone")

    def demand(self) -> Demand:
        """Return what another process demands of the release."""
        with _faults():
            return Demand(self._driver.state.get_demand(self._release.name)) if self._release else Demand.NOTHING

    def start_check(self, check: Check) -> Future[str]:
        """Begin ``check``, and return what will tell what is wrong, nothing where it holds."""
        return self._checks.submit(run_check, check, self._release.tester if self._release else "")

    def generate_load(self) -> AbstractContextManager[None]:
        """Return what makes up for too little traffic."""
        if self._application is None or self._release is None:
            raise ReleaseError("no release has been stored")
        return self._load(self._application, self._release)

    def _change(self, change: Callable[[ApplicationState], ApplicationState], release: Release) -> ApplicationState:
        with self._driver.state.transaction(self._lease) as transaction:
            transaction.state = change(transaction.state)
        self._release = release
        self._application = effective(self._context.deployed_specification(transaction.state), transaction.state)
        self._routes = routes_file(self._application)
        return transaction.state

    def _split(self) -> None:
        """Publish the routes where they differ: what another run has written over them is put right."""
        if self._routes and self._driver.config.read_one(ROUTES_FILE) != self._routes:
            self._driver.config.publish(ROUTES_FILE, self._routes)

    def _wait_for_target(self, error: TargetUnavailable) -> None:
        """Raise ``error`` once the target has not answered for too long."""
        if self._unavailable_since is None:
            self._unavailable_since = self._now()
            self._context.say(f"{error}; the release goes on for up to {UNAVAILABLE_SECONDS:.0f} s without it")
        if self._now() - self._unavailable_since > UNAVAILABLE_SECONDS:
            raise error

    def _components(self) -> tuple[str, ...]:
        return self._release.components if self._release else ()

    def _candidates(self) -> list[Instance]:
        return [
            instance
            for name in self._components()
            for instance in self._driver.proxies.instances(name)
            if instance.version == Version.CANDIDATE
        ]

    def _callers(self, component: str) -> list[Instance]:
        names = self._application.dependents(component) if self._application else ()
        return [instance for name in names for instance in self._driver.proxies.instances(name)]

    def _has_taken_in(self, caller: Instance, versions: Mapping[str, str]) -> bool:
        """Whether a caller's proxy has the files as they are; one that does not run reads them when it starts."""
        outdated = self._driver.proxies.outdated(caller, versions)
        return not outdated.running if isinstance(outdated, Unreachable) else not outdated

    def _counted(self, name: str) -> dict[str, tuple[Totals, Totals]]:
        """Return what each caller that knows the candidate has counted of both versions, by the caller's name."""
        if not self._application:
            return {}
        ports = self._application.component(name).ports
        clusters = {
            version: [cluster_name(version_name(name, version), port.number) for port in ports] for version in Version
        }
        every = [cluster for each in clusters.values() for cluster in each]
        callers = self._callers(name)
        with ThreadPoolExecutor(8) as pool:
            answers = zip(callers, pool.map(lambda caller: self._driver.proxies.totals(caller, every), callers), strict=True)
        return {
            caller.name: (
                sum((answer[each] for each in clusters[Version.CANDIDATE]), Totals()),
                sum((answer.get(each, Totals()) for each in clusters[Version.STABLE]), Totals()),
            )
            for caller, answer in answers
            if not isinstance(answer, Unreachable) and all(each in answer for each in clusters[Version.CANDIDATE])
        }


@contextmanager
def _faults() -> Iterator[None]:
    """Let whatever goes wrong on the target be a ``ReleaseError``."""
    try:
        yield
    except _FAULTS as error:
        raise ReleaseError(str(error)) from error
