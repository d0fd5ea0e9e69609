"""How long, how much, and with whose password."""

import dataclasses
from pathlib import Path

import pytest
import trustme

from tcpgoon.discovery.terms import PASSWORD, Terms
from tcpgoon.errors import PlanError


def test_time_runs_out() -> None:
    assert Terms(timeout_s=0).left_s() == 0
    terms = Terms(timeout_s=1_000)
    left_s = terms.left_s()
    assert 0 < left_s <= 1_000
    assert terms.left_s() <= left_s
    assert dataclasses.replace(terms, most_bytes=1).left_s() <= left_s


@pytest.mark.parametrize("timeout_s", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_time_that_is_none(timeout_s: float) -> None:
    """No lock and no socket waits so long."""
    with pytest.raises(PlanError) as caught:
        Terms(timeout_s=timeout_s)
    assert str(caught.value) == f"a registry timeout of {timeout_s} s is out of range: it is between 0 and a year"


def test_certificates(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    assert Terms(ca=str(path)).ca == str(path)
    assert Terms(ca=str(tmp_path)).ca == str(tmp_path)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "No such file or directory"),
        ("no.pem", "it holds no certificate"),
        ("binary.pem", "it holds no certificate"),
        ("a\0b", "it is no path"),
        ("x" * 1_000, "File name too long"),
    ],
)
def test_certificates_that_are_none(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "no.pem").write_text("-----BEGIN CERTIFICATE-----\nabc\n")
    (tmp_path / "binary.pem").write_bytes(bytes(range(256)))
    path = str(tmp_path / name)
    with pytest.raises(PlanError) as caught:
        Terms(ca=path)
    assert str(caught.value) == f"--registry-ca: {path!r} cannot be used: {why}"


class TestPasswords:
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "netrc").write_text("machine registry login alice password of-netrc\n")
        (tmp_path / "password").write_text("of-file\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        monkeypatch.delenv(PASSWORD, raising=False)

    def test_the_file_goes_before_the_environment_and_that_before_netrc(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert Terms().password("registry", "alice") == "of-netrc"
        monkeypatch.setenv(PASSWORD, "of-environment")
        assert Terms().password("registry", "alice") == "of-environment"
        assert Terms(password_file=str(tmp_path / "password")).password("registry", "alice") == "of-file"

    def test_that_of_netrc_is_for_its_user_at_its_host(self) -> None:
        assert Terms().password("registry", "bob") is None
        assert Terms().password("elsewhere", "alice") is None
        assert Terms().password("registry", "") == "of-netrc"
