"""Every manifest is one that Kubernetes 1.35 takes, by its own schema, strictly: no field that it does not know."""

from __future__ import annotations

import kubernetes_validate
from models import generated, shop
from program import registered

KUBERNETES = "1.35"


def test_every_manifest_matches_the_schema() -> None:
    checked = 0
    for application in (shop(), generated(20)):
        for (kind, name), inputs in registered(application, "kubernetes").resources.items():
            if kind.startswith("kubernetes:"):
                assert inputs["metadata"].get("namespace") == (None if kind.endswith(":Namespace") else application.name), name
                kubernetes_validate.validate(inputs, KUBERNETES, strict=True)
                checked += 1
    assert checked > 100
