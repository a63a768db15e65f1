#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deploy an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy
short_description: Deploy an application
version_added: 0.1.0
description:
  - Compares the application file with what runs on the target, plans the operations that are needed, each with its cause,
    and executes them concurrently, as far as their order allows.
  - Waits until every instance is healthy. The error for one that does not become healthy has the last lines of its log.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  parts:
    description:
      - The parts to deploy. C(infrastructure) is the network, volumes and secrets, C(mesh) the configuration of the
        proxies, C(components) the containers.
    type: list
    elements: str
    choices: [infrastructure, mesh, components]
    default: [infrastructure, mesh, components]
  only:
    description: Names of the components to which the part C(components) is limited; if empty, all components.
    type: list
    elements: str
    default: []
  timeout:
    description: How long to wait for an instance to become healthy, in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
  diff_mode:
    description: Returns the plan as a diff, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing if the application is in the desired state already.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Deploy the components of a shop
  evenkeel.mesh.deploy:
    application: applications/sockshop/compose.yaml
    parts: [components]
"""

RETURN = r"""
plan:
  description: The operations, each with its cause, in an order that respects their dependencies.
  returned: always
  type: list
  elements: str
  sample: ["create sockshop-payment-1 (missing)"]
"""
