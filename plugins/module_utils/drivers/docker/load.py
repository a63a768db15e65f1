"""A load generator as a container of its own: no part of the application, outside its network, and gone when it is done."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...model.application import Component
from ...model.effective import EffectiveApplication
from ...model.errors import Refused
from ...model.instance import Instance, Version
from ...model.load import LoadReport, Population, entry_point, load_generator, parse_report
from ..base import ImageStore
from . import files, locks, names
from .client import Engine, EngineError
from .layout import Layout
from .names import Role

LOAD = f"{names.LABEL}.load"
RUN = f"{names.LABEL}.load-run"
REPORT = "/report"
MEMORY = 256 << 20
_LOCK = "lock"


class DockerLoadRun:
    """A generator at work: its container, and the folder that it reports into."""

    def __init__(self, engine: Engine, container: str, folder: Path) -> None:
        self._engine = engine
        self._container = container
        self._folder = folder

    def report(self) -> LoadReport | None:
        """Return what the generator reported last, None where it has reported nothing."""
        try:
            return parse_report((self._folder / "report" / "stats.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def running(self) -> bool:
        """Whether the generator is still at work."""
        return _runs(self._engine, self._container)

    def logs(self, lines: int) -> Sequence[str]:
        """Return the last ``lines`` that the generator wrote."""
        return self._engine.logs(self._container, lines).splitlines()

    def save(self, path: Path) -> bool:
        """Copy the generator's own report to ``path``; return whether there is one."""
        report = self._folder / "report" / "report.html"
        if not report.is_file() or report.is_symlink():
            return False
        shutil.copyfile(report, path)
        return True


class DockerLoadRunner:
    """Runs load generators beside the application; they come in by the gateway's published port, as users do."""

    def __init__(self, engine: Engine, layout: Layout, images: ImageStore) -> None:
        self._engine = engine
        self._layout = layout
        self._images = images

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` where no load can be made: there is no gateway that runs."""
        load_generator(application)
        gateway, _target = entry_point(application)
        proxy = names.container_name(application.name, Instance(gateway.name, Version.STABLE, 1).name, Role.PROXY)
        if not _runs(self._engine, proxy):
            raise Refused(
                f"{gateway.name}: found no {proxy} that runs; allowed: an application that is up: "
                "ansible-playbook playbooks/site.yml"
            )

    @contextmanager
    def start(self, application: EffectiveApplication, population: Population, half_header: str = "") -> Iterator[DockerLoadRun]:
        """Run the generator until this is left, or its time is up. Raises ``Refused``."""
        self.check(application)
        component = load_generator(application)
        image = application.references[component.name]
        if self._images.missing([image]):
            raise Refused(f"{component.name}: found no image {image}; allowed: one that evenkeel.mesh.images got before")
        with ExitStack() as undo:
            folder = undo.enter_context(self._run_folder())
            container = f"{application.name}-load-{folder.name}"
            # By its name, which nothing else has, before it is there: an answer may get lost.
            undo.callback(self._engine.delete, f"/containers/{container}", force=1, v=1)
            body = _body(application, component, image, population, half_header, folder)
            self._engine.post("/containers/create", body, name=container)
            self._engine.post(f"/containers/{container}/start")
            yield DockerLoadRun(self._engine, container, folder)

    def remove_leftovers(self) -> None:
        """Remove what runs have left that were killed; those that are at work hold their folders, and stay."""
        for body in self._engine.get("/containers/json", all=1, filters={"label": [f"{LOAD}={self._layout.application}"]}):
            if not _at_work(self._folder / str(body["Labels"].get(RUN, ""))):
                self._engine.delete(f"/containers/{body['Id']}", force=1, v=1)
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.is_dir() and not _at_work(path):
                shutil.rmtree(path, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self._layout.home / "load"

    @contextmanager
    def _run_folder(self) -> Iterator[Path]:
        """Make and hold the folder of one run, once those of dead ones are gone; remove it at the end."""
        files.directory(self._layout.home, files.HOME_MODE)
        files.directory(self._folder, 0o700)
        path = self._folder / secrets.token_hex(4)
        with ExitStack() as held:
            # One at a time: a folder that is not held yet would pass for one that was left.
            with locks.held(self._folder / _LOCK, wait=True):
                self.remove_leftovers()
                held.callback(shutil.rmtree, path, ignore_errors=True)
                report = path / "report"
                report.mkdir(parents=True)
                # The image's own user writes here; nobody but root gets as far on the host.
                report.chmod(0o777)
                held.enter_context(locks.held(path / _LOCK))
            yield path


def _body(
    application: EffectiveApplication, component: Component, image: str, population: Population, half_header: str, folder: Path
) -> dict[str, Any]:
    _gateway, target = entry_point(application)
    told = {
        "TARGET": target,
        "USERS": str(population.users),
        "SPAWN_RATE": f"{population.spawn_rate:g}",
        "SECONDS": str(population.seconds),
        "REPORT": REPORT,
        **({"HALF_WITH": half_header} if half_header else {}),
    }
    tmpfs = [each.target for each in component.mounts if each.kind == "tmpfs"]
    body = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in sorted({**dict(component.environment), **told}.items())],
        "Labels": {LOAD: application.name, RUN: folder.name},
        "HostConfig": {
            "NetworkMode": "host",
            "Mounts": [
                {"Type": "bind", "Source": str(folder / "report"), "Target": REPORT},
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


def _at_work(path: Path) -> bool:
    """Whether a run holds its folder."""
    return locks.is_held(path / _LOCK)
