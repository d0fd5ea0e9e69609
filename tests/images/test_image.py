"""The image: built by ``make image`` on Debian's packages, and asked what the documentation asks."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpgoon.server import ServerProcess
from tcpgoon.version import VERSION
from tests.images.buildah import REPOSITORY, Store, new_store
from tests.images.documented import DockerRun, docker_runs, parse
from tests.installed import Said

# Of Debian 13 on buildah asks for netavark, which makes networks, also where none is made. The first test waits for the
# image, which took 55 seconds where nothing was there yet.
pytestmark = [pytest.mark.requires("root", "buildah", "mmdebstrap", "netavark", "make"), pytest.mark.timeout(600)]

PAGES = ["README.md", "docs/howto/containers.md"]
DOCUMENTED = sorted({command for page in PAGES for command in docker_runs((REPOSITORY / page).read_text())})
NETWORK = ["--network=host"]
PORT = "28080"
"""That of the documentation; here it is any that is free."""


@pytest.fixture(scope="module")
def image() -> Iterator[Store]:
    with new_store() as store:
        store.build_base()
        store.build_image()
        yield store


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess(flags=["--max-connections", "1000", "--echo"]) as server:
        yield server


def test_the_documentation_runs_the_image() -> None:
    assert len(DOCUMENTED) >= 3


@pytest.mark.parametrize("command", DOCUMENTED)
def test_what_the_documentation_runs_passes(image: Store, server: ServerProcess, command: str, tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    done = image.run(parse(command.replace(PORT, str(server.port)), tmp_path))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def tcpgoon(image: Store, *words: object, user: str | None = None) -> Said:
    of_process = [*NETWORK, *([f"--user={user}"] if user else [])]
    done = image.run(DockerRun([*map(str, words)], [*NETWORK, "--ulimit=nofile=16384:16384"], of_process))
    return Said(done.returncode, done.stdout, done.stderr)


def test_it_fails_as_the_command_does(image: Store, server: ServerProcess) -> None:
    said = tcpgoon(image, "-y", "-c", 1100, "--rate", "5k/s", "127.0.0.1", server.port)
    # buildah says, too, that it ended so.
    assert (said.exit_status, said.verdict, said.codes) == (2, "FAIL", ["TG402"])


def test_a_typo_is_a_usage_error(image: Store) -> None:
    said = tcpgoon(image, "--conections", 3, "localhost:1")
    assert (said.exit_status, said.lines) == (64, [])
    assert (
        said.errors[0]
        == "tcpgoon: No such option '--conections'. Did you mean '--connections'? (see 'tcpgoon run --help')"
    )


def python(image: Store, program: str) -> str:
    done = image.run(DockerRun([program], NETWORK, NETWORK), entrypoint=["/opt/tcpgoon/bin/python3", "-c"])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_is_nobody_in_particular_and_may_write_where_it_stands(image: Store) -> None:
    program = "import os; print(*os.getresuid(), *os.getresgid(), os.getgroups(), os.getcwd()); open('here', 'x')"
    assert python(image, program) == "10001 10001 10001 10001 10001 10001 [10001] /workdir\n"


def test_it_may_write_nothing_else(image: Store) -> None:
    program = """if True:
        import os
        for folder, _, names in os.walk("/"):
            if not folder.startswith(("/dev", "/proc", "/sys", "/tmp", "/var/tmp", "/run/lock", "/workdir")):
                for path in [folder, *(os.path.join(folder, name) for name in names)]:
                    if not os.path.islink(path) and os.access(path, os.W_OK):
                        print(path)
    """
    assert python(image, program) == ""


def test_whoever_runs_it_it_finds_its_home(image: Store) -> None:
    """As whalebrew does, with the user's own number, which has no name in there."""
    said = tcpgoon(image, "version", user="1234:1234")
    assert (said.exit_status, said.lines, said.errors) == (0, [f"tcpgoon {VERSION}"], [])


def test_every_extra_is_there_and_nothing_that_installs(image: Store) -> None:
    program = """if True:
        from importlib.util import find_spec
        print([name for name in ("consul", "dns", "defusedxml", "kubernetes", "requests", "pip") if find_spec(name)])
    """
    assert python(image, program) == "['consul', 'dns', 'defusedxml', 'kubernetes', 'requests']\n"


def test_the_limit_of_descriptors_is_the_one_that_was_given(image: Store) -> None:
    said = tcpgoon(image, "preflight", "-c", 20000, "--workers", 1, "127.0.0.1:1")
    assert said.exit_status == 3
    assert said.line("descriptors").split()[0] == "16,384"


def test_the_labels(image: Store) -> None:
    found = image.inspect()["OCIv1"]
    config = found["config"]
    labels = config["Labels"]
    revision = labels.pop("org.opencontainers.image.revision")
    del labels["io.buildah.version"]
    assert (config["User"], config["Entrypoint"], config["WorkingDir"]) == ("10001:10001", ["tcpgoon"], "/workdir")
    assert len(revision) in {0, 40}
    assert {name: json.loads(labels.pop(name)) for name in sorted(labels) if ".config." in name} == {
        "io.whalebrew.config.environment": ["TERM", "COLUMNS", "NO_COLOR", "TCPGOON_REGISTRY_PASSWORD"],
        "io.whalebrew.config.networks": ["host"],
    }
    assert labels == {
        "io.whalebrew.name": "tcpgoon",
        "org.opencontainers.image.description": (
            "Can one instance carry N TCP connections at the same time, and if not, whose limit is it?"
        ),
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.title": "tcpgoon",
        "org.opencontainers.image.version": VERSION,
    }


def test_what_we_add_is_small(image: Store) -> None:
    """Of 256 MB the client for Kubernetes has 126, numpy 73."""
    base, ours = image.sizes()
    assert 100e6 < base < 200e6
    assert ours < 300e6
