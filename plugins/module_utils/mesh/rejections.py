"""Finds the keys of the file that make Envoy reject the configuration, by elimination, so that it works for any key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from ..model.application import Application
from ..model.errors import Rejection
from .envoy import Config
from .explicit import Key, explicit_keys, with_keys
from .validation import documents

A = TypeVar("A", bound=Application)
T = TypeVar("T")
# Returns why Envoy rejects a document, empty if it accepts it.
Validator = Callable[[Config], str]


def find_rejections(
    application: A,
    render: Callable[[A], Mapping[str, str]],
    paths: Collection[str],
    validate: Validator,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Rejection, ...]:
    """Return what ``validate`` rejects in the files at ``paths`` that ``render`` generates for ``application``.

    An accepted application takes one validation. Otherwise each rejected key takes a number of validations logarithmic in
    the number of explicit keys, each of a variant of the application with only some of them. The search ends when ``stop``
    returns true. If no single key is the cause, the error names the component whose file is rejected.
    """
    files = render(application)

    def validate_groups(groups: Sequence[str]) -> str:
        return _first_reason(documents(files, [path for path in paths if _group(path) in groups]), validate)

    def validate_keys(keys: Sequence[Key]) -> str:
        return _first_reason(documents(render(with_keys(application, keys)), paths), validate)

    reason = _first_reason(documents(files, paths), validate)
    if not reason:
        return ()
    keys = explicit_keys(application)
    if keys and not validate_keys(()):
        return tuple(Rejection(key.path, key.value, cause) for key, cause in _bisect(keys, validate_keys, reason, stop))
    groups = sorted({_group(path) for path in paths})
    return tuple(_group_rejection(group, cause) for group, cause in _bisect(groups, validate_groups, reason, stop))


def _first_reason(configurations: Sequence[Config], validate: Validator) -> str:
    return next((reason for document in configurations if (reason := validate(document))), "")


def _bisect(
    items: Sequence[T], validate: Callable[[Sequence[T]], str], reason: str, stop: Callable[[], bool]
) -> Iterator[tuple[T, str]]:
    """Yield the rejected ``items`` with the reason for each; at least one.

    ``validate`` accepts an empty sequence, and rejects all ``items`` for ``reason``. Bisection finds the shortest rejected
    prefix; its last item is a cause, and is left out of the search for the next one.
    """
    accepted = 0
    while reason:
        rejected = len(items)
        while rejected - accepted > 1:
            middle = (accepted + rejected) // 2
            prefix_reason = validate(items[:middle])
            if prefix_reason:
                rejected, reason = middle, prefix_reason
            else:
                accepted = middle
        yield items[accepted], reason
        items = [*items[:accepted], *items[accepted + 1 :]]
        reason = "" if accepted == len(items) or stop() else validate(items)


def _group(path: str) -> str:
    """Return a component's directory for its files, ``shared/endpoints`` for all endpoints, ``path`` itself for the routes."""
    return "/".join(path.split("/")[:2])


def _group_rejection(group: str, reason: str) -> Rejection:
    component = group.removeprefix("components/")
    path = f"services.{component}" if component != group else "services"
    return Rejection(path, f"the generated configuration {group}", reason)
