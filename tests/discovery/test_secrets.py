"""Files with passwords: what is wrong with them is said, and never what stands in them."""

import pwd
from pathlib import Path

import pytest

from tcpgoon.discovery.secrets import LONGEST_SECRET, from_netrc, read_secret
from tcpgoon.errors import PlanError

SECRET = "s3cr3t-Pa55"


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
def test_a_secret_is_a_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    assert read_secret(str(path), "--x") == SECRET


def test_spaces_belong_to_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"  {SECRET}  \n")
    assert read_secret(str(path), "--x") == f"  {SECRET}  "


def test_one_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_secret("~/secret", "--x") == SECRET


ONE_LINE = f"has to hold one line of at most {LONGEST_SECRET:,} bytes"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", ONE_LINE),
        (b"\n", ONE_LINE),
        (f"{SECRET}\n{SECRET}\n".encode(), ONE_LINE),
        (SECRET.encode() * 1_000, ONE_LINE),
        (SECRET.encode() + b"\xff", "holds no text"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        read_secret(str(path), "--x")
    assert str(caught.value) == f"--x: {str(path)!r} {why}"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nowhere", "cannot be read: No such file or directory"),
        ("/", "cannot be read: Is a directory"),
        ("/a\0b", "holds no text"),
        ("~nobody-has-this-name/x", "cannot be read: No such file or directory"),
        ("/dev/zero", ONE_LINE),
        ("/dev/null", ONE_LINE),
    ],
)
def test_what_is_no_file(path: str, why: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_secret(path, "--x")
    assert str(caught.value) == f"--x: {path!r} {why}"


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(path))
    return path


def test_netrc(netrc: Path) -> None:
    netrc.write_text(
        f"machine a login alice password {SECRET}\nmachine b password of-anybody\ndefault login bob password other\n"
    )
    asked = [("a", "alice"), ("a", "bob"), ("a", ""), ("b", "carol"), ("c", "bob"), ("c", "alice")]
    assert [from_netrc(*one) for one in asked] == [SECRET, None, SECRET, None, "other", None]


def test_no_netrc(netrc: Path) -> None:
    assert from_netrc("a", "alice") is None


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in containers whose user is any number."""

    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    for name in ("NETRC", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    assert from_netrc("a", "alice") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"machine a login b password my {SECRET}\n".encode(), "it is not of the form of netrc (near line 2)"),
        (f"\n{SECRET}\n".encode(), "it is not of the form of netrc (near line 3)"),
        (f"machine a login b password {SECRET}\xff\n".encode("latin-1"), None),
        (b"machine\n", None),
        (b'machine a login b password "' + SECRET.encode(), None),
    ],
)
def test_a_netrc_that_is_none(netrc: Path, content: bytes, why: str | None) -> None:
    netrc.write_bytes(content)
    try:
        found = from_netrc("a", "b")
    except PlanError as exc:
        assert why is None or str(exc) == f"{str(netrc)!r} cannot be read: {why}"  # noqa: PT017
        assert SECRET not in f"{exc}{exc.__cause__}"  # noqa: PT017
    else:
        assert why is None
        assert found in (None, SECRET, f"{SECRET}ÿ")


def test_a_netrc_that_is_a_folder(netrc: Path) -> None:
    netrc.mkdir()
    with pytest.raises(PlanError, match="cannot be read: Is a directory"):
        from_netrc("a", "b")
