"""An application's namespace, limits, storage, identities and network policies on a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes import names
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.kubernetes.infrastructure import (
    CONTAINERS_OF_AN_INSTANCE,
    Claim,
    Infrastructure,
    infrastructure,
)
from config import Settings
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.network_policies import network_policies
from components.storage import kept
from components.target import TargetInfrastructure

# Many classes bind a claim when a pod first mounts it, and there is none yet.
NOT_AWAITED = {"pulumi.com/skipAwait": "true"}


@dataclass(frozen=True)
class KubernetesInfrastructureArgs:
    """What it is made from."""

    settings: Settings


class KubernetesInfrastructure(TargetInfrastructure):
    """The namespace, and all in it that outlives a deployment."""

    def __init__(self, name: str, args: KubernetesInfrastructureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("evenkeel:kubernetes:Infrastructure", name, None, opts)
        settings = args.settings
        application = settings.application
        wanted = infrastructure(application, settings.storage_size, settings.quota_headroom)
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
        self._inside = pulumi.ResourceOptions(parent=self, provider=cluster)
        self._kept = kept(self, settings.protect, provider=cluster)
        space = core.Namespace(
            wanted.namespace, metadata=ObjectMetaArgs(name=wanted.namespace, labels=wanted.labels), opts=self._kept
        )
        self._space = space.metadata.apply(lambda metadata: str(metadata.name))
        quota = self._limits(wanted)
        # Claims are counted against the quota: one that grows has to wait for it.
        counted = quota.metadata.apply(lambda metadata: str(metadata.namespace))
        volumes: dict[str, list[pulumi.Output[str]]] = {}
        for claim in wanted.claims:
            volumes.setdefault(claim.component, []).append(self._claim(claim, counted, settings.storage_class))
        accounts = {component: self._account(account, component) for component, account in wanted.accounts.items()}
        for policy, spec in network_policies(application.name, wanted).items():
            kubernetes.networking.v1.NetworkPolicy(policy, metadata=self._metadata(policy), spec=spec, opts=self._inside)
        self._tell(volumes, namespace=self._space, accounts=accounts)

    def _metadata(self, name: str, component: str = "") -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace=self._space, labels=names.labels(self._application, component))

    def _limits(self, wanted: Infrastructure) -> core.ResourceQuota:
        quota = wanted.quota
        made = core.ResourceQuota(
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
            opts=self._inside,
        )
        usual = {"memory": _megabytes(quota.container_default)}
        core.LimitRange(
            "limits",
            metadata=self._metadata("limits"),
            spec=core.LimitRangeSpecArgs(
                limits=[
                    core.LimitRangeItemArgs(
                        type="Container", default=usual, default_request=usual, max={"memory": _megabytes(quota.container_most)}
                    ),
                    core.LimitRangeItemArgs(
                        type="Pod", max={"memory": _megabytes(CONTAINERS_OF_AN_INSTANCE * quota.container_most)}
                    ),
                ]
            ),
            opts=self._inside,
        )
        return made

    def _account(self, name: str, component: str) -> pulumi.Output[str]:
        made = core.ServiceAccount(
            f"account-{name}",
            metadata=self._metadata(name, component),
            automount_service_account_token=False,
            opts=self._inside,
        )
        return made.metadata.apply(lambda metadata: str(metadata.name))

    def _claim(self, claim: Claim, namespace: pulumi.Output[str], storage_class: str) -> pulumi.Output[str]:
        made = core.PersistentVolumeClaim(
            f"claim-{claim.name}",
            metadata=ObjectMetaArgs(
                name=claim.name, namespace=namespace, labels=dict(claim.labels), annotations=NOT_AWAITED
            ),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": _megabytes(claim.size)}),
                storage_class_name=storage_class or None,
            ),
            opts=self._kept,
        )
        return made.metadata.apply(lambda metadata: str(metadata.name))


def _megabytes(size: int) -> str:
    """Return ``size``, in bytes, as a quantity, rounded up."""
    return f"{-(-size // (1 << 20))}Mi"
