"""The output of Docker's command line, by clients 20.10 and 28.2 with buildx."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.output import BuildOutput, PullOutput, reason

OLD = """\
#1 [internal] load remote build context
#1 sha256:8cd117f11fc6ad2170b0c555e7dbf9277c9d07f6f0f12700a3f0021a0c093e88
#1 DONE 0.0s

#5 [two 2/4] RUN echo to stderr
#5 sha256:b90e4d6f4626f958481dd8387a4f16dd4e567e1071759b0ece768b740701fc43
#5 0.082 to stderr
#5 2.084 #1 DONE
"""
NEW = """\
#0 building with "default" instance using docker driver

#1 [internal] load remote build context
#1 CACHED

#6 [one 2/2] RUN --mount=type=cache,target=/cache make
#6 0.067 line 1
#6 ...

#7 [two 2/4] RUN other
#7 0.071 first
#7 DONE 2.1s

#6 [one 2/2] RUN --mount=type=cache,target=/cache make
#6 2.075 line 2
"""
FAILED = """\
#6 CANCELED
#10 [bad 1/1] RUN echo failing; exit 3
#10 0.065 failing
#10 ERROR: executor failed running [/bin/sh -c echo failing; exit 3]: exit code: 3
------
 > [bad 1/1] RUN echo failing; exit 3:
0.065 failing
------
ERROR: failed to build: failed to solve: executor failed running [/bin/sh -c echo failing; exit 3]: exit code: 3
"""
UNAUTHORIZED = """\
#3 [internal] load metadata for registry.example:5000/a/b:1
#3 ERROR: pulling from host registry.example:5000 failed with status code [manifests 1]: 401 Unauthorized
------
failed to solve with frontend dockerfile.v0: pulling from host registry.example:5000 failed with status code
"""
PARSE = """\
#2 copy /context /
#2 DONE 0.0s
failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 5: unknown: HI
"""


def parse_build_output(text: str) -> BuildOutput:
    output = BuildOutput()
    output.feed(text.splitlines())
    return output


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("", "in progress"),
        (OLD, "[two 2/4] RUN echo to stderr"),
        (f"{OLD}#5 DONE 2.1s\n", "in progress"),
        (NEW, "[one 2/2] RUN --mount=type=cache,target=/cache make"),
        (f"#1 [2/2] RUN {'x' * 200}\n", f"[2/2] RUN {'x' * 89}…"),
    ],
)
def test_the_step_is_the_one_in_progress(text: str, step: str) -> None:
    assert parse_build_output(text).step == step


@pytest.mark.parametrize("before", [OLD, NEW])
def test_a_failure_has_the_output_of_the_failed_step(before: str) -> None:
    output = parse_build_output(before + FAILED)
    assert output.error == "executor failed running [/bin/sh -c echo failing; exit 3]: exit code: 3"
    assert output.lines == ["[bad 1/1] RUN echo failing; exit 3", "failing"]
    assert output.parent == ""


def test_a_failure_has_only_the_last_lines() -> None:
    output = parse_build_output("#1 [1/1] RUN make\n" + "".join(f"#1 0.{i} line {i}\n" for i in range(100)) + "#1 ERROR: no\n")
    assert output.lines == ["[1/1] RUN make", *(f"line {i}" for i in range(85, 100))]


def test_an_image_that_cannot_be_resolved_is_named() -> None:
    output = parse_build_output(UNAUTHORIZED)
    assert output.parent == "registry.example:5000/a/b:1"
    assert output.error == "pulling from host registry.example:5000 failed with status code [manifests 1]: 401 Unauthorized"


def test_a_failure_outside_any_step_has_the_whole_output() -> None:
    output = parse_build_output(PARSE)
    assert output.error == "dockerfile parse error line 5: unknown: HI"
    assert output.lines == [PARSE.splitlines()[-1]]
    assert parse_build_output("").error == "no reason was given"


def test_a_pull_counts_layers() -> None:
    output = PullOutput()
    assert output.step == "asking the registry"
    output.feed(["1: Pulling from echo/api", "0a1b2c3d4e5f: Already exists", "1a1b2c3d4e5f: Pulling fs layer"])
    output.feed(["2a1b2c3d4e5f: Pulling fs layer", "1a1b2c3d4e5f: Verifying Checksum", "1a1b2c3d4e5f: Download complete"])
    assert output.step == "1 of 3 layers"
    output.feed(["1a1b2c3d4e5f: Pull complete"])
    assert output.step == "2 of 3 layers"


def test_a_failed_pull_has_the_reason() -> None:
    output = PullOutput()
    output.feed(["1: Pulling from echo/api", 'Error response from daemon: Head "http://r/v2/": no basic auth credentials', ""])
    assert output.error == 'Head "http://r/v2/": no basic auth credentials'


@pytest.mark.parametrize(
    "line",
    ["no", "ERROR: no", "ERROR: failed to solve: no", "ERROR: rpc error: code = Unknown desc = failed to solve: no"],
)
def test_the_reason_of_an_error_is_the_innermost(line: str) -> None:
    assert reason(line) == "no"
