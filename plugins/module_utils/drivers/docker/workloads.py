"""The workloads of the instances, by the containers on an engine."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.instance import Instance
from . import names
from .client import Engine, EngineError
from .names import Role


class DockerWorkloads:
    """The workloads of the instances of ``application``."""

    def __init__(self, engine: Engine, application: str) -> None:
        self._engine = engine
        self._application = application

    def started_at(self, instance: Instance) -> str:
        """Return the start time of the workload of ``instance``, empty if it does not run."""
        try:
            state = self._engine.get(f"/containers/{self._name(instance)}/json")["State"]
        except EngineError as error:
            if error.status == 404:
                return ""
            raise
        return str(state["StartedAt"]) if state["Running"] else ""

    def logs(self, instance: Instance, lines: int) -> Sequence[str]:
        """Return the last ``lines`` of its log, or a line that says that it is gone."""
        try:
            return self._engine.logs(self._name(instance), lines).splitlines()
        except EngineError:
            return ["it is gone"]

    def memory(self, instance: Instance) -> int:
        """Return its memory usage in bytes, as ``docker stats`` does, without reclaimable page cache; 0 if it does not run."""
        try:
            path = f"/containers/{self._name(instance)}/stats"
            found = self._engine.get(path, stream="false", **{"one-shot": "true"})
        except EngineError as error:
            if error.status == 404:
                return 0
            raise
        # The answer is empty where the container is removed while the engine looks.
        memory = (found or {}).get("memory_stats", {})
        details = memory.get("stats", {})
        inactive = details.get("total_inactive_file", details.get("inactive_file", 0))
        return max(0, int(memory.get("usage", 0) - inactive))

    def storage_identity(self, volumes: Sequence[str]) -> str:
        """Return the names and creation times of ``volumes``, empty if one is missing."""
        identities = []
        for volume in volumes:
            name = names.volume_name(self._application, volume)
            try:
                identities.append(f"{name} {self._engine.get(f'/volumes/{name}')['CreatedAt']}")
            except EngineError as error:
                if error.status == 404:
                    return ""
                raise
        return "\n".join(identities)

    def run(self, instance: Instance, command: Sequence[str]) -> tuple[int, str]:
        """Run ``command`` in it; return the exit status, and stdout and stderr as one text."""
        result = self._engine.run(self._name(instance), tuple(command))
        return result.status, result.output

    def _name(self, instance: Instance) -> str:
        return names.container_name(self._application, instance.name, Role.WORKLOAD)
