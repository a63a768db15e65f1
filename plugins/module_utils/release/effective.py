"""The application as its releases make it: versions that were promoted, candidates beside them, and how users are split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from ..model.application import Application, Component
from ..model.release import HEADER, Audience, Candidate, Split, Version
from .state import CLEARING, PROMOTED, PROMOTING, SHIFTING, Ledger, Promoted, Release

TESTER_HEADER = "x-evenkeel-tester"
_PROMOTING = (PROMOTING, CLEARING, PROMOTED)


def overlaid(application: Application, images: Mapping[str, str], ledger: Ledger) -> tuple[Application, dict[str, str]]:
    """Return ``application`` and its images, references by name, as the releases on record make them.

    A release that is being promoted counts as promoted already: its version is the component's own, and its candidate's.
    """
    known = dict(images)
    components = []
    for component in application.components:
        component = _scaled(component, ledger)
        promoted = _promoted(component, images.get(component.name, ""), ledger)
        if promoted:
            known[component.name] = promoted.image
            component = replace(component, environment=_merged(component.environment, promoted.environment))
        release = ledger.holding(component.name)
        components.append(replace(component, candidate=_candidate(component, release)) if release else component)
    standing = [release for release in ledger.releases if release.standing]
    return replace(application, components=tuple(components), splits=tuple(_split(each) for each in standing)), known


def promotion(component: Component, image: str, ledger: Ledger, version: Version) -> Promoted:
    """Return what makes ``version`` the own one of ``component``, which the file says to have ``image``."""
    before = _in_force(component, image, ledger)
    return Promoted(
        component=component.name,
        image=version.image or (before.image if before else image),
        environment=_merged(before.environment if before else (), version.environment),
        base_image=image,
        base_environment=component.environment,
    )


def replicas_at(weight: float, replicas: int) -> int:
    """Return how many instances of a candidate its share of the users needs, where all of them need ``replicas``."""
    return max(1, ceil(replicas * weight / 100))


def _promoted(component: Component, image: str, ledger: Ledger) -> Promoted | None:
    """Return the version in place of the file's, by a promotion that is over or one under way."""
    release = ledger.holding(component.name)
    if release and release.phase in _PROMOTING:
        version = next(each for each in release.rollout.versions if each.component == component.name)
        return promotion(component, image, ledger, version)
    return _in_force(component, image, ledger)


def _in_force(component: Component, image: str, ledger: Ledger) -> Promoted | None:
    found = ledger.version(component.name)
    if found and (found.base_image, found.base_environment) == (image, component.environment):
        return found
    return None


def _scaled(component: Component, ledger: Ledger) -> Component:
    found = next((each for each in ledger.scaled if each.component == component.name), None)
    if not found:
        return component
    replicas = found.replicas if component.replicas == found.base_replicas else component.replicas
    memory = found.memory if component.memory == found.base_memory else component.memory
    return replace(component, replicas=replicas, memory=memory)


def _candidate(component: Component, release: Release) -> Candidate:
    version = next(each for each in release.rollout.versions if each.component == component.name)
    return Candidate(release.name, replicas_at(release.scale, component.replicas), version.image, version.environment)


def _split(release: Release) -> Split:
    testers = Audience(HEADER, TESTER_HEADER, (release.tester,))
    audiences = (testers, *release.rollout.audiences) if release.phase in (SHIFTING, PROMOTING) else ()
    mirror = release.rollout.mirror if release.phase == SHIFTING else 0.0
    return Split(release.name, release.weight, audiences, mirror, release.closed)


def _merged(first: tuple[tuple[str, str], ...], second: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**dict(first), **dict(second)}.items()))
