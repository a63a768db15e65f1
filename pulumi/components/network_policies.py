"""The allowed calls as network policies: nothing by default, then one pair for each dependency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes import names
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes.infrastructure import Flow, Infrastructure
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

DNS = 53
EVERY_POD = LabelSelectorArgs()


def network_policies(application: str, desired: Infrastructure) -> Mapping[str, NetworkPolicySpecArgs]:
    """Return the policies by name: an egress policy for the caller of each flow, an ingress policy for the callee."""
    policies = {"deny-all": NetworkPolicySpecArgs(pod_selector=EVERY_POD, policy_types=["Ingress", "Egress"]), "dns": _dns()}
    for flow in desired.flows:
        caller = _pods(application, flow.caller) if flow.caller else EVERY_POD
        callee = _pods(application, flow.callee)
        policies[f"{flow.caller or 'all'}-calls-{flow.callee}"] = _egress(caller, callee, flow)
        policies[f"{flow.callee}-takes-{flow.caller or 'all'}"] = _ingress(callee, caller, flow)
    for component, ports in desired.published_ports.items():
        policies[f"{component}-takes-outside"] = NetworkPolicySpecArgs(
            pod_selector=_pods(application, component),
            policy_types=["Ingress"],
            ingress=[NetworkPolicyIngressRuleArgs(ports=_ports(ports))],
        )
    return policies


def _dns() -> NetworkPolicySpecArgs:
    ports = [NetworkPolicyPortArgs(port=DNS, protocol=protocol) for protocol in ("UDP", "TCP")]
    return NetworkPolicySpecArgs(
        pod_selector=EVERY_POD, policy_types=["Egress"], egress=[NetworkPolicyEgressRuleArgs(ports=ports)]
    )


def _egress(caller: LabelSelectorArgs, callee: LabelSelectorArgs, flow: Flow) -> NetworkPolicySpecArgs:
    rule = NetworkPolicyEgressRuleArgs(to=[NetworkPolicyPeerArgs(pod_selector=callee)], ports=_ports(flow.ports))
    return NetworkPolicySpecArgs(pod_selector=caller, policy_types=["Egress"], egress=[rule])


def _ingress(callee: LabelSelectorArgs, caller: LabelSelectorArgs, flow: Flow) -> NetworkPolicySpecArgs:
    rule = NetworkPolicyIngressRuleArgs(from_=[NetworkPolicyPeerArgs(pod_selector=caller)], ports=_ports(flow.ports))
    return NetworkPolicySpecArgs(pod_selector=callee, policy_types=["Ingress"], ingress=[rule])


def _pods(application: str, component: str) -> LabelSelectorArgs:
    return LabelSelectorArgs(match_labels=names.selector(application, component))


def _ports(numbers: Iterable[int]) -> list[NetworkPolicyPortArgs]:
    return [NetworkPolicyPortArgs(port=number, protocol="TCP") for number in numbers]
