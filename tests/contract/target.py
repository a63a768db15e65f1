"""A target for the contract tests of drivers: a small application, and processes that work on it."""

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
class Sample:
    """The serving instances of each version after an operation, and the number of addresses without a serving instance."""

    after: str
    serving: Mapping[str, int]
    misdirected: Mapping[str, int]


@dataclass
class ContractTarget:
    """A target: ``driver`` starts a process on it, ``images`` are three versions of the application's one image."""

    driver: Callable[[], Driver]
    platform: Mapping[str, str]
    images: tuple[str, str, str]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patience: float = 60.0
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.current = self.specification(self.images[0])

    def specification(self, image: str) -> Specification:
        """Return the application with ``image`` in its two stateless components; the store keeps its own."""
        references = {"store": self.images[0], "api": image, "web": image}
        return Specification(application(), {**references, **self.platform}, "compose.yaml", "/")

    def context(self, by: str = "the contract") -> Context:
        """Return another process that runs a workflow; a sample is taken after each of its operations."""
        driver = cast(Driver, _SampledDriver(self.driver(), self))
        return Context(driver, self.current, by, lambda line: None, now=self.now, sleep=self.sleep)

    def observe(self) -> Observation:
        """Return the observed content of the target."""
        driver = self.driver()
        return driver.observe(effective(self.current, driver.state.read()))

    def serving(self) -> dict[str, int]:
        """Return the number of healthy, serving instances of each version."""
        serving: dict[str, int] = {}
        for instance, status in self.observe().statuses().items():
            if status.serving and status.state == "running" and status.health in ("", "healthy"):
                version = version_name(instance.component, instance.version)
                serving[version] = serving.get(version, 0) + 1
        return serving

    def running(self) -> dict[str, set[str]]:
        """Return the images that each version runs."""
        images: dict[str, set[str]] = {}
        for instance, status in self.observe().statuses().items():
            images.setdefault(version_name(instance.component, instance.version), set()).add(status.image)
        return images

    def sample(self, after: str) -> None:
        """Take a sample. An address that is withdrawn meanwhile is not counted."""
        config = self.driver().config
        before = served_addresses(config.read())
        serving = self.serving()
        later = served_addresses(config.read())
        misdirected = {
            version: len(addresses & later.get(version, frozenset())) - serving.get(version, 0)
            for version, addresses in before.items()
        }
        self.samples.append(Sample(after, serving, misdirected))


class _SampledDriver:
    """A driver that has ``target`` take a sample after each operation."""

    def __init__(self, driver: Driver, target: ContractTarget) -> None:
        self._driver = driver
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def run(self, operation: Operation, execution: Execution) -> None:
        self._driver.run(operation, execution)
        self._target.sample(operation.key)


def application() -> Application:
    """Return a web front, an API with two instances behind it, and a store with a volume and a secret."""
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
