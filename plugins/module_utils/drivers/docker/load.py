"""A load generator in a container that is not part of the application nor on its network, and is removed after the run."""

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

LOAD_LABEL = f"{names.LABEL}.load"
RUN_LABEL = f"{names.LABEL}.load-run"
REPORT_FOLDER = "/report"
DEFAULT_MEMORY = 256 << 20
_LOCK = "lock"


class DockerLoadRun:
    """A running generator: its container, and the folder that it writes reports to."""

    def __init__(self, engine: Engine, container: str, folder: Path) -> None:
        self._engine = engine
        self._container = container
        self._folder = folder

    def report(self) -> LoadReport | None:
        """Return the generator's last report, None if there is none yet."""
        try:
            return parse_report((self._folder / "report" / "stats.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def running(self) -> bool:
        """Whether the generator still runs."""
        return _is_running(self._engine, self._container)

    def logs(self, lines: int) -> Sequence[str]:
        """Return the last ``lines`` of the generator's log."""
        return self._engine.logs(self._container, lines).splitlines()

    def save(self, path: Path) -> bool:
        """Copy the generator's HTML report to ``path``; return whether there is one."""
        report = self._folder / "report" / "report.html"
        if not report.is_file() or report.is_symlink():
            return False
        shutil.copyfile(report, path)
        return True


class DockerLoadRunner:
    """Runs load generators, which call the gateway's published port as users do."""

    def __init__(self, engine: Engine, layout: Layout, images: ImageStore) -> None:
        self._engine = engine
        self._layout = layout
        self._images = images

    def check(self, application: EffectiveApplication) -> None:
        """Raise ``Refused`` if no load can be generated: no gateway runs."""
        load_generator(application)
        gateway, _target = entry_point(application)
        proxy = names.container_name(application.name, Instance(gateway.name, Version.STABLE, 1).name, Role.PROXY)
        if not _is_running(self._engine, proxy):
            raise Refused(
                f"{gateway.name}: found no {proxy} that runs; allowed: an application that is up: "
                "ansible-playbook playbooks/site.yml"
            )

    @contextmanager
    def start(self, application: EffectiveApplication, population: Population, half_header: str = "") -> Iterator[DockerLoadRun]:
        """Run the generator until the context is left, or its time is up. Raises ``Refused``."""
        self.check(application)
        component = load_generator(application)
        image = application.references[component.name]
        if self._images.missing([image]):
            raise Refused(f"{component.name}: found no image {image}; allowed: one that evenkeel.mesh.images has built or pulled")
        with ExitStack() as cleanup:
            folder = cleanup.enter_context(self._run_folder())
            container = f"{application.name}-load-{folder.name}"
            # Registered before the container is created, by its unique name: the response of the engine may be lost.
            cleanup.callback(self._engine.delete, f"/containers/{container}", force=1, v=1)
            body = _body(application, component, image, population, half_header, folder)
            self._engine.post("/containers/create", body, name=container)
            self._engine.post(f"/containers/{container}/start")
            yield DockerLoadRun(self._engine, container, folder)

    def remove_leftovers(self) -> None:
        """Remove what killed runs have left; active runs hold the locks of their folders, and stay."""
        for body in self._engine.get("/containers/json", all=1, filters={"label": [f"{LOAD_LABEL}={self._layout.application}"]}):
            if not _is_active(self._folder / str(body["Labels"].get(RUN_LABEL, ""))):
                self._engine.delete(f"/containers/{body['Id']}", force=1, v=1)
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.is_dir() and not _is_active(path):
                shutil.rmtree(path, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self._layout.home / "load"

    @contextmanager
    def _run_folder(self) -> Iterator[Path]:
        """Create and lock the folder of one run, after those of killed runs were removed; remove it at the end."""
        files.ensure_directory(self._layout.home, files.HOME_MODE)
        files.ensure_directory(self._folder, 0o700)
        path = self._folder / secrets.token_hex(4)
        with ExitStack() as cleanup:
            # One at a time: a folder that is not locked yet would count as left by a killed run.
            with locks.hold(self._folder / _LOCK, wait=True):
                self.remove_leftovers()
                cleanup.callback(shutil.rmtree, path, ignore_errors=True)
                report = path / "report"
                report.mkdir(parents=True)
                # The image's user writes here; on the host, only root can reach it.
                report.chmod(0o777)
                cleanup.enter_context(locks.hold(path / _LOCK))
            yield path


def _body(
    application: EffectiveApplication, component: Component, image: str, population: Population, half_header: str, folder: Path
) -> dict[str, Any]:
    _gateway, target = entry_point(application)
    parameters = {
        "TARGET": target,
        "USERS": str(population.users),
        "SPAWN_RATE": f"{population.spawn_rate:g}",
        "SECONDS": str(population.seconds),
        "REPORT": REPORT_FOLDER,
        **({"HALF_WITH": half_header} if half_header else {}),
    }
    tmpfs = [mount.target for mount in component.mounts if mount.kind == "tmpfs"]
    body = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in sorted({**dict(component.environment), **parameters}.items())],
        "Labels": {LOAD_LABEL: application.name, RUN_LABEL: folder.name},
        "HostConfig": {
            "NetworkMode": "host",
            "Mounts": [
                {"Type": "bind", "Source": str(folder / "report"), "Target": REPORT_FOLDER},
                *({"Type": "tmpfs", "Target": target, "TmpfsOptions": {"Mode": 0o1777}} for target in tmpfs),
            ],
            "Memory": component.memory or DEFAULT_MEMORY,
            "NanoCpus": round((component.cpus or 0.0) * 1e9),
            "CapDrop": ["ALL"],
            "ReadonlyRootfs": component.read_only,
            "SecurityOpt": ["no-new-privileges"],
        },
    }
    return {**body, **_overrides(component)}


def _overrides(component: Component) -> dict[str, Any]:
    """Return the settings of the file that override those of the image."""
    overrides = {
        "Cmd": component.command and list(component.command),
        "Entrypoint": component.entrypoint and list(component.entrypoint),
        "User": component.user,
        "WorkingDir": component.working_dir,
    }
    return {key: value for key, value in overrides.items() if value}


def _is_running(engine: Engine, container: str) -> bool:
    try:
        return bool(engine.get(f"/containers/{container}/json")["State"]["Running"])
    except EngineError as error:
        if error.status == 404:
            return False
        raise


def _is_active(path: Path) -> bool:
    """Whether a run holds the lock of its folder."""
    return locks.is_held(path / _LOCK)
