"""Which key of the file is to blame for what Envoy rejects: found by elimination, so that it holds for every key there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from ..model.application import Application
from ..model.errors import Rejection
from .envoy import Config
from .stated import Key, stated_keys, with_keys
from .validation import documents

A = TypeVar("A", bound=Application)
T = TypeVar("T")
# Returns why Envoy rejects a document, empty where it does not.
Judge = Callable[[Config], str]


def rejections(
    application: A,
    render: Callable[[A], Mapping[str, str]],
    paths: Collection[str],
    judge: Judge,
    enough: Callable[[], bool] = lambda: False,
) -> tuple[Rejection, ...]:
    """Return what ``judge`` rejects of the files at ``paths``, of those that ``render`` makes of ``application``.

    Where nothing is rejected, that is known after one look. Else every further one is at a variant of the application with
    some of its stated keys: as many as the logarithm of their number for each key that is to blame. Where ``enough`` says
    so, no further key is looked for. Where no key is to blame the error names the component whose file it is.
    """
    files = render(application)

    def of_groups(some: Sequence[str]) -> str:
        return _judged(documents(files, [path for path in paths if _group(path) in some]), judge)

    def of_keys(some: Sequence[Key]) -> str:
        return _judged(documents(render(with_keys(application, some)), paths), judge)

    said = _judged(documents(files, paths), judge)
    if not said:
        return ()
    keys = stated_keys(application)
    if keys and not of_keys(()):
        return tuple(Rejection(key.path, key.found, words) for key, words in _culprits(keys, of_keys, said, enough))
    groups = sorted({_group(path) for path in paths})
    return tuple(_of_group(group, words) for group, words in _culprits(groups, of_groups, said, enough))


def _judged(each: Sequence[Config], judge: Judge) -> str:
    return next((said for document in each if (said := judge(document))), "")


def _culprits(
    items: Sequence[T], judge: Callable[[Sequence[T]], str], said: str, enough: Callable[[], bool]
) -> Iterator[tuple[T, str]]:
    """Yield those of ``items`` that are rejected, with what is said of each; at least one.

    ``judge`` says nothing of no items, and ``said`` of all. The first that is rejected together with those before it is to
    blame: these are found by halves, and it is left out when the next is looked for.
    """
    accepted = 0
    while said:
        rejected = len(items)
        while rejected - accepted > 1:
            middle = (accepted + rejected) // 2
            found = judge(items[:middle])
            if found:
                rejected, said = middle, found
            else:
                accepted = middle
        yield items[accepted], said
        items = [*items[:accepted], *items[accepted + 1 :]]
        said = "" if accepted == len(items) or enough() else judge(items)


def _group(path: str) -> str:
    """Return the folder of a component for its files, ``shared/endpoints`` for all endpoints, ``path`` itself for the routes."""
    return "/".join(path.split("/")[:2])


def _of_group(group: str, words: str) -> Rejection:
    component = group.removeprefix("components/")
    path = f"services.{component}" if component != group else "services"
    return Rejection(path, f"what would be written to {group}", words)
