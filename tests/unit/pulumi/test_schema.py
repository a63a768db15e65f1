"""Every manifest is valid by the strict schema of Kubernetes 1.35, without unknown fields."""

from __future__ import annotations

import kubernetes_validate
from models import generate_application, shop
from program import register_stack

KUBERNETES = "1.35"


def test_every_manifest_matches_the_schema() -> None:
    checked = 0
    for application in (shop(), generate_application(20)):
        for (kind, name), inputs in register_stack(application, "kubernetes").resources.items():
            if kind.startswith("kubernetes:"):
                assert inputs["metadata"].get("namespace") == (None if kind.endswith(":Namespace") else application.name), name
                kubernetes_validate.validate(inputs, KUBERNETES, strict=True)
                checked += 1
    assert checked > 100
