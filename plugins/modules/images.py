#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build or pull the images of an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: images
short_description: Build or pull the images of an application
version_added: 0.1.0
description:
  - Builds what the engine lacks, side by side, from the sources of the application and of the mesh itself. Images are
    named by their content, so what has not changed is not built again.
  - Pulls the images that the model names and the engine lacks.
  - Components without replicas need no image, unless they are named.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  also:
    description: Components without replicas whose images to get too.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
  diff_mode:
    description: Shows the builds and pulls that are needed.
    support: full
  idempotent:
    description: Gets nothing that the engine has.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Get the images of the shop
  evenkeel.mesh.images:
    application: applications/sockshop/compose.yaml

- name: Get those of the load generator too, which is not running
  evenkeel.mesh.images:
    application: applications/sockshop/compose.yaml
    also: [shopper]
"""

RETURN = r"""
plan:
  description: The builds and pulls that were needed.
  returned: always
  type: list
  elements: str
  sample: ["build sockshop-payment (no image evenkeel/sockshop-payment:0123456789ab)"]
"""
