"""An application's namespace, limits, storage, identities and network policies on a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes import names
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes.infrastructure import (
    CONTAINERS_PER_INSTANCE,
    Claim,
    Infrastructure,
    infrastructure,
)
from config import Settings
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.network_policies import network_policies
from components.storage import storage_options
from components.target import TargetInfrastructure

# Many storage classes bind a claim only when a pod first mounts it, and there are no pods yet.
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}


@dataclass(frozen=True)
class KubernetesInfrastructureArgs:
    """The settings of the stack."""

    settings: Settings


class KubernetesInfrastructure(TargetInfrastructure):
    """The namespace, and the resources in it that outlive a deployment."""

    def __init__(self, name: str, args: KubernetesInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("evenkeel:kubernetes:Infrastructure", name, None, opts)
        settings = args.settings
        application = settings.application
        desired = infrastructure(application, settings.storage_size, settings.quota_headroom)
        cluster = kubernetes.Provider(
            "cluster",
            kubernetes.ProviderArgs(
                context=settings.kube_context or None,
                enable_server_side_apply=True,
                upsert_existing_objects=settings.adopt,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self._application = application.name
        self._options = pulumi.ResourceOptions(parent=self, provider=cluster)
        self._storage_options = storage_options(self, settings.protect, provider=cluster)
        namespace = core.Namespace(
            desired.namespace, metadata=ObjectMetaArgs(name=desired.namespace, labels=desired.labels), opts=self._storage_options
        )
        self._namespace = namespace.metadata.apply(lambda metadata: str(metadata.name))
        quota = self._limits(desired)
        # Claims count against the quota: a bigger claim has to wait for a bigger quota.
        quota_namespace = quota.metadata.apply(lambda metadata: str(metadata.namespace))
        volumes: dict[str, list[pulumi.Output[str]]] = {}
        for claim in desired.claims:
            volumes.setdefault(claim.component, []).append(self._claim(claim, quota_namespace, settings.storage_class))
        accounts = {component: self._account(account, component) for component, account in desired.accounts.items()}
        for policy, spec in network_policies(application.name, desired).items():
            kubernetes.networking.v1.NetworkPolicy(policy, metadata=self._metadata(policy), spec=spec, opts=self._options)
        self._set_outputs(volumes, namespace=self._namespace, accounts=accounts)

    def _metadata(self, name: str, component: str = "") -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace=self._namespace, labels=names.labels(self._application, component))

    def _limits(self, desired: Infrastructure) -> core.ResourceQuota:
        """Register the limits of the namespace and of its containers; return the quota."""
        quota = desired.quota
        resource = core.ResourceQuota(
            "quota",
            metadata=self._metadata("quota"),
            spec=core.ResourceQuotaSpecArgs(
                hard={
                    "limits.memory": _megabytes(quota.memory),
                    "requests.memory": _megabytes(quota.memory),
                    "requests.storage": _megabytes(quota.storage),
                    "persistentvolumeclaims": str(quota.claims),
                    "pods": str(quota.pods),
                }
            ),
            opts=self._options,
        )
        default = {"memory": _megabytes(quota.container_default)}
        core.LimitRange(
            "limits",
            metadata=self._metadata("limits"),
            spec=core.LimitRangeSpecArgs(
                limits=[
                    core.LimitRangeItemArgs(
                        type="Container",
                        default=default,
                        default_request=default,
                        max={"memory": _megabytes(quota.container_max)},
                    ),
                    core.LimitRangeItemArgs(
                        type="Pod", max={"memory": _megabytes(CONTAINERS_PER_INSTANCE * quota.container_max)}
                    ),
                ]
            ),
            opts=self._options,
        )
        return resource

    def _account(self, name: str, component: str) -> pulumi.Output[str]:
        account = core.ServiceAccount(
            f"account-{name}",
            metadata=self._metadata(name, component),
            automount_service_account_token=False,
            opts=self._options,
        )
        return account.metadata.apply(lambda metadata: str(metadata.name))

    def _claim(self, claim: Claim, namespace: pulumi.Output[str], storage_class: str) -> pulumi.Output[str]:
        resource = core.PersistentVolumeClaim(
            f"claim-{claim.name}",
            metadata=ObjectMetaArgs(
                name=claim.name, namespace=namespace, labels=dict(claim.labels), annotations=SKIP_AWAIT
            ),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": _megabytes(claim.size)}),
                storage_class_name=storage_class or None,
            ),
            opts=self._storage_options,
        )
        return resource.metadata.apply(lambda metadata: str(metadata.name))


def _megabytes(size: int) -> str:
    """Return ``size``, in bytes, as a Kubernetes quantity, rounded up."""
    return f"{-(-size // (1 << 20))}Mi"
