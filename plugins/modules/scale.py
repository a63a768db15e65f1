#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give a running component replicas and memory, or tell what components should have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: scale
short_description: Give a running component replicas and memory, or tell what components should have
version_added: 0.1.0
description:
  - Changes the replicas and the memory of a running component without a failed request. What is given holds for as long as
    the application file says what it said then.
  - Without O(replicas) and O(memory) it looks at what components use and tells what they should have, within the bounds of
    C(x-mesh.scale); with O(auto) it gives them that.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  component:
    description: The component; all of them where it is empty, for advice.
    type: str
    default: ""
  replicas:
    description: Number of instances.
    type: int
  memory:
    description: The memory of each instance, such as C(512M).
    type: str
  auto:
    description: Whether to follow the advice.
    type: bool
    default: false
  seconds:
    description: How long to look before each advice.
    type: int
    default: 10
  rounds:
    description: How often to look, and to follow the advice where O(auto).
    type: int
    default: 1
  timeout:
    description: Seconds that instances have to become healthy.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
    details: It looks, and advises, in check mode too.
  diff_mode:
    description: Shows the plan, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing where everything is as wanted.
    support: partial
    details: With O(auto) it follows what components use.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Give orders a second instance and more memory
  evenkeel.mesh.scale:
    application: applications/sockshop/compose.yaml
    component: orders
    replicas: 2
    memory: 1536M

- name: Look at what components need for five minutes, and give them that
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
  description: What should be changed, and what a bound forbids.
  returned: always
  type: list
  elements: str
  sample: ["orders: 2 replicas: 95 % of its requests take up to 700 ms, the band ends at 500 ms"]
"""
