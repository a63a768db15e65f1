"""What a deployment is asked to run: an application as read from its file, and the references of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .application import Application


@dataclass(frozen=True)
class Specification:
    """An application with the references of its images by name.

    ``source`` is the file that it was read from, ``folder`` the base of relative bind mounts.
    """

    application: Application
    references: Mapping[str, str]
    source: str
    folder: str
