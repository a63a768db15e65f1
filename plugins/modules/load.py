#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let an application's load generator loose on it, for a time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: load
short_description: Let an application's load generator loose on it, for a time
version_added: 0.1.0
description:
  - Runs the component that C(x-mesh.load) names once, in a container that is no part of the application. Its users come in
    by the gateway's published port on the host, as real ones do.
  - Load is bounded in users and in time, and never sent to another machine than the application's host.
  - The container is removed in every case; what a run left that was killed is removed by the next one.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  users:
    description: How many users there are at a time, from 1 to 500.
    type: int
    default: 20
  seconds:
    description: How long the load lasts, from 1 to 3600.
    type: int
    default: 60
  spawn_rate:
    description: How many users come a second until all are there, from 0.1 to 100.
    type: float
    default: 5
  report:
    description: Where on the controller to put the generator's report, an HTML file.
    type: path
    default: reports/load.html
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
    details: It makes no load then.
  diff_mode:
    description: Shows what is changed.
    support: none
    details: Nothing of the application is changed by load.
  idempotent:
    description: Changes nothing where everything is as wanted.
    support: none
    details: Each run makes load.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Let 50 shoppers loose for two minutes
  evenkeel.mesh.load:
    application: applications/sockshop/compose.yaml
    users: 50
    seconds: 120
"""

RETURN = r"""
generator:
  description: The component that makes the load.
  returned: always
  type: str
  sample: shopper
target:
  description: Where the load goes to.
  returned: always
  type: str
  sample: http://127.0.0.1:80
totals:
  description: What came of it. Percentiles are of the times to answer, in milliseconds.
  returned: when the load was made
  type: dict
  sample:
    {users: 20, requests: 1234, failures: 0, requests_per_second: 20.6, p50: 12, p95: 48, p99: 91, errors: []}
report:
  description: Where the report is on the controller.
  returned: when there is one
  type: str
  sample: /root/reports/load.html
"""
