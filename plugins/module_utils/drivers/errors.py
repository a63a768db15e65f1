"""What may go wrong on a target."""

from __future__ import annotations


class DriverError(Exception):
    """The target refused something, or did not do it."""


class TargetUnavailable(DriverError):
    """The target does not answer, for now or at all."""


class Unhealthy(DriverError):
    """An instance did not become healthy; the message names the part and has the last lines of its log."""


class Cancelled(DriverError):
    """What was being done is not wanted any more."""


class Busy(Exception):
    """Another run holds what is needed; the message says who, since when, and the way out."""


class ImageError(DriverError):
    """An image could not be built or pulled; the message has the last lines of what the engine said."""
