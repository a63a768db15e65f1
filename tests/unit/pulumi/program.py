"""The Pulumi program with mocks: registered resources are recorded, nothing is created."""

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
class RecordedStack(pulumi_mocks.Mocks):
    """Inputs of each resource by type and name, options by name, and the stack's outputs."""

    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    options: dict[str, pulumi.ResourceOptions] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert (args.typ, args.name) not in self.resources, args.name
        self.resources[args.typ, args.name] = _with_integers(args.inputs)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"unexpected call of {args.token}")

    def kinds(self) -> dict[str, int]:
        """Return how many resources there are of each type."""
        types = [kind for kind, _name in self.resources]
        return {kind: types.count(kind) for kind in sorted(set(types))}


def _with_integers(value: Any) -> Any:
    """Return ``value`` with whole numbers as integers: the mocks receive floats."""
    if isinstance(value, dict):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def register_stack(application: Application, target: str, **settings: Any) -> RecordedStack:
    """Register an application's stack and return everything registered."""
    registrations = RecordedStack()
    runtime.set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.set_mocks(registrations, project="evenkeel", stack="test")
    defaults = Settings(target, application, ROOT / "compose.yaml", adopt=False)

    def record_options(args: pulumi.ResourceTransformationArgs) -> None:
        registrations.options[args.name] = args.opts

    def program() -> pulumi.Output[Any]:
        pulumi.runtime.register_stack_transformation(record_options)
        export(replace(defaults, **settings))
        outputs = dict(cast(Any, runtime.get_root_resource()).outputs)
        return pulumi.Output.all(**outputs).apply(registrations.outputs.update)

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return registrations
