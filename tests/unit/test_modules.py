"""The documentation of the public modules matches their validation and behaviour."""

from __future__ import annotations

import base64
import inspect
import json
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils import basic
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.registry import Target, TargetOptions, make_driver
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import Refused
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import entry
from ansible_collections.evenkeel.mesh.plugins.modules import workflow
from ansible_collections.evenkeel.mesh.plugins.plugin_utils import library
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import TARGET_OPTIONS, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.options import argument_spec

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
COMPOSE = str(PLUGINS.parent / "applications" / "sockshop" / "compose.yaml")
PRIVATE = "workflow"
PUBLIC = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != PRIVATE)
SECRET = "a secret of nobody else"


@cache
def all_documentation() -> dict[str, Any]:
    """Return the documentation of all modules, as ansible-doc shows it."""
    names = [f"evenkeel.mesh.{name}" for name in (*PUBLIC, PRIVATE)]
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *names]
    result = subprocess.run(command, cwd=PLUGINS.parent, capture_output=True, text=True, check=True)
    modules: dict[str, Any] = json.loads(result.stdout)
    return modules


def documentation(module: str) -> dict[str, Any]:
    """Return the documentation of a module with its fragments."""
    page: dict[str, Any] = all_documentation()[f"evenkeel.mesh.{module}"]["doc"]
    return page


def action(module: str, arguments: dict[str, Any], **variables: Any) -> Any:
    """Return the action of a task with ``arguments``, before it has run."""
    task = SimpleNamespace(action=f"evenkeel.mesh.{module}", args=arguments, async_val=0, check_mode=False)
    plugin = import_module(f"ansible_collections.evenkeel.mesh.plugins.action.{module}")
    templar = SimpleNamespace(template=lambda value: value)
    action_module = plugin.ActionModule(task, SimpleNamespace(), SimpleNamespace(), None, templar, None)
    action_module._task_vars, action_module._name = variables, module
    action_module._load_name = f"evenkeel.mesh.{module}"  # as the plugin loader does
    return action_module


def test_every_public_module_has_an_action_and_a_workflow() -> None:
    assert sorted(path.stem for path in (PLUGINS / "action").glob("*.py")) == PUBLIC
    assert sorted(entry._WORKFLOWS) == PUBLIC
    groups = (PLUGINS.parent / "meta" / "runtime.yml").read_text()
    assert all(f"- {name}\n" in groups for name in PUBLIC)


@pytest.mark.parametrize("module", PUBLIC)
def test_the_documentation_matches_the_argument_spec(module: str) -> None:
    options = documentation(module)["options"]
    spec = argument_spec(module)
    assert set(options) == set(spec)
    for name, option in options.items():
        assert option["description"], name
        for key in ("type", "choices", "default", "required", "elements"):
            assert spec[name].get(key) == option.get(key), f"{name}: {key}"
        assert set(spec[name]) <= {"type", "choices", "default", "required", "elements"}


@pytest.mark.parametrize("module", PUBLIC)
def test_an_unknown_option_is_refused(module: str) -> None:
    with pytest.raises(AnsibleActionFail, match=r"Unsupported parameters.*aplication.*Supported parameters include:"):
        action(module, {"aplication": COMPOSE, "application": COMPOSE})._options()
    with pytest.raises(AnsibleActionFail, match="missing required arguments: application"):
        action(module, {})._options()


CHOICES = [(module, name) for module in PUBLIC for name, option in argument_spec(module).items() if "choices" in option]


@pytest.mark.parametrize(("module", "option"), CHOICES)
def test_an_invalid_choice_is_refused_with_the_valid_ones(module: str, option: str) -> None:
    first = next(str(choice) for choice in argument_spec(module)[option]["choices"])
    with pytest.raises(AnsibleActionFail, match=rf"(?s){option}.*{first}.*nothing of the kind"):
        action(module, {"application": COMPOSE, option: "nothing of the kind"})._options()


@pytest.mark.parametrize("module", PUBLIC)
def test_an_empty_option_has_its_default(module: str) -> None:
    """Roles pass on their variables, whose defaults are empty."""
    empty = {name: "" for name, option in argument_spec(module).items() if not option.get("required")}
    options = action(module, {**empty, "application": COMPOSE})._options()
    for name, option in argument_spec(module).items():
        if name != "application":
            assert options[name] == option.get("default"), name


@pytest.mark.parametrize("module", PUBLIC)
def test_attributes_match_the_code(module: str) -> None:
    """As far as the code shows: a module with diff support returns a diff, in both modes or in check mode only."""
    attributes = documentation(module)["attributes"]
    assert set(attributes) == {"action", "action_group", "check_mode", "diff_mode", "idempotent"}
    assert attributes["action_group"]["membership"] == ["evenkeel.mesh.application"]
    assert all(
        attribute["support"] in ("full", "partial", "none") and attribute["description"] for attribute in attributes.values()
    )
    assert all(attribute.get("details") for attribute in attributes.values() if attribute["support"] == "partial")
    assert attributes["action"]["support"] == attributes["check_mode"]["support"] == "full"
    source = inspect.getsource(entry._WORKFLOWS[module])
    always = any(helper in source for helper in ("_workflow_result(", "_plan_result(", "_diff(plan)"))
    in_check_mode = "_diff(" in source and "if dry" in source
    support = "full" if always else "partial" if in_check_mode else "none"
    assert attributes["diff_mode"]["support"] == support
    changes = attributes["idempotent"]["support"]
    assert changes == {"load": "none", "release": "none", "scale": "partial"}.get(module, "full")


@pytest.mark.parametrize("module", ["preview", "status"])
def test_read_only_modules_never_report_a_change(module: str) -> None:
    assert '"changed": False' in inspect.getsource(entry._WORKFLOWS[module])
    assert documentation(module)["attributes"]["check_mode"]["details"] == "It changes nothing in any mode."


def test_the_private_module_matches_its_documentation_and_hides_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    captured: dict[str, Any] = {}

    class Stop(Exception):
        pass

    def module(**options: Any) -> None:
        captured.update(options)
        raise Stop

    monkeypatch.setattr(workflow, "AnsibleModule", module)
    with pytest.raises(Stop):
        workflow.main()
    spec = captured["argument_spec"]
    assert {name for name, option in spec.items() if option.get("no_log")} == {"archive", "request"}
    documented = documentation(PRIVATE)["options"]
    assert set(spec) == set(documented)
    for name, option in documented.items():
        for key in ("type", "choices", "default", "required"):
            assert spec[name].get(key) == option.get(key), f"{name}: {key}"
    assert {*TARGET_OPTIONS} <= set(argument_spec("deploy"))
    for name in TARGET_OPTIONS:
        # Paths are those of the host: the controller must not expand them.
        kinds = {"path": "str"}
        assert {key: kinds.get(str(spec[name].get(key)), spec[name].get(key)) for key in ("type", "choices", "default")} == {
            key: argument_spec("deploy")[name].get(key) for key in ("type", "choices", "default")
        }


def request_with_secret() -> str:
    components = [{"name": "web", "kind": "stateless", "image": "web:1", "environment": [["TOKEN", SECRET]]}]
    specification = {
        "application": {"name": "app", "components": components},
        "references": {"web": "web:1"},
        "source": "compose.yaml",
        "folder": "/app",
    }
    return json.dumps({"workflow": "status", "by": "ada", "specification": specification, "arguments": {"host": "here"}})


def test_no_environment_value_is_shown_or_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(workflow, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, *words, **options: logged.append(repr((words, options))))
    # By hand, as ansible-core 2.18.0 has no patch_module_args yet.
    code = {"library": library.version(), "archive": base64.b64encode(library.archive()).decode()}
    arguments = {"ANSIBLE_MODULE_ARGS": {"request": request_with_secret(), "target": "kubernetes", **code}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        workflow.main()
    output = capsys.readouterr().out
    result = json.loads(output)
    assert result["invocation"]["module_args"]["request"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert logged and "request" in logged[0]
    assert SECRET not in output + "".join(logged)
    assert result["failed"] and result["msg"].startswith("target: found kubernetes; allowed: docker; on a cluster only")


def test_a_deployment_to_kubernetes_is_refused_with_the_remedy() -> None:
    message = "^target: found kubernetes; allowed: docker; on a cluster only the infrastructure can be made, by pulumi up$"
    with pytest.raises(Refused, match=message):
        make_driver(TargetOptions(Target.KUBERNETES, "", "", ""), "app", "/")


def test_a_stack_of_another_target_is_refused() -> None:
    """A stack for a cluster in the inventory must not be deployed to this machine's engine."""
    stack = {"application": "sockshop", "target": "kubernetes"}
    for module in PUBLIC:
        task = action(module, {"application": COMPOSE}, evenkeel_stack=stack)
        message = (
            "^target: found docker, but the inventory's stack has kubernetes; allowed: the same in both, or another inventory$"
        )
        with pytest.raises(AnsibleActionFail, match=message):
            task._check_target(task._options())
    for variables in ({}, {"evenkeel_stack": {**stack, "target": "docker"}}):
        task = action("deploy", {"application": COMPOSE}, **variables)
        task._check_target(task._options())


def test_a_build_tolerates_a_longer_silence_of_the_controller_than_a_release() -> None:
    assert {module: entry.heartbeat_seconds(module) for module in PUBLIC} == {
        module: 60.0 if module == "images" else 10.0 for module in PUBLIC
    }


def test_a_stack_with_another_target_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def called(*_unused: Any, **_more: Any) -> None:
        pytest.fail("the host is touched")

    monkeypatch.setattr(WorkflowAction, "_execute_module", called)
    monkeypatch.setattr(WorkflowAction, "_make_tmp_path", called)
    for module in PUBLIC:
        task = action(module, {"application": COMPOSE})
        task._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="/tmp"))
        with pytest.raises(AnsibleActionFail, match="but the inventory's stack has kubernetes"):
            task.run(task_vars={"evenkeel_stack": {"application": "sockshop", "target": "kubernetes"}})


@pytest.mark.parametrize("module", ["preview", "status"])
@pytest.mark.parametrize(("transport", "host"), [("local", "localhost"), ("ssh", "shop.example")])
def test_addresses_are_told_by_the_name_that_a_host_is_reached_by(module: str, transport: str, host: str) -> None:
    task = action(module, {"application": COMPOSE})
    task._connection = SimpleNamespace(transport=transport, get_option={"remote_addr": "shop.example"}.__getitem__)
    options = task._options()
    assert task.arguments(task._project(options), options)["host"] == host


@pytest.mark.parametrize("module", PUBLIC)
def test_every_module_works_on_the_engine_that_it_is_told(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"docker_host": "tcp://engine:2376", "docker_cert_path": "/certificates", "directory": "/srv/evenkeel"}
    passed: dict[str, Any] = {}
    task = action(module, {"application": COMPOSE, **where})
    monkeypatch.setattr(task, "_execute_module", lambda name, arguments, task_vars: passed.update(arguments) or {})
    options = task._options()
    task._run_workflow(options, {"workflow": module})
    assert {name: passed[name] for name in where} == where

    taken: list[TargetOptions] = []

    def taking(options: TargetOptions, *_unused: Any) -> None:
        taken.append(options)
        raise Refused("seen")

    monkeypatch.setattr(entry, "make_driver", taking)
    request = {**json.loads(request_with_secret()), "workflow": module}
    assert entry.run({**passed, "request": json.dumps(request), "progress": None}, True) == {"failure": "seen"}
    assert taken == [TargetOptions(Target.DOCKER, where["docker_host"], where["docker_cert_path"], where["directory"])]


def test_a_driver_speaks_to_the_engine_that_it_is_made_for() -> None:
    driver: Any = make_driver(TargetOptions(Target.DOCKER, "tcp://engine:2376", "/certificates", "/srv"), "app", "/")
    assert (driver._engine.endpoint.host, driver._engine.endpoint.certificates) == ("tcp://engine:2376", "/certificates")
    environment = driver.images._commands.environment
    assert driver.images._commands._engine == ("--host", "tcp://engine:2376")
    assert environment["DOCKER_CERT_PATH"] == "/certificates"
