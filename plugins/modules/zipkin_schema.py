#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load Zipkin's schema into the tracing store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: zipkin_schema
short_description: Load Zipkin's schema into the tracing store
version_added: 0.1.0
description:
  - Starts the MySQL store that the tracing component depends on, and creates Zipkin's tables in it, from the schema in
    Zipkin's own image.
  - Does nothing if the application has no tracing component, or one without such a store.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  timeout:
    description: How long to wait for the store to become healthy, in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
  diff_mode:
    description: Returns the plan as a diff, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing if the tables exist.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Load Zipkin's schema
  evenkeel.mesh.zipkin_schema:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
plan:
  description: The operations, each with its cause.
  returned: always
  type: list
  elements: str
  sample: ["load schema zipkin-db (its tables are missing)"]
store:
  description: The component that stores the spans, empty if there is none.
  returned: always
  type: str
  sample: zipkin-db
"""
