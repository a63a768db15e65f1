"""What a module says while it runs: the lines of a file on the host, read by way of a connection of their own."""

from __future__ import annotations

import secrets
from copy import copy
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


class Progress:
    """The ``file`` on the host that a module of ``action`` writes its lines to, in the action's temporary folder."""

    def __init__(self, action: ActionBase) -> None:
        self._name = f"progress-{secrets.token_hex(4)}"
        shell = action._connection._shell
        self.file = str(shell.join_path(shell.tmpdir, self._name))
        self._action = _beside(action)
        self._seen = 0

    def read_lines(self) -> list[str]:
        """Return the whole lines that are new since the last look; none where the host cannot be asked.

        The file beside it that is touched tells a long run that it is still followed.
        """
        quoted = self._action._connection._shell.quote(self.file)
        # Before the file's own text there may be what sudo or a terminal has to say.
        ask = f"touch {quoted}.heartbeat 2>/dev/null; echo {self._name}; tail -c +{self._seen + 1} {quoted} 2>/dev/null || true"
        try:
            answer: dict[str, Any] = self._action._low_level_execute_command(ask)
        except AnsibleError:
            # The module's own command has the same fault sooner or later, and it is for that one to tell.
            return []
        said = str(answer["stdout"]).replace("\r\n", "\n").partition(f"{self._name}\n")[2]
        lines = said.split("\n")[:-1]
        self._seen += sum(len(line.encode(errors="surrogateescape")) + 1 for line in lines)
        return lines


def _beside(action: ActionBase) -> ActionBase:
    """Return ``action`` with a connection of its own, which may run commands while the other's runs one.

    A connection and its become plugin know the prompt, and the marker of success, of one command at a time: with those of
    another one the connection waits for what never comes, and ends the command. Copies have the same options, however
    these were set.
    """
    other = copy(action)
    other._connection = copy(action._connection)
    if other._connection.become:
        other._connection.set_become_plugin(copy(other._connection.become))
    return other
