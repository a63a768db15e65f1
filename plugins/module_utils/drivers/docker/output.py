"""Parsers for what Docker's command line prints while it pulls and builds: its progress, and why it failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

MAX_LINES = 15
MAX_STEP_LENGTH = 100
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
    """The output of ``docker pull`` without a terminal: a line for each state of each layer."""

    def __init__(self) -> None:
        self._layers: dict[str, bool] = {}
        self._last = deque[str](maxlen=1)

    def feed(self, lines: Iterable[str]) -> None:
        """Process more lines."""
        for line in lines:
            if line.strip():
                self._last.append(line)
            layer = _LAYER.match(line)
            if layer:
                self._layers[layer[1]] = layer[2] in LAYER_DONE

    @property
    def step(self) -> str:
        """The progress of the pull."""
        return f"{sum(self._layers.values())} of {len(self._layers)} layers" if self._layers else "asking the registry"

    @property
    def error(self) -> str:
        """The reason of a failure."""
        return reason(self._last[-1]) if self._last else "no reason was given"


class BuildOutput:
    """The output of ``docker build --progress=plain``: each step has a number, a name, log lines, and an end.

    Steps run concurrently, so their lines are interleaved.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._running: list[str] = []
        self._lines: dict[str, deque[str]] = {}
        self._all = deque[str](maxlen=MAX_LINES)
        self._failed = ""
        self._reason = ""

    def feed(self, lines: Iterable[str]) -> None:
        """Process more lines."""
        for line in lines:
            step = _STEP.fullmatch(line)
            if step:
                self._feed_step(step[1], step[2])
            elif line.strip():
                self._all.append(line)
                if line.startswith(("ERROR: ", "failed to solve")):
                    self._reason = self._reason or reason(line)

    @property
    def step(self) -> str:
        """The current step: of those in progress the one that started last."""
        return _shorten(self._names[self._running[-1]]) if self._running else "in progress"

    @property
    def error(self) -> str:
        """The reason of a failure."""
        return self._reason or (reason(self._all[-1]) if self._all else "no reason was given")

    @property
    def lines(self) -> list[str]:
        """The last lines of the step that failed, its name first, or of the whole output if no step did."""
        if not self._failed:
            return list(self._all)
        return [_shorten(self._names[self._failed]), *self._lines.get(self._failed, ())]

    @property
    def parent(self) -> str:
        """The image that could not be looked up, empty if the build failed for another reason."""
        match = _METADATA.search(self._names.get(self._failed, "") or self.error)
        return match[1] if match else ""

    def _feed_step(self, number: str, text: str) -> None:
        if number not in self._names:
            self._names[number] = text
            self._running.append(number)
            return
        log, end = _LOG.fullmatch(text), _END.fullmatch(text)
        if log:
            self._lines.setdefault(number, deque(maxlen=MAX_LINES)).append(log[1])
        elif end:
            if number in self._running:
                self._running.remove(number)
            if end[1] == "ERROR" and not self._failed:
                self._failed, self._reason = number, reason(end[2])


def reason(line: str) -> str:
    """Return the innermost message of an error line, without the prefixes of the layers that passed it on."""
    return _REASON.sub("", line.strip(), count=1) or line.strip()


def _shorten(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= MAX_STEP_LENGTH else f"{name[:MAX_STEP_LENGTH - 1]}…"
