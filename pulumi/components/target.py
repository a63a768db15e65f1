"""The outputs of an application's infrastructure, with the same names on every target."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import pulumi

OUTPUTS = ("network", "namespace", "volumes", "accounts")


class TargetInfrastructure(pulumi.ComponentResource):
    """An application's infrastructure on a target. Outputs that the target lacks are empty: Pulumi omits those that are None."""

    network: pulumi.Output[str]
    namespace: pulumi.Output[str]
    volumes: pulumi.Output[dict[str, list[str]]]
    accounts: pulumi.Output[dict[str, str]]

    def _set_outputs(
        self,
        volumes: Mapping[str, list[pulumi.Output[str]]],
        network: pulumi.Input[str] = "",
        namespace: pulumi.Input[str] = "",
        accounts: Mapping[str, pulumi.Output[str]] = MappingProxyType({}),
    ) -> None:
        """Set and register the outputs; ``volumes`` and ``accounts`` are by component."""
        self.network = pulumi.Output.from_input(network)
        self.namespace = pulumi.Output.from_input(namespace)
        self.volumes = pulumi.Output.from_input(cast(dict[str, list[str]], dict(volumes)))
        self.accounts = pulumi.Output.from_input(cast(dict[str, str], dict(accounts)))
        self.register_outputs({name: getattr(self, name) for name in OUTPUTS})
