"""``docker run …`` as the documentation has it, taken apart."""

import argparse
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

_LINE = re.compile(r"^ *(?:\$ )?(docker run (?:.*\\\n)*.*)$", re.MULTILINE)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise AssertionError(message)


_PARSER = _Parser(allow_abbrev=False, add_help=False)
_PARSER.add_argument("--rm", action="store_true")
_PARSER.add_argument("--network")
_PARSER.add_argument("--ulimit", action="append", default=[])
_PARSER.add_argument("--user")
_PARSER.add_argument("--volume", action="append", default=[])
_PARSER.add_argument("--env", action="append", default=[])
_PARSER.add_argument("image")
_PARSER.add_argument("arguments", nargs=argparse.REMAINDER)


@dataclass(frozen=True)
class DockerRun:
    """What is asked of docker, in the words of buildah."""

    arguments: list[str]
    of_container: list[str] = field(default_factory=list)
    """Flags of ``buildah from``."""
    of_process: list[str] = field(default_factory=list)
    """Flags of ``buildah run``."""


def docker_runs(text: str) -> list[str]:
    """The commands in ``text``, each on one line. Those that end in … are about other images."""
    commands = [re.sub(r"\s*\\\n\s*", " ", command) for command in _LINE.findall(text)]
    return [command for command in commands if not command.endswith("…")]


def parse(command: str, folder: Path) -> DockerRun:
    """``command``, given in ``folder``. Whatever is not known here is an error: then it would not have been tried."""
    expanded = command.replace('"$PWD"', str(folder)).replace("$PWD", str(folder))
    expanded = expanded.replace('"$(id -u):$(id -g)"', "1234:1234").replace("~/", f"{folder}/")
    words = shlex.split(expanded)
    assert words[:2] == ["docker", "run"]
    asked, unknown = _PARSER.parse_known_args(words[2:])
    assert not unknown, f"not known here: {unknown}"
    assert asked.image == "tcpgoon", command
    assert asked.rm, f"it would leave a container behind: {command}"
    # Isolated by a chroot alone, it has no other network than the host's.
    assert asked.network == "host", f"there is no other network here: {command}"
    of_process = {"volume": asked.volume, "env": asked.env, "user": [asked.user] if asked.user else []}
    return DockerRun(
        asked.arguments,
        ["--network=host", *(f"--ulimit={limit}" for limit in asked.ulimit)],
        ["--network=host", *(f"--{name}={value}" for name, values in of_process.items() for value in values)],
    )
