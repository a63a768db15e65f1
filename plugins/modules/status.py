#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell how an application is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Tell how an application is
version_added: 0.1.0
description:
  - Tells the instances with their versions, health and memory, the releases with their weights, who is at work on the
    application, what a deployment would change, and where published ports are.
  - Changes nothing.
extends_documentation_fragment: [evenkeel.mesh.application]
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: It changes nothing in any mode.
  diff_mode:
    description: Shows what is changed.
    support: none
    details: It changes nothing.
  idempotent:
    description: Changes nothing.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Look at the shop
  evenkeel.mesh.status:
    application: applications/sockshop/compose.yaml
  register: shop

- name: Wait until every instance serves
  ansible.builtin.assert:
    that: shop.status.instances | rejectattr('status.serving') | length == 0
"""

RETURN = r"""
status:
  description:
    - The application as it is. Memory is in bytes, times are seconds since the epoch, weights percent of users.
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
