"""What a plan asks of TLS, before anything is dialled: names, files, keys."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.engine.probes import tls
from tcpgoon.engine.probes.tls import TlsProbe, TlsScript
from tcpgoon.errors import PlanError
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.unserved import Unserved

from .conftest import Authority, MakePeer


def options(authority: Authority, **files: str) -> TlsOptions:
    return TlsOptions(**{"server_name": "example.org", "ca": authority.trusted, **files})  # type: ignore[arg-type]


@given(st.text() | st.text(alphabet="a.-_:%0é*[]/ ", max_size=20))
def test_any_name_that_a_plan_takes_can_be_sent(name: str) -> None:
    try:
        wanted = TlsOptions(server_name=name, verify=False)
    except PlanError:
        return
    assert TlsProbe(TlsScript(wanted)).start()


def test_a_library_that_will_not_begin_says_so_before_anything_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system's configuration allows no version that the plan does."""

    def impossible(_: TlsOptions) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setattr(tls, "_context", impossible)
    with pytest.raises(PlanError, match=r"^TLS cannot be spoken like this: .*[Nn][Oo].PROTOCOLS.AVAILABLE"):
        TlsScript(TlsOptions(verify=False))


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"ca": "nowhere.pem"}, "nowhere.pem: there is no certificate to trust in it: No such file or directory"),
        ({"ca": __file__}, f"{__file__}: there is no certificate to trust in it: no certificate or crl found"),
        ({"certificate": "nowhere.pem"}, "nowhere.pem: no certificate with its key: No such file or directory"),
        (
            {"certificate": __file__, "key": "k"},
            f"{__file__} and k: no certificate with its key: it is not in the PEM format",
        ),
    ],
)
def test_files_that_cannot_be_read_are_one_clear_line(authority: Authority, knobs: dict[str, str], line: str) -> None:
    with pytest.raises(PlanError) as caught:
        TlsScript(options(authority, **knobs))
    assert str(caught.value) == line


def test_a_folder_of_certificates_to_trust(authority: Authority, tls_peer: MakePeer, tmp_path: Path) -> None:
    probe, peer = TlsProbe(TlsScript(options(authority, ca=str(tmp_path)))), tls_peer()()

    assert probe.received(peer(probe.start())).why is Unserved.UNTRUSTED  # it is read, and empty


def test_nobody_is_asked_for_a_password(authority: Authority, tmp_path: Path) -> None:
    pem = authority.client.private_key_pem.bytes()
    key = serialization.load_pem_private_key(pem, None)
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(PlanError, match=r"^the key of the client's certificate is encrypted: give one that is not$"):
        TlsScript(options(authority, certificate=authority.client_file(), key=str(path)))
