#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: teardown
short_description: Remove an application
version_added: 0.1.0
description:
  - Removes the application's containers, its network and the mesh's files. Volumes and secrets are kept for the next
    deployment, unless O(delete_data) is set.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  delete_data:
    description: Whether to delete the volumes and the secrets too. This cannot be undone.
    type: bool
    default: false
  keep_infrastructure:
    description: Whether to keep the network too, because a Pulumi stack owns it. Its volumes are deleted by the stack only.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
  diff_mode:
    description: Returns the plan as a diff, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing if nothing of the application is left.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Remove the shop and keep its data
  evenkeel.mesh.teardown:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
plan:
  description: The operations, each with its cause.
  returned: always
  type: list
  elements: str
  sample: ["remove sockshop-payment-1 (taken down)"]
"""
