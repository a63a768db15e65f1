"""The program below its folder, and Pulumi's mocks: what it registers is recorded, nothing is made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pulumi
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from config import Settings
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import settings as runtime
from stack import export

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Registered(pulumi_mocks.Mocks):
    """Inputs of each resource by type and name, options by name, and the stack's outputs."""

    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    options: dict[str, pulumi.ResourceOptions] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert (args.typ, args.name) not in self.resources, args.name
        self.resources[args.typ, args.name] = _whole(args.inputs)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} is called")

    def kinds(self) -> dict[str, int]:
        """Return how many resources there are of each type."""
        types = [kind for kind, _name in self.resources]
        return {kind: types.count(kind) for kind in sorted(set(types))}


def _whole(value: Any) -> Any:
    """Return ``value`` with whole numbers as such: on their way to the mocks all become floats."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def registered(application: Application, target: str, **settings: Any) -> Registered:
    """Register an application's stack and return all that was registered."""
    found = Registered()
    runtime.set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.set_mocks(found, project="evenkeel", stack="test")
    given = Settings(target, application, ROOT / "compose.yaml", adopt=False)

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        found.options[args.name] = args.opts

    def program() -> pulumi.Output[Any]:
        pulumi.runtime.register_stack_transformation(note)
        export(replace(given, **settings))
        outputs = dict(cast(Any, runtime.get_root_resource()).outputs)
        return pulumi.Output.all(**outputs).apply(found.outputs.update)

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return found
