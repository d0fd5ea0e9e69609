"""The examples have the form that their readers ask for, and the words in them are ours."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.cli.asked import asked, run_nothing
from tests.examples.files import (
    ACTION,
    EXAMPLES,
    GITLAB,
    GROOVY,
    JENKINS,
    KUBERNETES,
    SUITE,
    WORKFLOW,
    content,
    groovy_calls,
    steps,
)
from tests.registries.kubernetes_server import Cluster, run_kubernetes

JOBS = "/apis/batch/v1/namespaces/default/jobs?dryRun=All&fieldValidation=Strict"


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", ACTION), ("github-workflows", WORKFLOW), ("gitlab-ci", GITLAB)],
)
def test_it_has_the_form_of_the_published_schema(schema: str, path: Path) -> None:
    flags = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [program, "--builtin-schema", f"vendor.{schema}", *flags, path], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n")


def test_the_jenkinsfile_is_groovy() -> None:
    source = JENKINS.read_bytes()
    assert not GROOVY.parse(source).root_node.has_error
    assert GROOVY.parse(source.replace(b"sh '", b"sh ")).root_node.has_error
    (script,) = groovy_calls(source, "sh")
    assert shlex.split(script)[0] == "tcpgoon"
    assert groovy_calls(source, "junit") == ["tcpgoon.xml"]


def test_the_workflow_gives_the_action_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    (used,) = [step for step in content(WORKFLOW)["jobs"]["capacity"]["steps"] if "tcpgoon@" in step.get("uses", "")]
    assert set(used["with"]) <= set(content(ACTION)["inputs"])
    words = shlex.split(used["with"]["args"])
    inputs = used["with"]
    plan = asked("-c", str(inputs["connections"]), "--hold", inputs["hold"], *words, "--", inputs["target"]).plan
    assert (plan.connections, plan.hold_s, len(plan.requirements)) == (2000, 30, 1)


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    """What a branch or a title is called would be run."""
    assert [step["run"] for step in steps() if "${{" in step["run"]] == []


def test_each_input_is_used() -> None:
    text = ACTION.read_text()
    assert [name for name in content(ACTION)["inputs"] if f"inputs.{name} }}}}" not in text] == []


def test_the_job_asks_what_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    (container,) = content(KUBERNETES)["spec"]["template"]["spec"]["containers"]
    assert "command" not in container
    plan = asked(*container["args"]).plan
    assert (plan.connections, plan.hold_s, len(plan.requirements)) == (2000, 30, 1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with run_kubernetes(tmp_path_factory.mktemp("kubernetes")) as cluster:
        yield cluster


@pytest.mark.requires("registry kubernetes")
def test_a_cluster_takes_the_job(cluster: Cluster) -> None:
    cluster.ask(JOBS, content(KUBERNETES))


@pytest.mark.requires("registry kubernetes")
def test_a_cluster_says_where_a_job_is_wrong(cluster: Cluster) -> None:
    job = content(KUBERNETES)
    job["spec"]["template"]["spec"]["containers"][0]["argument"] = []
    with pytest.raises(HTTPError) as refused:
        cluster.ask(JOBS, job)
    assert refused.value.code == 400
    assert b'unknown field \\"spec.template.spec.containers[0].argument\\"' in refused.value.read()


def test_each_example_is_tried_here() -> None:
    tried = {WORKFLOW, GITLAB, JENKINS, KUBERNETES, SUITE}
    assert {path for folder in EXAMPLES.iterdir() if folder.is_dir() for path in folder.iterdir()} == tried
