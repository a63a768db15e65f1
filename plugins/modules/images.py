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
  - Builds the images that the engine lacks, concurrently, from the sources of the application and of the mesh itself. An
    image's tag is the hash of its content, so an unchanged one is not built again.
  - Pulls the images that the application file names and the engine lacks.
  - Skips components without replicas, unless O(also) names them.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  also:
    description: Components without replicas whose images are built or pulled too.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check mode, and returns what it would do.
    support: full
  diff_mode:
    description: Returns the builds and pulls that are needed as a diff.
    support: full
  idempotent:
    description: Neither builds nor pulls an image that the engine has.
    support: full
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Build or pull the images of the shop
  evenkeel.mesh.images:
    application: applications/sockshop/compose.yaml

- name: Include the load generator, which has no replicas
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
