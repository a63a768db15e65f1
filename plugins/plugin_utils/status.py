"""The status of an application as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..module_utils.model.status import moment

Status = Mapping[str, Any]


def status_lines(status: Status) -> list[str]:
    """Return ``status``, as returned by the status workflow, as lines of text."""
    return [status["application"], *_instances(status), *_releases(status), *_holders(status), *_pending(status), *_urls(status)]


def _instances(status: Status) -> Iterator[str]:
    rows = [("INSTANCE", "STATE", "HEALTH", "TRAFFIC", "MEMORY", "IMAGE")]
    for entry in status["instances"]:
        instance = entry["status"]
        limit = f" of {_megabytes(instance['memory_limit'])}" if instance["memory_limit"] else ""
        traffic = "serving" if instance["serving"] else "-"
        rows.append(
            (
                _name(entry["instance"]),
                instance["state"],
                instance["health"] or "-",
                traffic,
                f"{_megabytes(entry['memory'])}{limit}",
                instance["image"],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _name(instance: Mapping[str, Any]) -> str:
    version = "-candidate" if instance["version"] == "candidate" else ""
    return f"{instance['component']}{version}-{instance['ordinal']}"


def _releases(status: Status) -> Iterator[str]:
    for release in status["releases"]:
        reason = f": {release['reason']}" if release["reason"] else ""
        name = f"{release['name']} ({', '.join(release['components'])})"
        yield f"release {name}: {release['phase']} at {release['weight']:g} %, by {release['by']}{reason}"


def _holders(status: Status) -> Iterator[str]:
    for holder in status["holders"]:
        what = f"{holder['purpose']} {holder['release']}".rstrip()
        yield f"in progress: {what}, by {holder['by']} since {moment(holder['since'])}"


def _pending(status: Status) -> Iterator[str]:
    yield from (f"a deployment would: {operation}" for operation in status["pending"])


def _urls(status: Status) -> Iterator[str]:
    for component, urls in (status["urls"] or {}).items():
        yield f"{component}: {', '.join(urls)}"


def _megabytes(size: int) -> str:
    return f"{size >> 20}M"
