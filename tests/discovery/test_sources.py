"""Which source a scheme is for: our own, whose libraries may be missing, and those of other packages."""

import os
import subprocess
from pathlib import Path

import pytest

from tcpgoon.discovery.sources import BUILT_IN, is_built_in, source_for
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.lookup import parse_lookup
from tests.discovery.acme import install, write_metadata
from tests.installed import INSTALLED

GOOD = """
from tcpgoon.discovery.instance import Instance, Listing

def find(lookup, terms):
    at = f"acme://{lookup.servers[0]}"
    return Listing(service=lookup.path[1:], registry=at, instances=(Instance(id="a", host="192.0.2.1", port=80),))
"""


def resolve(folder: Path, target: str) -> tuple[int, str, str]:
    """What the installed command says of ``target``, with what is in ``folder`` installed too."""
    done = subprocess.run(
        [INSTALLED, "resolve", target],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    return done.returncode, done.stdout, done.stderr


def test_ours_can_be_imported() -> None:
    for kind in BUILT_IN:
        lookup = parse_lookup(f"{kind}+https://x")
        assert is_built_in(lookup)
        assert source_for(lookup).__name__ == "find"


def test_one_of_another_package(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(GOOD)
    write_metadata(tmp_path, "[tcpgoon.discovery]\nacme = acme:find\n")
    assert resolve(tmp_path, "acme://there/checkout") == (
        0,
        "#   instance   status   address        zone   metadata\n"
        "──────────────────────────────────────────────────────\n"
        "1   a          UP       192.0.2.1:80\n"
        "\n"
        "checkout has 1 instance at acme://there, 1 UP\n",
        "",
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise ValueError('a\\x1b[31m\\nb')", r"ValueError: a\x1b[31m\nb"),
        ("def find(: pass", "SyntaxError: invalid syntax (acme.py, line 1)"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("found = 7", "AttributeError: module 'acme' has no attribute 'find'"),
    ],
)
def test_one_that_cannot_be_imported(tmp_path: Path, source: str, text: str) -> None:
    (tmp_path / "acme.py").write_text(source)
    write_metadata(tmp_path, "[tcpgoon.discovery]\nacme = acme:find\n")
    assert resolve(tmp_path, "acme://there/x") == (3, "", f"tcpgoon: acme:// cannot be loaded: {text}\n")


def test_one_that_ends_the_process(tmp_path: Path) -> None:
    """Its status would be a verdict: 0, of all things."""
    (tmp_path / "acme.py").write_text("def find(lookup, terms): raise SystemExit(0)")
    write_metadata(tmp_path, "[tcpgoon.discovery]\nacme = acme:find\n")
    assert resolve(tmp_path, "acme://x/y") == (3, "", "tcpgoon: the source for acme:// failed: SystemExit: 0\n")


LIBRARIES = [
    ("consul", "consul", "consul"),
    ("consul", "requests", "consul"),
    ("eureka", "requests", "eureka"),
    ("eureka", "defusedxml", "eureka"),
    ("k8s", "kubernetes", "kubernetes"),
    ("srv", "dns", "dns"),
]


@pytest.mark.parametrize(("kind", "library", "extra"), LIBRARIES)
def test_one_of_ours_without_its_library(tmp_path: Path, kind: str, library: str, extra: str) -> None:
    missing = f"raise ModuleNotFoundError(\"No module named '{library}'\", name='{library}')"
    (tmp_path / f"{library}.py").write_text(missing)
    assert resolve(tmp_path, f"{kind}://x/y") == (
        64,
        "",
        f"tcpgoon: {kind}:// needs more than is installed here ({library}): pip install 'tcpgoon[{extra}]'\n",
    )


def test_all_that_need_a_library_are_tried_without_it() -> None:
    assert {kind for kind, *_ in LIBRARIES} == {kind for kind, source in BUILT_IN.items() if source.extra}


@pytest.mark.parametrize("target", ["file://targets.txt", "dns://localhost:80"])
def test_those_that_need_none(tmp_path: Path, target: str) -> None:
    for library in ("consul", "requests", "urllib3", "defusedxml", "kubernetes", "dns", "yaml"):
        (tmp_path / f"{library}.py").write_text("raise ModuleNotFoundError(name=__name__)")
    (tmp_path / "targets.txt").write_text("192.0.2.1:80")
    status, _, err = resolve(tmp_path, target.replace("targets.txt", str(tmp_path / "targets.txt")))
    assert (status, err) == (0, "")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("eurka://x/y", "eurka:// is not known here; did you mean eureka://?"),
        ("zookeeper+https://x/y", "zookeeper+https:// is not known here; there are host:port, acme://, consul://, "
         "dns://, eureka://, file://, k8s://, srv://, tcp:// and - (standard input)"),
        ("acm://x", "acm:// is not known here; did you mean acme://?"),
        ("http://x/y", "http:// is not known here; write host:port, and --probe http:/PATH to have each connection "
         "answered"),
        ("https://x/y", "https:// is not known here; write host:port, and --tls --probe http:/PATH to have each "
         "connection answered"),
    ],
)  # fmt: skip
def test_a_scheme_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, text: str) -> None:
    install(tmp_path, monkeypatch, None)
    with pytest.raises(PlanError) as caught:
        source_for(parse_lookup(target))
    assert str(caught.value) == text


def test_nobody_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(GOOD)
    write_metadata(tmp_path, "[tcpgoon.discovery]\nfile = acme:find\n")
    path = tmp_path / "none"
    assert resolve(tmp_path, f"file://{path}") == (
        3,
        "",
        f"tcpgoon: {path} cannot be read: No such file or directory\n",
    )


@pytest.mark.parametrize("entry_points", ["[tcpgoon.discovery]\nacme\n", "[tcpgoon.discovery]\nacme = \n", "garbage\n"])
def test_metadata_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry_points: str) -> None:
    """Of any package whatever: it may have nothing to do with us."""
    write_metadata(tmp_path, entry_points)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises((PlanError, DiscoveryError)) as caught:
        source_for(parse_lookup("acme://x/y"))
    assert str(caught.value).startswith("acme:// ")
