"""What is asked to run: an application file as it was read, and the images that it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .application import Application


@dataclass(frozen=True)
class Specification:
    """An application with the references of its images by name.

    ``source`` is the file that it was read from, ``folder`` the one that relative bind mounts are meant from.
    """

    application: Application
    references: Mapping[str, str]
    source: str
    folder: str
