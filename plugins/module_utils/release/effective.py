"""The effective application: the specification with its promoted versions, its scaling and its releases laid over it."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from ..model.application import Component
from ..model.effective import EffectiveApplication
from ..model.release import HEADER, Audience, Candidate, ComponentVersion, Split
from ..model.specification import Specification
from .state import ApplicationState, Phase, Promoted, Release

TESTER_HEADER = "x-evenkeel-tester"


def effective(specification: Specification, state: ApplicationState) -> EffectiveApplication:
    """Return what ``specification`` and ``state`` together say should run.

    A release that is being promoted counts as promoted already: its version is the component's own, and its candidate's.
    """
    application, references = specification.application, dict(specification.references)
    components, candidates = [], {}
    for component in application.components:
        component = _scaled(component, state)
        promoted = _promoted(component, references.get(component.name, ""), state)
        if promoted:
            references[component.name] = promoted.image
            component = replace(component, environment=_merged(component.environment, promoted.environment))
        release = state.holding(component.name)
        if release:
            candidates[component.name] = _candidate(component, release)
        components.append(component)
    splits = tuple(_split(each) for each in state.releases if each.standing)
    overlay = {"components": tuple(components), "references": references, "candidates": candidates, "splits": splits}
    return EffectiveApplication(**{**vars(application), **overlay})


def promotion(component: Component, image: str, state: ApplicationState, version: ComponentVersion) -> Promoted:
    """Return what makes ``version`` the own one of ``component``, which the file says to have ``image``."""
    before = _in_force(component, image, state)
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


def _promoted(component: Component, image: str, state: ApplicationState) -> Promoted | None:
    """Return the version in place of the file's, by a promotion that is over or one in progress."""
    release = state.holding(component.name)
    if release and (release.phase.promoting or release.phase == Phase.PROMOTED):
        version = next(each for each in release.rollout.versions if each.component == component.name)
        return promotion(component, image, state, version)
    return _in_force(component, image, state)


def _in_force(component: Component, image: str, state: ApplicationState) -> Promoted | None:
    found = state.version(component.name)
    if found and (found.base_image, found.base_environment) == (image, component.environment):
        return found
    return None


def _scaled(component: Component, state: ApplicationState) -> Component:
    found = next((each for each in state.scaled if each.component == component.name), None)
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
    shifting = release.phase in (Phase.SHIFTING, Phase.PROMOTING)
    audiences = (testers, *release.rollout.audiences) if shifting else ()
    mirror = release.rollout.mirror if release.phase == Phase.SHIFTING else 0.0
    return Split(release.name, release.weight, audiences, mirror, release.closed)


def _merged(first: tuple[tuple[str, str], ...], second: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**dict(first), **dict(second)}.items()))
