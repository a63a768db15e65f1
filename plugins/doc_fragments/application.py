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
  target:
    description: What the application is deployed to. It has to be that of the stack where the inventory is of one.
    type: str
    choices: [docker, kubernetes]
    default: docker
  docker_host:
    description:
      - Where the Docker engine of the host is, as in C(DOCKER_HOST), by C(unix://), C(tcp://) or C(ssh://).
      - It has to be an engine of the host that the task runs on. The mesh's files are there, and its proxies' sockets.
    type: str
    default: unix:///var/run/docker.sock
  docker_cert_path:
    description: Folder on the host with C(ca.pem), C(cert.pem) and C(key.pem) for TCP. Without it TCP is not encrypted.
    type: str
  directory:
    description: Folder on the target host for the mesh's files, secrets and state.
    type: str
    default: /var/lib/evenkeel
attributes:
  action:
    description: Runs on the controller first, where the application is read and validated.
    support: full
  action_group:
    description: Takes defaults of C(group/evenkeel.mesh.application) in C(module_defaults).
    support: full
    membership: [evenkeel.mesh.application]
"""
