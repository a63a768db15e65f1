#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Preview a deployment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preview
short_description: Preview a deployment
version_added: 0.1.0
description:
  - Returns what a deployment would do, stage by stage, so that a playbook can skip the stages without changes.
  - Changes nothing. If the target does not answer, every stage has changes.
extends_documentation_fragment: [evenkeel.mesh.application]
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: It changes nothing in any mode.
  diff_mode:
    description: Returns a diff of the changes.
    support: none
    details: It changes nothing. The plan is one of its return values.
  idempotent:
    description: Changes nothing.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Preview the deployment
  evenkeel.mesh.preview:
    application: applications/sockshop/compose.yaml
  register: preview

- name: Build or pull the images
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
    - The stages with changes, of C(platform), C(images), C(infrastructure), C(mesh), C(tracing), C(components).
  returned: always
  type: list
  elements: str
  sample: [components]
plan:
  description: The operations of these stages, each with its cause; empty if the target does not answer.
  returned: always
  type: list
  elements: str
  sample: ["start sockshop-payment-1 (it is exited)"]
urls:
  description: The URLs of published ports on the host, by component.
  returned: always
  type: dict
  sample: {edge-router: ["http://localhost/", "http://localhost:8080/"]}
"""
