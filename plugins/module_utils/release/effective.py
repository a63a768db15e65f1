"""The effective application: the specification with promoted versions, scaling and releases applied."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from ..model.application import Component
from ..model.effective import EffectiveApplication
from ..model.release import HEADER, Audience, Candidate, ComponentVersion, Split
from ..model.specification import Specification
from .state import ApplicationState, Phase, PromotedVersion, Release

TESTER_HEADER = "x-evenkeel-tester"


def effective(specification: Specification, state: ApplicationState) -> EffectiveApplication:
    """Return what should run by ``specification`` and ``state``.

    A release that is being promoted counts as promoted: stable and candidate are both its version.
    """
    application, references = specification.application, dict(specification.references)
    components, candidates = [], {}
    for component in application.components:
        component = _scaled(component, state)
        promoted = _promoted(component, references.get(component.name, ""), state)
        if promoted:
            references[component.name] = promoted.image
            component = replace(component, environment=_merge(component.environment, promoted.environment))
        release = state.release_of(component.name)
        if release:
            candidates[component.name] = _candidate(component, release)
        components.append(component)
    splits = tuple(_split(release) for release in state.releases if release.standing)
    overlay = {"components": tuple(components), "references": references, "candidates": candidates, "splits": splits}
    return EffectiveApplication(**{**vars(application), **overlay})


def promotion(component: Component, image: str, state: ApplicationState, version: ComponentVersion) -> PromotedVersion:
    """Return the promotion of ``version`` to the stable version of ``component``, whose image in the file is ``image``."""
    current = _current_promotion(component, image, state)
    return PromotedVersion(
        component=component.name,
        image=version.image or (current.image if current else image),
        environment=_merge(current.environment if current else (), version.environment),
        base_image=image,
        base_environment=component.environment,
    )


def replicas_at(weight: float, replicas: int) -> int:
    """Return the replicas of a candidate at ``weight`` percent of the users, if all users need ``replicas``."""
    return max(1, ceil(replicas * weight / 100))


def _promoted(component: Component, image: str, state: ApplicationState) -> PromotedVersion | None:
    """Return the version that replaces the file's, by a completed promotion or one in progress."""
    release = state.release_of(component.name)
    if release and (release.phase.promoting or release.phase == Phase.PROMOTED):
        return promotion(component, image, state, _version(component, release))
    return _current_promotion(component, image, state)


def _current_promotion(component: Component, image: str, state: ApplicationState) -> PromotedVersion | None:
    promoted = state.promoted_version(component.name)
    if promoted and (promoted.base_image, promoted.base_environment) == (image, component.environment):
        return promoted
    return None


def _scaled(component: Component, state: ApplicationState) -> Component:
    scaled = next((scaled for scaled in state.scaled if scaled.component == component.name), None)
    if not scaled:
        return component
    replicas = scaled.replicas if component.replicas == scaled.base_replicas else component.replicas
    memory = scaled.memory if component.memory == scaled.base_memory else component.memory
    return replace(component, replicas=replicas, memory=memory)


def _version(component: Component, release: Release) -> ComponentVersion:
    return next(version for version in release.rollout.versions if version.component == component.name)


def _candidate(component: Component, release: Release) -> Candidate:
    version = _version(component, release)
    return Candidate(release.name, replicas_at(release.scale, component.replicas), version.image, version.environment)


def _split(release: Release) -> Split:
    testers = Audience(HEADER, TESTER_HEADER, (release.tester,))
    shifting = release.phase in (Phase.SHIFTING, Phase.PROMOTING)
    audiences = (testers, *release.rollout.audiences) if shifting else ()
    mirror = release.rollout.mirror if release.phase == Phase.SHIFTING else 0.0
    return Split(release.name, release.weight, audiences, mirror, release.closed)


def _merge(base: tuple[tuple[str, str], ...], overrides: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**dict(base), **dict(overrides)}.items()))
