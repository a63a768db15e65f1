"""The report of a release: one self-contained HTML file with its steps, figures and charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from ..module_utils.model.instance import Version

WIDTH, HEIGHT, AXIS = 900, 180, 20
Release = Mapping[str, Any]
Measure = Callable[[Mapping[str, Any], Mapping[str, Any], float], float]


def report(release: Release) -> str:
    """Return the HTML report of ``release``, as returned by ``release_to_wire``."""
    began = datetime.fromtimestamp(release["began"]).astimezone()
    seconds = release["ended"] - release["began"]
    template = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("report.html.j2")
    return template.render(
        release=release,
        began=began.strftime("%Y-%m-%d %H:%M:%S %Z"),
        duration=f"{seconds:.0f} s" if release["ended"] else "",
        unsuccessful=release["phase"] in ("failed", "aborted"),
        charts=list(_charts(release)),
    )


def _charts(release: Release) -> Iterator[dict[str, Any]]:
    components = [version["component"] for version in release["rollout"]["versions"]]
    measures: tuple[tuple[str, str, Measure], ...] = (
        ("requests a second", "/s", lambda now, before, seconds: (now["requests"] - before["requests"]) / seconds),
        ("errors in percent", " %", _errors),
        ("95th percentile of the latency in the step", " ms", lambda now, before, seconds: float(now["p95"])),
    )
    for component in components:
        for title, unit, measure in measures:
            lines = {str(version): _line(release, component, version, measure) for version in (Version.CANDIDATE, Version.STABLE)}
            if any(lines.values()):
                yield _chart(release, f"{component}, {title}", unit, lines)


def _errors(now: Mapping[str, Any], before: Mapping[str, Any], seconds: float) -> float:
    requests = now["requests"] - before["requests"]
    return 100 * (now["errors"] - before["errors"]) / requests if requests else 0.0


def _line(release: Release, component: str, version: str, measure: Measure) -> list[tuple[float, float]]:
    """Return the points of a chart line: seconds since the first step began, and the value of the measure."""
    points, began = [], 0.0
    for step in release["steps"]:
        before, last = {"requests": 0, "errors": 0}, 0.0
        for observation in step["seen"]:
            for point in observation["points"] if observation["component"] == component else ():
                if point["at"] > last:
                    points.append((began + point["at"], measure(point[version], before, point["at"] - last)))
                    before, last = point[version], point["at"]
        began += step["seconds"]
    return points


def _chart(release: Release, title: str, unit: str, lines: Mapping[str, list[tuple[float, float]]]) -> dict[str, Any]:
    total = sum(step["seconds"] for step in release["steps"]) or 1.0
    maximum = max((value for line in lines.values() for _at, value in line), default=0.0)
    areas, began = [], 0.0
    for step in release["steps"]:
        width = WIDTH * step["seconds"] / total
        areas.append({"x": round(WIDTH * began / total, 1), "width": round(width, 1), "label": f"{step['weight']:g} %"})
        began += step["seconds"]
    polylines = {
        name: " ".join(
            f"{WIDTH * at / total:.1f},{HEIGHT - AXIS - (HEIGHT - 2 * AXIS) * value / (maximum or 1):.1f}" for at, value in line
        )
        for name, line in lines.items()
    }
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "maximum": f"{maximum:.3g}{unit}",
        "areas": areas,
        "lines": polylines,
    }
