"""Where the contract of drivers is tested: a small application on a target, and how to work on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Driver, Execution, Observation
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.files import served_addresses
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import (
    Application,
    Component,
    Dependency,
    Kind,
    Mount,
    Port,
    Secret,
    SecretMount,
    Volume,
)
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import version_name
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.plan.graph import Operation
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.effective import effective
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context

NAME = "contract-test"
MIB = 1 << 20
_HTTP = (Port(8080, "http"),)


@dataclass(frozen=True)
class Moment:
    """How things were after an operation: how many instances of each version serve, and how many addresses lead nowhere."""

    after: str
    serving: Mapping[str, int]
    astray: Mapping[str, int]


@dataclass
class Place:
    """A target: ``driver`` makes a process on it, ``images`` are three versions of the application's one image."""

    driver: Callable[[], Driver]
    platform: Mapping[str, str]
    images: tuple[str, str, str]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patience: float = 60.0
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked = self.specification(self.images[0])

    def specification(self, image: str) -> Specification:
        """Return the application with ``image`` in its two stateless components; its store stays."""
        references = {"store": self.images[0], "api": image, "web": image}
        return Specification(application(), {**references, **self.platform}, "compose.yaml", "/")

    def context(self, by: str = "the contract") -> Context:
        """Return another process that runs a workflow, whose operations are watched."""
        driver = cast(Driver, _Watched(self.driver(), self))
        return Context(driver, self.asked, by, lambda line: None, now=self.now, sleep=self.sleep)

    def observe(self) -> Observation:
        """Return what the target has."""
        driver = self.driver()
        return driver.observe(effective(self.asked, driver.state.read()))

    def serving(self) -> dict[str, int]:
        """Return how many instances of each version run and are called."""
        found: dict[str, int] = {}
        for instance, status in self.observe().statuses().items():
            if status.serving and status.state == "running" and status.health in ("", "healthy"):
                target = version_name(instance.component, instance.version)
                found[target] = found.get(target, 0) + 1
        return found

    def running(self) -> dict[str, set[str]]:
        """Return the images that each version runs."""
        found: dict[str, set[str]] = {}
        for instance, status in self.observe().statuses().items():
            found.setdefault(version_name(instance.component, instance.version), set()).add(status.image)
        return found

    def look(self, after: str) -> None:
        """Take down how things are. What is withdrawn meanwhile is nowhere expected."""
        config = self.driver().config
        before = served_addresses(config.read())
        serving = self.serving()
        later = served_addresses(config.read())
        astray = {
            target: len(addresses & later.get(target, frozenset())) - serving.get(target, 0)
            for target, addresses in before.items()
        }
        self.moments.append(Moment(after, serving, astray))


class _Watched:
    """A driver after each of whose operations ``place`` has a look."""

    def __init__(self, driver: Driver, place: Place) -> None:
        self._driver = driver
        self._place = place

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def run(self, operation: Operation, execution: Execution) -> None:
        self._driver.run(operation, execution)
        self._place.look(operation.key)


def application() -> Application:
    """Return a front, an API of two instances behind it, and a store with a volume and a secret."""
    api = Component(
        "api",
        Kind.STATELESS,
        command=("python3", "/server.py", ""),
        memory=64 * MIB,
        replicas=2,
        ports=_HTTP,
        dependencies=(Dependency("store"),),
    )
    store = replace(
        api,
        name="store",
        kind=Kind.STATEFUL,
        replicas=1,
        ports=(Port(8080, "tcp"),),
        dependencies=(),
        mounts=(Mount("volume", "data", "/data"),),
        secrets=(SecretMount("password", "/run/secrets/password"),),
    )
    web = replace(api, name="web", replicas=1, dependencies=(Dependency("api"),))
    secret = Secret("password", "", generate=True)
    return Application(NAME, (store, api, web), volumes=(Volume("data"),), secrets=(secret,))
