"""Names and labels on a cluster: the one place that both Ansible and Pulumi take them from.

Labels are those of https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
"""

from __future__ import annotations

NAME = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"


def labels(application: str, component: str = "") -> dict[str, str]:
    """Return the labels of what belongs to ``application``, and to one of its components."""
    of_component = {NAME: component} if component else {}
    return {PART_OF: application, MANAGED_BY: "evenkeel", **of_component}


def selector(application: str, component: str) -> dict[str, str]:
    """Return the labels that the pods of a component are known by."""
    return {PART_OF: application, NAME: component}
