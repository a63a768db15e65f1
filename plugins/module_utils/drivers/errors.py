"""Errors on a target."""

from __future__ import annotations


class DriverError(Exception):
    """The target has refused an operation or failed at it."""


class TargetUnavailable(DriverError):
    """The target does not answer, temporarily or at all."""


class Unhealthy(DriverError):
    """An instance has not become healthy; the message names the container and has the last lines of its log."""


class Cancelled(DriverError):
    """The operation has been cancelled."""


class Busy(Exception):
    """Another run holds the lease; the message says who, since when, and what to do."""


class ImageError(DriverError):
    """An image could not be built or pulled; the message has the last lines of the engine's output."""
