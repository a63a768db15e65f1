#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scale a running component, or advise on the replicas and memory of components."""

from __future__ import annotations

DOCUMENTATION = r"""
module: scale
short_description: Scale a running component, or advise on the replicas and memory of components
version_added: 0.1.0
description:
  - Changes the replicas and the memory of a running component without a failed request. The change stays in effect until the
    replicas or the memory in the application file change.
  - Without O(replicas) and O(memory) it measures what components use and advises what they should have, within the bounds of
    C(x-mesh.scale); with O(auto) it applies the advice.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  component:
    description: The component; if empty, the advice is for all components.
    type: str
    default: ""
  replicas:
    description: The number of instances.
    type: int
  memory:
    description: The memory of each instance, such as C(512M).
    type: str
  auto:
    description: Whether to apply the advice.
    type: bool
    default: false
  seconds:
    description: How long to measure before each advice, in seconds.
    type: int
    default: 10
  rounds:
    description: How often to measure, and to apply the advice with O(auto).
    type: int
    default: 1
  timeout:
    description: How long to wait for instances to become healthy, in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
    details: It measures and advises in check mode too.
  diff_mode:
    description: Returns the plan as a diff, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing if the application is in the desired state already.
    support: partial
    details: With O(auto) it changes with the usage.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Give orders a second instance and more memory
  evenkeel.mesh.scale:
    application: applications/sockshop/compose.yaml
    component: orders
    replicas: 2
    memory: 1536M

- name: Measure for five minutes, and apply the advice
  evenkeel.mesh.scale:
    application: applications/sockshop/compose.yaml
    auto: true
    seconds: 30
    rounds: 10
"""

RETURN = r"""
plan:
  description: The operations, each with its cause.
  returned: always
  type: list
  elements: str
  sample: ["create sockshop-orders-2 (missing)"]
advice:
  description: The advised changes, and those that a bound prevents.
  returned: always
  type: list
  elements: str
  sample: ["orders: 2 replicas: 95 % of its requests take up to 700 ms, the band ends at 500 ms"]
"""
