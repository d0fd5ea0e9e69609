"""Taking ``docker run …`` apart: what a page says is what is run."""

from pathlib import Path

import pytest

from tests.images.documented import DockerRun, docker_runs, parse

PAGE = """
    $ docker run --rm --network host tcpgoon version

```sh
docker run --rm --network host \\
    --ulimit nofile=65536:65536 \\
    tcpgoon -y -c 10 localhost 80
docker build --tag tcpgoon .
docker run --ulimit nofile=65536:65536 …
```
Where `docker run --rm --network host tcpgoon demo` stands in a sentence, nothing is run.
"""


def test_commands_are_lines_of_their_own() -> None:
    assert docker_runs(PAGE) == [
        "docker run --rm --network host tcpgoon version",
        "docker run --rm --network host --ulimit nofile=65536:65536 tcpgoon -y -c 10 localhost 80",
    ]


def test_what_docker_is_asked_buildah_is_asked_in_two_parts() -> None:
    command = (
        'docker run --rm --network host --ulimit nofile=9:9 --user "$(id -u):$(id -g)" --volume "$PWD":/workdir '
        "--env NO_COLOR=1 tcpgoon -y --hold 5s localhost 80"
    )
    assert parse(command, Path("/here")) == DockerRun(
        ["-y", "--hold", "5s", "localhost", "80"],
        ["--network=host", "--ulimit=nofile=9:9"],
        ["--network=host", "--volume=/here:/workdir", "--env=NO_COLOR=1", "--user=1234:1234"],
    )


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("docker run --network host tcpgoon version", "leave a container behind"),
        ("docker run --rm --network host somebody/else version", "somebody/else"),
        ("docker run --rm tcpgoon version", "there is no other network"),
        ("docker run --rm --network host --privileged=yes tcpgoon version", "--privileged=yes"),
    ],
)
def test_what_could_not_be_tried_is_refused(command: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        parse(command, Path("/here"))
