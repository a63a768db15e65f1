"""The target of a release on a driver."""

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
from ..release.analysis.component import Sample
from ..release.checks import run_check
from ..release.effective import effective, promotion
from ..release.state import ApplicationState, Release, StateError
from ..release.target import Aborted, Demand, Interrupted, ReleaseError
from .context import Context
from .deploy import reconcile

APPLY_LEASE_TIMEOUT_SECONDS = 600.0
# While the target does not answer, the proxies still report on both versions.
UNAVAILABLE_SECONDS = 120.0
MAX_CHECKS = 64
LOG_LINES = 8
_TARGET_ERRORS = (DriverError, StateError, ModelError, Refused, Busy, OSError)


class DriverTarget:
    """Runs a release on the driver of ``context`` for the holder of its ``lease``.

    Candidates have ``timeout`` seconds to become healthy; ``load`` runs the load generator.
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
        self._started_at: dict[str, str] = {}
        self._unavailable_since: float | None = None
        self._checks = ThreadPoolExecutor(MAX_CHECKS)

    def store(self, release: Release) -> None:
        """Store ``release``."""
        with _as_release_error():
            self._change(lambda state: state.with_release(release), release)

    def apply(self, release: Release) -> None:
        """Store ``release`` and reconcile instances and mesh with it."""
        context, store = self._context, self._driver.state
        holder = context.holder(Purpose.RELEASE)
        with _as_release_error(), store.lease(holder, APPLY_LEASE_TIMEOUT_SECONDS, context.report_wait) as application_lease:
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
        with _as_release_error():
            self._started_at = {instance.name: self._driver.workloads.started_at(instance) for instance in self._candidates()}

    def shift(self, release: Release) -> None:
        """Store ``release`` and split users by it, in one rename.

        It does not wait for the lease on the application, since a rollback must not wait.
        """
        with _as_release_error():
            self._change(lambda state: state.with_release(release), release)
            self._publish_routes()

    def promote(self, release: Release) -> None:
        """Store ``release``, and its versions as the stable ones, in one transaction."""

        def with_promotion(state: ApplicationState) -> ApplicationState:
            specification = self._context.deployed_specification(state)
            application, references = specification.application, specification.references
            promoted = tuple(
                promotion(application.component(version.component), references[version.component], state, version)
                for version in release.rollout.versions
            )
            return state.with_release(release).with_promoted(promoted)

        with _as_release_error():
            self._change(with_promotion, release)

    def synced(self) -> bool:
        """Whether the callers' proxies have loaded the current routes and endpoints of both versions."""
        with _as_release_error():
            versions = self._driver.config.versions()
            return all(self._is_synced(caller, versions) for name in self._components() for caller in self._callers(name))

    def sample(self) -> Mapping[str, Sample]:
        """Return by component what its callers have counted of the candidate and of the stable version."""
        with _as_release_error():
            self._publish_routes()
            return {component: self._component_sample(component) for component in self._components()}

    def candidate_failure(self) -> str:
        """Return how a candidate has failed that has ended or restarted, empty if all run."""
        with _as_release_error():
            try:
                for instance in self._candidates():
                    started_at = self._driver.workloads.started_at(instance)
                    if not started_at or self._started_at.setdefault(instance.name, started_at) != started_at:
                        lines = self._driver.workloads.logs(instance, LOG_LINES)
                        return "\n".join([f"{instance.name} has ended", *(f"  | {line}" for line in lines)])
            except TargetUnavailable as error:
                self._wait_for_target(error)
                return ""
        self._unavailable_since = None
        return ""

    def check_heartbeat(self) -> None:
        """Raise ``Interrupted`` if the requester of the release is gone."""
        if not self._context.alive():
            raise Interrupted("the run that requested the release is gone")

    def demand(self) -> Demand:
        """Return what another process demands of the release."""
        with _as_release_error():
            return Demand(self._driver.state.get_demand(self._release.name)) if self._release else Demand.NOTHING

    def start_check(self, check: Check) -> Future[str]:
        """Start ``check``; the future returns why it fails, empty if it passes."""
        return self._checks.submit(run_check, check, self._release.tester if self._release else "")

    def generate_load(self) -> AbstractContextManager[None]:
        """Return a load generator that adds traffic until it is left."""
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

    def _publish_routes(self) -> None:
        """Publish the routes if they differ, which also restores what another run has overwritten."""
        if self._routes and self._driver.config.read_one(ROUTES_FILE) != self._routes:
            self._driver.config.publish(ROUTES_FILE, self._routes)

    def _wait_for_target(self, error: TargetUnavailable) -> None:
        """Raise ``error`` once the target has not answered for ``UNAVAILABLE_SECONDS``."""
        if self._unavailable_since is None:
            self._unavailable_since = self._now()
            self._context.say(f"{error}; the release continues without it for up to {UNAVAILABLE_SECONDS:.0f} s")
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

    def _is_synced(self, caller: Instance, versions: Mapping[str, str]) -> bool:
        """Whether a caller's proxy has the current files; one that does not run reads them when it starts."""
        outdated = self._driver.proxies.outdated(caller, versions)
        return not outdated.running if isinstance(outdated, Unreachable) else not outdated

    def _component_sample(self, name: str) -> Sample:
        """Return what each caller that has the candidate's clusters has counted of both versions."""
        if not self._application:
            return {}
        ports = self._application.component(name).ports
        clusters = {
            version: [cluster_name(version_name(name, version), port.number) for port in ports] for version in Version
        }
        all_clusters = [cluster for names in clusters.values() for cluster in names]
        callers = self._callers(name)
        with ThreadPoolExecutor(8) as pool:
            results = pool.map(lambda caller: self._driver.proxies.totals(caller, all_clusters), callers)
        return {
            caller.name: (
                sum((totals[cluster] for cluster in clusters[Version.CANDIDATE]), Totals()),
                sum((totals.get(cluster, Totals()) for cluster in clusters[Version.STABLE]), Totals()),
            )
            for caller, totals in zip(callers, results, strict=True)
            if not isinstance(totals, Unreachable) and all(cluster in totals for cluster in clusters[Version.CANDIDATE])
        }


@contextmanager
def _as_release_error() -> Iterator[None]:
    """Raise the errors of the target as ``ReleaseError``."""
    try:
        yield
    except _TARGET_ERRORS as error:
        raise ReleaseError(str(error)) from error
