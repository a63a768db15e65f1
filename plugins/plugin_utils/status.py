"""The status of an application as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..module_utils.model.status import moment

Status = Mapping[str, Any]


def status_lines(status: Status) -> list[str]:
    """Return ``status``, as the status workflow gives it, line by line."""
    return [status["application"], *_instances(status), *_releases(status), *_holders(status), *_pending(status), *_urls(status)]


def _instances(status: Status) -> Iterator[str]:
    rows = [("INSTANCE", "STATE", "HEALTH", "TRAFFIC", "MEMORY", "IMAGE")]
    for each in status["instances"]:
        about = each["status"]
        limit = f" of {_megabytes(about['memory_limit'])}" if about["memory_limit"] else ""
        traffic = "serving" if about["serving"] else "-"
        rows.append(
            (
                _name(each["instance"]),
                about["state"],
                about["health"] or "-",
                traffic,
                f"{_megabytes(each['memory'])}{limit}",
                about["image"],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _name(instance: Mapping[str, Any]) -> str:
    version = "-candidate" if instance["version"] == "candidate" else ""
    return f"{instance['component']}{version}-{instance['ordinal']}"


def _releases(status: Status) -> Iterator[str]:
    for each in status["releases"]:
        reason = f": {each['reason']}" if each["reason"] else ""
        components = ", ".join(each["components"])
        yield f"release {each['name']} ({components}): {each['phase']} at {each['weight']:g} %, by {each['by']}{reason}"


def _holders(status: Status) -> Iterator[str]:
    for each in status["holders"]:
        what = f"{each['purpose']} {each['release']}".rstrip()
        yield f"in progress: {what}, by {each['by']} since {moment(each['since'])}"


def _pending(status: Status) -> Iterator[str]:
    yield from (f"a deployment would: {each}" for each in status["pending"])


def _urls(status: Status) -> Iterator[str]:
    for component, urls in (status["urls"] or {}).items():
        yield f"{component}: {', '.join(urls)}"


def _megabytes(size: int) -> str:
    return f"{size >> 20}M"
