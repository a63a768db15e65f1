# Copyright (c) The Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that every module of the collection shares."""

from __future__ import annotations


class ModuleDocFragment:
    """The application that a module works on."""

    DOCUMENTATION = r"""
options:
  application:
    description: Path of the application's Compose file on the controller.
    type: path
    required: true
  image_source:
    description:
      - Whether services run from images that are built from this application's sources, or from those published upstream.
    type: str
    choices: [built, upstream]
    default: built
  variables:
    description:
      - Values for C(${NAME}) in the Compose file. They win over the controller's environment, and that over C(.env).
    type: dict
    default: {}
  directory:
    description: Folder on the target host for the mesh's files, secrets and state.
    type: path
    default: /var/lib/evenkeel
attributes:
  action:
    description: Runs on the controller first, where the application is read and validated.
    support: full
  action_group:
    description: Takes defaults of C(group/evenkeel.mesh.application) in C(module_defaults).
    support: full
    membership: [evenkeel.mesh.application]
  check_mode:
    description: Can run in check mode, and tells then what it would do.
    support: full
  diff_mode:
    description: Shows the plan, each operation with its cause.
    support: full
  idempotent:
    description: Changes nothing where everything is as wanted.
    support: full
"""
