"""What Docker's command line prints while it pulls and builds: how far it is, and why it failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

SHOWN_LINES = 15
SHOWN_LETTERS = 100
LAYER_DONE = ("Already exists", "Pull complete")
LAYER_STATES = ("Pulling fs layer", "Waiting", "Downloading", "Download complete", "Extracting", *LAYER_DONE)
_LAYER = re.compile(rf"([0-9a-f]{{6,}}): ({'|'.join(LAYER_STATES)})")
_STEP = re.compile(r"#([1-9]\d*) (.*)")
_LOG = re.compile(r"\d+\.\d+ ?(.*)")
_END = re.compile(r"(DONE|CACHED|CANCELED|ERROR)\b:? ?(.*)")
_REASON = re.compile(
    r"(?:Error response from daemon: |ERROR: |failed to build: |failed to solve(?: with frontend [\w.]+)?: "
    r"|failed to create LLB definition: |rpc error: code = \w+ desc = )+"
)
_METADATA = re.compile(r"(?:load metadata for|resolve image config for) (?:docker-image://)?(\S+)")


class PullOutput:
    """The output of ``docker pull`` where it is no terminal: a line for each state of each layer."""

    def __init__(self) -> None:
        self._layers: dict[str, bool] = {}
        self._last = deque[str](maxlen=1)

    def hear(self, lines: Iterable[str]) -> None:
        """Take in more lines."""
        for line in lines:
            if line.strip():
                self._last.append(line)
            found = _LAYER.match(line)
            if found:
                self._layers[found[1]] = found[2] in LAYER_DONE

    @property
    def step(self) -> str:
        """How far it is."""
        return f"{sum(self._layers.values())} of {len(self._layers)} layers" if self._layers else "asking the registry"

    @property
    def error(self) -> str:
        """Why it failed, where it did."""
        return reason(self._last[-1]) if self._last else "no reason was given"


class BuildOutput:
    """The output of ``docker build --progress=plain``: each step has a number, a name, lines of its own, and an end.

    Steps go on side by side, so that their lines come mixed.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._under_way: list[str] = []
        self._lines: dict[str, deque[str]] = {}
        self._all = deque[str](maxlen=SHOWN_LINES)
        self._failed = ""
        self._reason = ""

    def hear(self, lines: Iterable[str]) -> None:
        """Take in more lines."""
        for line in lines:
            found = _STEP.fullmatch(line)
            if found:
                self._hear_of(found[1], found[2])
            elif line.strip():
                self._all.append(line)
                if line.startswith(("ERROR: ", "failed to solve")):
                    self._reason = self._reason or reason(line)

    @property
    def step(self) -> str:
        """The step that it is at: of those under way the one that began last."""
        return _short(self._names[self._under_way[-1]]) if self._under_way else "under way"

    @property
    def error(self) -> str:
        """Why it failed, where it did."""
        return self._reason or (reason(self._all[-1]) if self._all else "no reason was given")

    @property
    def lines(self) -> list[str]:
        """The last lines of the step that failed, its name first, or of all where none has."""
        if not self._failed:
            return list(self._all)
        return [_short(self._names[self._failed]), *self._lines.get(self._failed, ())]

    @property
    def parent(self) -> str:
        """The image that it failed for, in that it could not be looked up; empty where it failed for anything else."""
        found = _METADATA.search(self._names.get(self._failed, "") or self.error)
        return found[1] if found else ""

    def _hear_of(self, number: str, text: str) -> None:
        if number not in self._names:
            self._names[number] = text
            self._under_way.append(number)
            return
        log, end = _LOG.fullmatch(text), _END.fullmatch(text)
        if log:
            self._lines.setdefault(number, deque(maxlen=SHOWN_LINES)).append(log[1])
        elif end:
            if number in self._under_way:
                self._under_way.remove(number)
            if end[1] == "ERROR" and not self._failed:
                self._failed, self._reason = number, reason(end[2])


def reason(line: str) -> str:
    """Return what a line of an error says, without the layers of the program that it came through."""
    return _REASON.sub("", line.strip(), count=1) or line.strip()


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= SHOWN_LETTERS else f"{name[:SHOWN_LETTERS - 1]}…"
