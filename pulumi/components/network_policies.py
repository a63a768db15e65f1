"""Who may call whom, as network policies: nothing by default, then one pair for each dependency."""

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
EVERY = LabelSelectorArgs()


def network_policies(application: str, wanted: Infrastructure) -> Mapping[str, NetworkPolicySpecArgs]:
    """Return the policies by name: what a caller may send, and what the component that is called may take."""
    found = {"deny-all": NetworkPolicySpecArgs(pod_selector=EVERY, policy_types=["Ingress", "Egress"]), "dns": _dns()}
    for flow in wanted.flows:
        caller = _pods(application, flow.caller) if flow.caller else EVERY
        called = _pods(application, flow.called)
        found[f"{flow.caller or 'all'}-calls-{flow.called}"] = _egress(caller, called, flow)
        found[f"{flow.called}-takes-{flow.caller or 'all'}"] = _ingress(called, caller, flow)
    for component, ports in wanted.entrances.items():
        found[f"{component}-takes-outside"] = NetworkPolicySpecArgs(
            pod_selector=_pods(application, component),
            policy_types=["Ingress"],
            ingress=[NetworkPolicyIngressRuleArgs(ports=_ports(ports))],
        )
    return found


def _dns() -> NetworkPolicySpecArgs:
    ports = [NetworkPolicyPortArgs(port=DNS, protocol=protocol) for protocol in ("UDP", "TCP")]
    return NetworkPolicySpecArgs(
        pod_selector=EVERY, policy_types=["Egress"], egress=[NetworkPolicyEgressRuleArgs(ports=ports)]
    )


def _egress(caller: LabelSelectorArgs, called: LabelSelectorArgs, flow: Flow) -> NetworkPolicySpecArgs:
    rule = NetworkPolicyEgressRuleArgs(to=[NetworkPolicyPeerArgs(pod_selector=called)], ports=_ports(flow.ports))
    return NetworkPolicySpecArgs(pod_selector=caller, policy_types=["Egress"], egress=[rule])


def _ingress(called: LabelSelectorArgs, caller: LabelSelectorArgs, flow: Flow) -> NetworkPolicySpecArgs:
    rule = NetworkPolicyIngressRuleArgs(from_=[NetworkPolicyPeerArgs(pod_selector=caller)], ports=_ports(flow.ports))
    return NetworkPolicySpecArgs(pod_selector=called, policy_types=["Ingress"], ingress=[rule])


def _pods(application: str, component: str) -> LabelSelectorArgs:
    return LabelSelectorArgs(match_labels=names.selector(application, component))


def _ports(numbers: Iterable[int]) -> list[NetworkPolicyPortArgs]:
    return [NetworkPolicyPortArgs(port=number, protocol="TCP") for number in numbers]
