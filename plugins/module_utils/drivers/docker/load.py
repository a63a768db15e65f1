"""A load generator as a container of its own: no part of the application, outside its network, and gone when it is done."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from ...model.application import Component
from ...model.errors import Refused
from ...model.load import Population
from ...model.load_report import Stats, parse_stats
from ...model.load_target import entrance, generator
from . import files, locks, names
from .client import Engine, EngineError
from .images import is_there
from .layout import Layout
from .setting import Task

LOAD = f"{names.LABEL}.load"
RUN = f"{names.LABEL}.load-run"
REPORT = "/report"
MEMORY = 256 << 20
SETTING_UP_SECONDS = 60.0
_LOCK = "lock"
_SETTING_UP = "another run of the load generator is being set up; run again"


class Generated(AbstractContextManager[None]):
    """Load by ``population`` on the application of ``task``, from when this is entered until it is left, or its time is up.

    It comes in by the gateway's published port, as users do. It may be entered again, for another run.
    """

    def __init__(self, engine: Engine, task: Task, population: Population, half_with: str = "") -> None:
        """``half_with`` is a header, ``name: value``, that half of the users send with each request.

        Raises ``Refused`` where the application has no load generator, or no way in.
        """
        self._engine = engine
        self._component = generator(task.application)
        self._gateway, self.target = entrance(task.application)
        self._task = task
        self._population = population
        self._half_with = half_with
        self._undo = ExitStack()
        self._folder = Path()
        self._name = ""

    def check(self) -> None:
        """Raise ``Refused`` where the gateway does not run, ``EngineError`` where the engine does not answer."""
        application = self._task.application.name
        proxy = names.container_name(application, names.instance_name(self._gateway.name, 1), names.PROXY)
        if not _runs(self._engine, proxy):
            raise Refused(
                f"{self._gateway.name}: found no {proxy} that runs; allowed: an application that is up: "
                "ansible-playbook playbooks/site.yml"
            )

    def __enter__(self) -> None:
        """Start the generator. Raises ``Refused``, ``EngineError``."""
        self.check()
        image = self._task.setting.images[self._component.name]
        if not is_there(self._engine, image):
            raise Refused(f"{self._component.name}: found no image {image}; allowed: one that evenkeel.mesh.images got before")
        with ExitStack() as undo:
            self._folder = undo.enter_context(_run_folder(self._engine, self._task.setting.layout))
            self._name = f"{self._task.application.name}-load-{self._folder.name}"
            # By its name, which nothing else has, before it is there: an answer may get lost.
            undo.callback(self._engine.delete, f"/containers/{self._name}", force=1, v=1)
            self._engine.post("/containers/create", self._body(image), name=self._name)
            self._engine.post(f"/containers/{self._name}/start")
            self._undo = undo.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the generator and its folder."""
        self._undo.close()

    @property
    def report(self) -> Path:
        """The report, where the generator has written one, for as long as this is entered."""
        return self._folder / "report" / "report.html"

    def stats(self) -> Stats | None:
        """Return what the generator told last, None where it has told nothing."""
        try:
            return parse_stats((self._folder / "report" / "stats.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def runs(self) -> bool:
        """Whether the generator is still at work."""
        return _runs(self._engine, self._name)

    def logs(self, lines: int) -> str:
        """Return the last ``lines`` that the generator wrote."""
        return self._engine.logs(self._name, lines)

    def _body(self, image: str) -> dict[str, Any]:
        component, population = self._component, self._population
        told = {
            "TARGET": self.target,
            "USERS": str(population.users),
            "SPAWN_RATE": f"{population.spawn_rate:g}",
            "SECONDS": str(population.seconds),
            "REPORT": REPORT,
            **({"HALF_WITH": self._half_with} if self._half_with else {}),
        }
        tmpfs = [each.target for each in component.mounts if each.kind == "tmpfs"]
        body = {
            "Image": image,
            "Env": [f"{name}={value}" for name, value in sorted({**dict(component.environment), **told}.items())],
            "Labels": {LOAD: self._task.application.name, RUN: self._folder.name},
            "HostConfig": {
                "NetworkMode": "host",
                "Mounts": [
                    {"Type": "bind", "Source": str(self._folder / "report"), "Target": REPORT},
                    *({"Type": "tmpfs", "Target": each, "TmpfsOptions": {"Mode": 0o1777}} for each in tmpfs),
                ],
                "Memory": component.memory or MEMORY,
                "NanoCpus": round((component.cpus or 0.0) * 1e9),
                "CapDrop": ["ALL"],
                "ReadonlyRootfs": component.read_only,
                "SecurityOpt": ["no-new-privileges"],
            },
        }
        return {**body, **_overrides(component)}


def remove_leftovers(engine: Engine, layout: Layout) -> None:
    """Remove what runs left behind that were killed; those that are at work hold their folders, and stay."""
    folder = _folder(layout)
    for body in engine.get("/containers/json", all=1, filters={"label": [f"{LOAD}={layout.application}"]}):
        if not _at_work(folder / str(body["Labels"].get(RUN, ""))):
            engine.delete(f"/containers/{body['Id']}", force=1, v=1)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not _at_work(path):
            shutil.rmtree(path, ignore_errors=True)


def _overrides(component: Component) -> dict[str, Any]:
    """Return what the file says in place of the image."""
    stated = {
        "Cmd": component.command and list(component.command),
        "Entrypoint": component.entrypoint and list(component.entrypoint),
        "User": component.user,
        "WorkingDir": component.working_dir,
    }
    return {key: value for key, value in stated.items() if value}


def _runs(engine: Engine, container: str) -> bool:
    try:
        return bool(engine.get(f"/containers/{container}/json")["State"]["Running"])
    except EngineError as error:
        if error.status == 404:
            return False
        raise


def _folder(layout: Layout) -> Path:
    return layout.home / "load"


@contextmanager
def _run_folder(engine: Engine, layout: Layout) -> Iterator[Path]:
    """Make and hold the folder of one run, once those of dead ones are gone; remove it at the end."""
    files.directory(layout.home, 0o755)
    files.directory(_folder(layout), 0o700)
    path = _folder(layout) / secrets.token_hex(4)
    # One at a time: a folder that is not held yet would pass for one that was left.
    with ExitStack() as held:
        with locks.patiently(lambda: locks.held(_folder(layout) / _LOCK, _SETTING_UP), SETTING_UP_SECONDS):
            remove_leftovers(engine, layout)
            held.callback(shutil.rmtree, path, ignore_errors=True)
            report = path / "report"
            report.mkdir(parents=True)
            # The image's own user writes here; nobody but root gets as far on the host.
            report.chmod(0o777)
            held.enter_context(locks.held(path / _LOCK, _SETTING_UP))
        yield path


def _at_work(path: Path) -> bool:
    """Whether a run holds its folder."""
    return locks.is_held(path / _LOCK)
