#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Return the status of an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Return the status of an application
version_added: 0.1.0
description:
  - Returns the instances with their versions, health and memory, the releases with their weights, the runs in progress,
    what a deployment would change, and the URLs of published ports.
  - Changes nothing.
extends_documentation_fragment: [evenkeel.mesh.application]
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: It changes nothing in any mode.
  diff_mode:
    description: Returns a diff of the changes.
    support: none
    details: It changes nothing.
  idempotent:
    description: Changes nothing.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Get the status of the shop
  evenkeel.mesh.status:
    application: applications/sockshop/compose.yaml
  register: shop

- name: Check that every instance serves
  ansible.builtin.assert:
    that: shop.status.instances | rejectattr('status.serving') | length == 0
"""

RETURN = r"""
status:
  description:
    - The status. Memory is in bytes, times are in seconds since the epoch, weights in percent of users.
  returned: always
  type: dict
  sample:
    application: sockshop
    instances:
      - instance: {component: orders, version: stable, ordinal: 1}
        status:
          image: evenkeel/sockshop-orders:0123456789ab
          state: running
          health: healthy
          memory_limit: 1073741824
          serving: true
        memory: 52428800
    releases: [{name: orders, phase: shifting, weight: 10.0, components: [orders], by: me@here, began: 1767225600.0, reason: ""}]
    holders: [{purpose: release, by: me@here, since: 1767225600.0, release: orders}]
    pending: []
    urls: {edge-router: ["http://localhost/"]}
text:
  description: The same as lines of text.
  returned: always
  type: list
  elements: str
  sample: ["orders-1  running  serving  50M of 1024M"]
"""
