"""A release on a Docker engine: the target that a conductor works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from ..drivers.docker import files, locks, names
from ..drivers.docker.callers import counted, settled
from ..drivers.docker.client import Engine, EngineError
from ..drivers.docker.ledger import asked, keep_promoted, keep_release, read_ledger
from ..drivers.docker.plan import PARTS
from ..drivers.docker.setting import Task, with_releases
from ..mesh.clusters import candidate_name, cluster_name
from ..mesh.files import routes_file
from ..mesh.routes import ROUTES_FILE
from ..model.application import FIRST_CANDIDATE
from ..model.release import Check
from ..model.traffic import Totals
from ..release.checks import wrong
from ..release.effective import promotion
from ..release.state import Release
from ..release.target import Fault, Interrupted
from .deploy import Scope, reconcile

BUSY_SECONDS = 600.0
CHECKS_AT_ONCE = 64
LOG_LINES = 8


class EngineTarget:
    """Works on ``engine`` for the application of ``task`` as its file has it.

    Candidates have ``seconds`` to become healthy. ``attended`` tells whether whoever asked for the release is still there.
    """

    def __init__(
        self,
        engine: Engine,
        task: Task,
        seconds: float,
        attended: Callable[[], bool],
        load: AbstractContextManager[None] | None = None,
    ) -> None:
        self._engine = engine
        self._given = task
        self._seconds = seconds
        self._attended = attended
        self._load = load or nullcontext()
        self._layout = task.setting.layout
        self._release: Release | None = None
        self._task = task
        self._starts: dict[str, str] = {}
        self._checks = ThreadPoolExecutor(CHECKS_AT_ONCE)

    def keep(self, release: Release) -> None:
        """Put ``release`` on record."""
        keep_release(self._layout, release)
        self._release = release
        self._task = with_releases(self._given, read_ledger(self._layout))

    def apply(self, release: Release) -> None:
        """Put ``release`` on record and bring containers and mesh to it. Raises ``Fault``."""
        with self._held():
            self.keep(release)
            scope = Scope(PARTS, release.components)
            try:
                result = reconcile(self._engine, self._task, scope, self._seconds)
            except EngineError as error:
                raise Fault(str(error)) from error
        if result.failure:
            raise Fault(result.failure)
        self._starts = self._candidates()

    def shift(self, release: Release) -> None:
        """Put ``release`` on record and split users by it, in one rename.

        No lock is waited for, since a way back must not be: what another run writes over it is put right by the next look.
        """
        self.keep(release)
        self._split()

    def _split(self) -> None:
        wanted = routes_file(self._task.application)
        path = self._layout.mesh / ROUTES_FILE
        if not path.is_file() or path.read_text() != wanted:
            files.write(path, wanted.encode())

    def promote(self, release: Release) -> None:
        """Put the versions of ``release`` on record as the components' own."""
        ledger, given = read_ledger(self._layout), self._given
        keep_promoted(
            self._layout,
            tuple(
                promotion(given.application.component(each.component), given.setting.images[each.component], ledger, each)
                for each in release.rollout.versions
            ),
        )

    def settled(self) -> bool:
        """Whether the callers' proxies have taken in how users are split, and where both versions are."""
        return all(settled(self._task.application, self._layout, component) for component in self._components())

    def look(self) -> Mapping[str, Mapping[str, tuple[Totals, Totals]]]:
        """Return what each component's callers have counted of its candidate and of its stable version."""
        self._split()
        return {
            component: {caller: found for caller, found in self._counted(component).items() if found}
            for component in self._components()
        }

    def _components(self) -> tuple[str, ...]:
        return self._release.components if self._release else ()

    def _counted(self, name: str) -> dict[str, tuple[Totals, Totals] | None]:
        """Return the totals by the callers' instances; None of a proxy that does not answer or does not know both versions."""
        component = self._task.application.component(name)
        pairs = [(cluster_name(candidate_name(name), port.number), cluster_name(name, port.number)) for port in component.ports]

        def both(found: Mapping[str, Totals]) -> tuple[Totals, Totals] | None:
            if any(candidate not in found for candidate, _ in pairs):
                return None
            candidate = sum((found[one] for one, _ in pairs), Totals())
            return candidate, sum((found.get(other, Totals()) for _, other in pairs), Totals())

        clusters = [cluster for pair in pairs for cluster in pair]
        return {caller: both(found) for caller, found in counted(self._task.application, self._layout, name, clusters).items()}

    def _candidates(self) -> dict[str, str]:
        """Return since when each container of a candidate runs, nothing for one that does not."""
        found = {}
        for name in self._components():
            for number in self._task.application.component(name).numbers:
                if number >= FIRST_CANDIDATE:
                    instance = names.instance_name(name, number)
                    container = names.container_name(self._task.application.name, instance, names.WORKLOAD)
                    found[container] = self._running_since(container)
        return found

    def _running_since(self, container: str) -> str:
        try:
            state = self._engine.get(f"/containers/{container}/json")["State"]
        except EngineError as error:
            if error.status != 404:
                raise
            return ""
        return str(state["StartedAt"]) if state["Running"] else ""

    def dead(self) -> str:
        """Return what has become of a candidate that does not run as it did, nothing where all do."""
        for container, since in self._candidates().items():
            if not since or self._starts.setdefault(container, since) != since:
                return "\n".join([f"{container} has ended", *(f"  | {line}" for line in self._last_lines(container))])
        return ""

    def _last_lines(self, container: str) -> list[str]:
        try:
            return self._engine.logs(container, LOG_LINES).splitlines()
        except EngineError:
            return ["it is gone"]

    def attend(self) -> None:
        """Raise ``Interrupted`` where whoever asked for the release is gone."""
        if not self._attended():
            raise Interrupted("the run that asked for the release is gone")

    def request(self) -> str:
        """Return what another process asks of the release."""
        return asked(self._layout, self._release.name) if self._release else ""

    def check(self, check: Check) -> Future[str]:
        """Begin ``check``, and return what will tell what is wrong, nothing where it holds."""
        return self._checks.submit(wrong, check, self._release.tester if self._release else "")

    def load(self) -> AbstractContextManager[None]:
        """Return what makes up for too little traffic, where that is asked for."""
        return self._load

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the application, once whoever holds it now is done. Raises ``Fault``."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locks.patiently(lambda: files.held(self._layout), BUSY_SECONDS))
            except locks.Busy as busy:
                raise Fault(str(busy)) from busy
            yield
