#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run an application's load generator for a limited time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: load
short_description: Run an application's load generator for a limited time
version_added: 0.1.0
description:
  - Runs the component that C(x-mesh.load) names once, in a container that is not part of the application. Its users call
    the gateway's published port on the host, as real users do.
  - The load is limited in users and time, and only sent to the application's host.
  - The container is always removed; if the run is killed, by the next one.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  users:
    description: The number of concurrent users, from 1 to 500.
    type: int
    default: 20
  seconds:
    description: The duration of the load in seconds, from 1 to 3600.
    type: int
    default: 60
  spawn_rate:
    description: The number of users that are started per second, from 0.1 to 100.
    type: float
    default: 5
  report:
    description: The path on the controller for the generator's report, an HTML file.
    type: path
    default: reports/load.html
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
    details: In check mode it generates no load.
  diff_mode:
    description: Returns a diff of the changes.
    support: none
    details: Load does not change the application.
  idempotent:
    description: Changes nothing if the application is in the desired state already.
    support: none
    details: Each run generates load.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Run 50 shoppers for two minutes
  evenkeel.mesh.load:
    application: applications/sockshop/compose.yaml
    users: 50
    seconds: 120
"""

RETURN = r"""
generator:
  description: The component that generates the load.
  returned: always
  type: str
  sample: shopper
target:
  description: The URL that the load is sent to.
  returned: always
  type: str
  sample: http://127.0.0.1:80
totals:
  description: The result of the load. Percentiles are of response times, in milliseconds.
  returned: when the load was generated
  type: dict
  sample:
    {users: 20, requests: 1234, failures: 0, requests_per_second: 20.6, p50: 12, p95: 48, p99: 91, errors: []}
report:
  description: The path of the report on the controller.
  returned: when there is one
  type: str
  sample: /root/reports/load.html
"""
