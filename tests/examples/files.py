"""The examples, read."""

from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_groovy
import yaml

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
ACTION = REPOSITORY / "action.yml"
WORKFLOW = EXAMPLES / "github" / "capacity.yml"
GITLAB = EXAMPLES / "gitlab" / "tcpgoon.gitlab-ci.yml"
JENKINS = EXAMPLES / "jenkins" / "Jenkinsfile"
KUBERNETES = EXAMPLES / "kubernetes" / "job.yaml"
SUITE = EXAMPLES / "suite" / "tcpgoon.toml"

GROOVY = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))


def content(path: Path) -> Any:
    """What a YAML file says."""
    return yaml.safe_load(path.read_text())


def groovy_calls(source: bytes, name: str) -> list[str]:
    """The texts that stand behind each call of ``name`` in a Groovy program (``name 'text'``), without their quotes."""
    tree = GROOVY.parse(source)
    assert not tree.root_node.has_error
    found, nodes = [], [tree.root_node]
    while nodes:
        node = nodes.pop(0)
        nodes += node.children
        called, arguments = node.child_by_field_name("name"), node.child_by_field_name("args")
        if node.type == "juxt_function_call" and called and arguments and called.text == name.encode():
            found.append((arguments.text or b"").decode().strip("'"))
    return found


def steps() -> list[dict[str, Any]]:
    """Those of the action that are scripts."""
    return [step for step in content(ACTION)["runs"]["steps"] if "run" in step]
