#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roll out new versions of components step by step, behind health gates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Roll out new versions of components step by step, behind health gates
version_added: 0.1.0
description:
  - Runs candidates beside the stable versions, shifts a rising percentage of the users to them, and compares both over the
    same time at each weight. A candidate that is worse is rolled back; one that passes every gate is promoted to stable.
  - Release state is stored on the target. An interrupted rollout can be resumed, also from another controller.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  action:
    description:
      - The action. C(roll_out) starts a release or resumes it; C(resume) resumes it as it is stored.
      - C(pause), C(resume), C(promote) and C(abort) are passed on to the run that has the release, if there is one.
    type: str
    choices: [roll_out, status, pause, resume, promote, abort, retry]
    default: roll_out
  release:
    description:
      - The path of a release file; if empty, C(x-mesh.release) of the application file.
      - For all actions except C(roll_out), the name of a release is accepted too.
    type: path
  component:
    description: The component to release, instead of those of the release file.
    type: str
  image:
    description: The image of the candidate.
    type: str
  env:
    description: Environment variables of the candidate besides the component's, a mapping or comma-separated C(NAME=value) pairs.
    type: raw
  weight:
    description: The percentage of users to shift to; if empty, the rollout goes through all weights of the release.
    type: float
  weights:
    description: The rising percentages of users of the rollout, instead of those of the release file.
    type: list
    elements: float
  mirror:
    description: The percentage of read-only requests to the stable version that are mirrored to the candidate.
    type: float
  reports:
    description: The folder on the controller for the HTML reports of releases.
    type: path
    default: reports
  generate_load:
    description:
      - Whether to supplement too little traffic with the application's load generator, C(x-mesh.load). Half of its users
        get the candidates. If empty, as the release says.
    type: bool
  users:
    description: The number of users of the load generator, from 1 to 500; if empty, that of the release, or else 20.
    type: int
  back_on_interrupt:
    description: Whether to roll back when the run is interrupted. Otherwise the release holds its weight.
    type: bool
    default: false
  timeout:
    description: How long to wait for candidates to become healthy, in seconds.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
  diff_mode:
    description: Returns what would be done as a diff.
    support: partial
    details: Only in check mode. What a release does depends on its measurements.
  idempotent:
    description: Changes nothing if the application is in the desired state already.
    support: none
    details: A finished release is run again when requested. A release in progress is resumed.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Shift 10 % of the users to a candidate of orders
  evenkeel.mesh.release:
    application: applications/sockshop/compose.yaml
    component: orders
    env: {SERVICE_VERSION: 2.0.0}
    weight: 10
"""

RETURN = r"""
release:
  description: The release as it is stored.
  returned: always
  type: dict
  sample: {phase: shifting, weight: 10.0}
generator:
  description: The component that generates load in this release, empty if none does.
  returned: always
  type: str
  sample: shopper
report:
  description: The path of the HTML report on the controller.
  returned: when the release has completed a step
  type: str
  sample: reports/orders-20260102-030405.html
summary:
  description: A summary of the release, line by line.
  returned: always
  type: list
  elements: str
  sample: ["orders: shifting"]
"""
