#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring an application to its file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy
short_description: Bring an application to its file
version_added: 0.1.0
description:
  - Looks at what the target has of the application, plans the operations that are needed, each with its cause, and
    carries them out as concurrently as their order allows.
  - An instance is done when it is healthy. One that does not become so is named with the last lines of its log.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  parts:
    description:
      - What to look after. C(infrastructure) is the network, volumes and secrets, C(mesh) the configuration of the
        proxies, C(components) the containers.
    type: list
    elements: str
    choices: [infrastructure, mesh, components]
    default: [infrastructure, mesh, components]
  only:
    description: Names of components to which the part C(components) is limited; all of them where it is empty.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that an instance has to become healthy.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
  diff_mode:
    description: Shows the plan, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing where everything is as wanted.
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
  description: The operations, each with its cause, in an order in which they can be done.
  returned: always
  type: list
  elements: str
  sample: ["create sockshop-payment-1 (missing)"]
"""
