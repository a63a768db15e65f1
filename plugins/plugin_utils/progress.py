"""The progress of a running module: the lines of a file on the host, read over a separate connection."""

from __future__ import annotations

import secrets
from copy import copy
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


class Progress:
    """The ``file`` on the host, in the temporary folder of ``action``, that its module writes progress to."""

    def __init__(self, action: ActionBase) -> None:
        self._name = f"progress-{secrets.token_hex(4)}"
        shell = action._connection._shell
        self.file = str(shell.join_path(shell.tmpdir, self._name))
        self._action = _with_own_connection(action)
        self._offset = 0

    def read_lines(self) -> list[str]:
        """Return the complete lines since the last call, none if the host cannot be reached.

        The heartbeat file that is touched tells a long run that it is still followed.
        """
        quoted = self._action._connection._shell.quote(self.file)
        # Output of sudo or a terminal may precede the content of the file.
        tail = f"tail -c +{self._offset + 1} {quoted} 2>/dev/null || true"
        command = f"touch {quoted}.heartbeat 2>/dev/null; echo {self._name}; {tail}"
        try:
            result: dict[str, Any] = self._action._low_level_execute_command(command)
        except AnsibleError:
            # The module's own command will fail in the same way, and reports it.
            return []
        content = str(result["stdout"]).replace("\r\n", "\n").partition(f"{self._name}\n")[2]
        lines = content.split("\n")[:-1]
        self._offset += sum(len(line.encode(errors="surrogateescape")) + 1 for line in lines)
        return lines


def _with_own_connection(action: ActionBase) -> ActionBase:
    """Return a copy of ``action`` with its own connection, which can run commands while the other connection runs one.

    A connection and its become plugin store the prompt and the success marker of one command at a time: with those of another
    command, the connection would wait for output that never comes, and kill the command. Copies keep all options.
    """
    duplicate = copy(action)
    duplicate._connection = copy(action._connection)
    if duplicate._connection.become:
        duplicate._connection.set_become_plugin(copy(duplicate._connection.become))
    return duplicate
