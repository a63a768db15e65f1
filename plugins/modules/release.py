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
  - Runs candidates beside the stable versions, gives them a rising share of the users, and compares both over the same
    time at each weight. A candidate that is worse is taken back; one that passes every gate takes the place of the stable
    version.
  - Release state is stored on the target. An interrupted rollout can be resumed, also from another machine.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  action:
    description:
      - What to do. C(roll_out) begins a release or resumes it; C(resume) resumes it as it is stored.
      - C(pause), C(resume), C(promote) and C(abort) are passed on to the run that has the release, if there is one.
    type: str
    choices: [roll_out, status, pause, resume, promote, abort, retry]
    default: roll_out
  release:
    description:
      - The path of a release file; C(x-mesh.release) of the application file where it is empty.
      - For all other actions than C(roll_out) the name of a release will do.
    type: path
  component:
    description: The component to release, in place of those of the release file.
    type: str
  image:
    description: The image of the candidate.
    type: str
  env:
    description: Variables of the candidate besides those that the component has, as a mapping or as C(NAME=value) with commas.
    type: raw
  weight:
    description: The percentage of users to go to; all weights of the release where it is empty.
    type: float
  weights:
    description: The percentages of users to go through, rising, in place of those of the release file.
    type: list
    elements: float
  mirror:
    description: The percentage of read-only requests to the stable version that go to the candidate too.
    type: float
  reports:
    description: The folder on the controller for the HTML reports of releases.
    type: path
    default: reports
  generate_load:
    description:
      - Whether to make up for too little traffic with the application's load generator, C(x-mesh.load). Half of its users
        have the candidates. As the release says where it is empty.
    type: bool
  users:
    description: How many users the load generator has, from 1 to 500; 20 where the release says nothing either.
    type: int
  back_on_interrupt:
    description: Whether to go back when the run is interrupted. Otherwise the release holds where it is.
    type: bool
    default: false
  timeout:
    description: Seconds that candidates have to become healthy.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
  diff_mode:
    description: Shows what would be done.
    support: partial
    details: In check mode alone. What a release does depends on what is seen on the way.
  idempotent:
    description: Changes nothing where everything is as wanted.
    support: none
    details: What has ended is released again when that is asked for. A release in progress is resumed.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Give 10 % of the users a candidate of orders
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
  description: The component that makes load in this release, empty where none is to.
  returned: always
  type: str
  sample: shopper
report:
  description: The path of the HTML report on the controller.
  returned: when the release has gone through a step
  type: str
  sample: reports/orders-20260102-030405.html
summary:
  description: What is to be said of it, line by line.
  returned: always
  type: list
  elements: str
  sample: ["orders: shifting"]
"""
