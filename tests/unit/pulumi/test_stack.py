"""The whole graph that a stack registers, on both targets."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.infrastructure import infrastructure
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application
from models import generate_application, shop
from program import RecordedStack, register_stack
from protection import UnprotectedError

STORES = ("carts-db", "catalogue-db", "orders-db", "rabbitmq", "user-db", "zipkin-db")
TARGETS = ("docker", "kubernetes")
VOLUME, NETWORK = "docker:index/volume:Volume", "docker:index/network:Network"
CLAIM, POLICY = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def test_docker_has_the_same_network_and_volumes_as_the_driver() -> None:
    stack = register_stack(shop(), "docker")
    expected = infrastructure(shop())
    assert stack.kinds() == {
        "docker:index/network:Network": 1,
        "docker:index/volume:Volume": 6,
        "evenkeel:docker:Infrastructure": 1,
        "pulumi:providers:docker": 1,
    }
    network = stack.resources[NETWORK, expected.network]
    assert (network["name"], network["driver"]) == ("sockshop-mesh", "bridge")
    assert network["ipamConfigs"] == [{"subnet": expected.subnet}]
    assert {label["label"]: label["value"] for label in network["labels"]} == expected.labels
    for name, volume in expected.volumes.items():
        resource = stack.resources[VOLUME, name]
        assert resource["name"] == name
        assert {label["label"]: label["value"] for label in resource["labels"]} == volume.labels


def test_kubernetes_has_everything_in_the_model() -> None:
    stack = register_stack(shop(), "kubernetes", storage_class="fast", storage_size=2 << 30, quota_headroom=50)
    dependencies = sum(len(component.dependencies) for component in shop().components)
    assert stack.kinds() == {
        "evenkeel:kubernetes:Infrastructure": 1,
        "kubernetes:core/v1:LimitRange": 1,
        "kubernetes:core/v1:Namespace": 1,
        "kubernetes:core/v1:PersistentVolumeClaim": 6,
        "kubernetes:core/v1:ResourceQuota": 1,
        "kubernetes:core/v1:ServiceAccount": 17,
        "kubernetes:networking.k8s.io/v1:NetworkPolicy": 2 + 2 * (dependencies + 1) + 2,
        "pulumi:providers:kubernetes": 1,
    }
    claim = stack.resources[CLAIM, "claim-carts-db"]
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"] == {"storage": "2048Mi"}
    assert claim["metadata"]["labels"]["app.kubernetes.io/name"] == "carts-db"
    quota = stack.resources["kubernetes:core/v1:ResourceQuota", "quota"]["spec"]["hard"]
    running = [component for component in shop().components if component.replicas]
    memory = sum((component.memory or 0) * (not component.gateway) + component.proxy_memory + (32 << 20) for component in running)
    assert quota["limits.memory"] == f"{-(-memory * 3 // 2 >> 20)}Mi"
    assert (quota["persistentvolumeclaims"], quota["pods"], quota["requests.storage"]) == ("6", "24", "12288Mi")


def test_network_policies_deny_all_but_dependencies() -> None:
    stack = register_stack(shop(), "kubernetes")
    policies = {name: body["spec"] for (kind, name), body in stack.resources.items() if kind == POLICY}
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert "payment-calls-orders" not in policies
    part = {"app.kubernetes.io/part-of": "sockshop"}
    orders, payment = ({"matchLabels": {**part, "app.kubernetes.io/name": name}} for name in ("orders", "payment"))
    ports = [{"port": 80, "protocol": "TCP"}]
    assert policies["orders-calls-payment"] == {
        "podSelector": orders,
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": payment}], "ports": ports}],
    }
    assert policies["payment-takes-orders"] == {
        "podSelector": payment,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": orders}], "ports": ports}],
    }
    assert set(policies) >= {"edge-router-takes-outside", "zipkin-takes-outside", "zipkin-takes-all", "dns"}


@pytest.mark.parametrize("target", TARGETS)
def test_storage_is_protected_and_retained(target: str) -> None:
    stack = register_stack(shop(), target)
    protected = {name for name, options in stack.options.items() if options.protect and options.retain_on_delete}
    volumes, claims = {f"sockshop_{store}" for store in STORES}, {f"claim-{store}" for store in STORES}
    assert protected == (volumes if target == "docker" else {"sockshop", *claims}), "claims go with their namespace"


@pytest.mark.parametrize("target", TARGETS)
def test_protection_can_be_disabled(target: str) -> None:
    stack = register_stack(shop(), target, protect=False)
    assert not any(options.protect or options.retain_on_delete for options in stack.options.values())


@pytest.mark.parametrize("target", TARGETS)
def test_outputs_have_the_same_names_on_both_targets(target: str) -> None:
    outputs = register_stack(shop(), target).outputs
    assert set(outputs) == {"application", "application_file", "target", "network", "namespace", "volumes", "accounts"}
    assert set(outputs["volumes"]) == set(STORES)
    assert outputs["network"] == ("sockshop-mesh" if target == "docker" else "")
    assert outputs["namespace"] == ("" if target == "docker" else "sockshop")
    assert len(outputs["accounts"]) == (0 if target == "docker" else 17)


@pytest.mark.parametrize(("target", "kind", "rest"), [("docker", VOLUME, 3), ("kubernetes", CLAIM, 0)])
def test_two_hundred_components(target: str, kind: str, rest: int) -> None:
    stack = register_stack(generate_application(200), target)
    kinds = stack.kinds()
    assert kinds[kind] == 50
    if target == "docker":
        assert sum(kinds.values()) == 50 + rest
    else:
        assert kinds["kubernetes:core/v1:ServiceAccount"] == 200
        assert kinds[POLICY] == 2 + 2 * (199 + 198)


def changed_resources(before: RecordedStack, after: RecordedStack) -> set[str]:
    return {
        name
        for kind, name in {*before.resources, *after.resources}
        if before.resources.get((kind, name)) != after.resources.get((kind, name))
    }


def test_a_new_stateful_component_adds_only_its_own_resources() -> None:
    def model(*names: str) -> Application:
        services = {name: {"image": "i", "volumes": [f"{name}:/data"]} for name in names}
        return parse({"name": "app", "services": services, "volumes": dict.fromkeys(names)}, "compose.yaml", {}, "app")

    for target, expected in (
        ("docker", {"app_two"}),
        ("kubernetes", {"claim-two", "account-two", "quota"}),
    ):
        assert changed_resources(register_stack(model("one"), target), register_stack(model("one", "two"), target)) == expected


def test_a_bigger_volume_changes_only_its_claim_and_the_quota() -> None:
    def model(size: str) -> Application:
        services = {"db": {"image": "i", "volumes": ["data:/data"]}, "web": {"image": "w", "depends_on": ["db"]}}
        content = {"name": "app", "services": services, "volumes": {"data": {"x-mesh": {"size": size}}}}
        return parse(content, "compose.yaml", {}, "app")

    before, after = register_stack(model("1G"), "kubernetes"), register_stack(model("3G"), "kubernetes")
    assert changed_resources(before, after) == {"claim-data", "quota"}
    assert changed_resources(register_stack(model("1G"), "docker"), register_stack(model("3G"), "docker")) == set()


def test_unprotected_storage_fails_the_stack(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    def unprotected_options(parent: pulumi.Resource, protect: bool, **options: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=parent, **options)

    for target in TARGETS:
        monkeypatch.setattr(f"components.{target}.storage_options", unprotected_options)
        with pytest.raises(UnprotectedError, match="found storage that is not protected"):
            register_stack(shop(), target)


def test_a_stateful_component_without_storage_fails_the_stack() -> None:
    services = {"db": {"image": "i", "x-mesh": {"kind": "stateful"}}}
    model = parse({"name": "app", "services": services}, "compose.yaml", {}, "app")
    with pytest.raises(UnprotectedError, match=r"services\.db: found a stateful component without storage"):
        register_stack(model, "docker")
