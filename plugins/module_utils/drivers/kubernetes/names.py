"""Names and labels on a cluster, which both Ansible and Pulumi use.

The labels are those of https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
"""

from __future__ import annotations

NAME = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"


def labels(application: str, component: str = "") -> dict[str, str]:
    """Return the labels of the resources of ``application``, or of one of its components."""
    of_component = {NAME: component} if component else {}
    return {PART_OF: application, MANAGED_BY: "evenkeel", **of_component}


def selector(application: str, component: str) -> dict[str, str]:
    """Return the labels that select the pods of a component."""
    return {PART_OF: application, NAME: component}
