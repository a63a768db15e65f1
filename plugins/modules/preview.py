#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell what a deployment would do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preview
short_description: Tell what a deployment would do
version_added: 0.1.0
description:
  - Tells what a deployment would do, stage by stage, so that a run in which nothing is to do is over at once.
  - Changes nothing. Without a target every stage has something to do.
extends_documentation_fragment: [evenkeel.mesh.application]
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: It changes nothing in any mode.
  diff_mode:
    description: Shows what is changed.
    support: none
    details: It changes nothing. The plan is among what it returns.
  idempotent:
    description: Changes nothing.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Look at what is there
  evenkeel.mesh.preview:
    application: applications/sockshop/compose.yaml
  register: preview

- name: Get the images
  ansible.builtin.include_role:
    name: evenkeel.mesh.images
  when: "'images' in preview.stages"
"""

RETURN = r"""
engine:
  description: Whether the target answers.
  returned: always
  type: bool
  sample: true
stages:
  description:
    - The stages to go through, of C(platform), C(images), C(infrastructure), C(mesh), C(tracing), C(components).
  returned: always
  type: list
  elements: str
  sample: [components]
plan:
  description: What that is, one operation each; empty where the target does not answer.
  returned: always
  type: list
  elements: str
  sample: ["start sockshop-payment-1 (it is exited)"]
urls:
  description: Where components that publish ports are found on the host.
  returned: always
  type: dict
  sample: {edge-router: ["http://localhost/", "http://localhost:8080/"]}
"""
