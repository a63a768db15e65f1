#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take an application down."""

from __future__ import annotations

DOCUMENTATION = r"""
module: teardown
short_description: Take an application down
version_added: 0.1.0
description:
  - Removes the application's containers, its network and the mesh's files. Volumes and secrets stay, so that the next
    deployment finds its data, unless O(delete_data) is set.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  delete_data:
    description: Whether to delete the volumes and the secrets too. There is no way back.
    type: bool
    default: false
  keep_infrastructure:
    description: Whether the network stays too, as what a Pulumi stack has made. Such volumes are for the stack to delete.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
  diff_mode:
    description: Shows the plan, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing where nothing of the application is left.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Take the shop down and keep its data
  evenkeel.mesh.teardown:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
plan:
  description: What was removed.
  returned: always
  type: list
  elements: str
  sample: ["remove sockshop-payment-1 (not in the model)"]
"""
