# Copyright (c) The Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that all modules of the collection share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the application and its target."""

    DOCUMENTATION = r"""
options:
  application:
    description: Path of the application's Compose file on the controller.
    type: path
    required: true
  image_source:
    description:
      - Whether services run images that are built from the application's sources, or those published upstream.
    type: str
    choices: [built, upstream]
    default: built
  variables:
    description:
      - Values for C(${NAME}) in the Compose file. They override the controller's environment, which overrides C(.env).
    type: dict
    default: {}
  target:
    description: The target that the application is deployed to. With the inventory of a Pulumi stack, it has to be the stack's.
    type: str
    choices: [docker, kubernetes]
    default: docker
  docker_host:
    description:
      - The address of the Docker engine on the host, as in C(DOCKER_HOST), with C(unix://), C(tcp://) or C(ssh://).
      - The engine has to run on the host of the task, which has the mesh's files and the proxies' sockets.
    type: str
    default: unix:///var/run/docker.sock
  docker_cert_path:
    description: Folder on the host with C(ca.pem), C(cert.pem) and C(key.pem) for TCP. Without it, TCP is not encrypted.
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
    description: Uses the defaults of C(group/evenkeel.mesh.application) in C(module_defaults).
    support: full
    membership: [evenkeel.mesh.application]
"""
