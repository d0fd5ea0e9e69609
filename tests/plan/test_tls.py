import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.tls import TlsOptions, TlsVersion


def test_what_is_asked_where_nothing_else_is_said() -> None:
    assert TlsOptions(server_name="example.org") == TlsOptions(
        server_name="example.org",
        verify=True,
        ca="",
        certificate="",
        key="",
        alpn=(),
        minimum_version=TlsVersion.TLS_1_2,
    )


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("example.org", "example.org"),
        ("example.org.", "example.org"),
        ("my_service", "my_service"),
        ("пример.рф", "пример.рф"),
        ("127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_the_name_as_certificates_have_it(name: str, hostname: str) -> None:
    assert TlsOptions(server_name=name).hostname == hostname


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({}, "there is no name that the certificate could be verified for: give one, or do not verify"),
        ({"verify": False, "ca": "x"}, "certificates to trust are of no use where nothing is verified"),
        ({"server_name": "x", "key": "k"}, "a key is of no use without its certificate"),
        ({"server_name": "x", "alpn": ("",)}, "'' is not the name of a protocol: h2 and http/1.1 are"),
        ({"server_name": "x", "alpn": ("é",)}, "'é' is not the name of a protocol: h2 and http/1.1 are"),
        ({"server_name": "x", "alpn": ("h2",) * 17}, "17 protocols are offered: at most 16 are"),
        ({"server_name": "x", "ca": "a\0"}, "no file has a zero byte in its name"),
        ({"server_name": "x", "certificate": "a\0"}, "no file has a zero byte in its name"),
        ({"server_name": "x", "certificate": "c", "key": "a\0"}, "no file has a zero byte in its name"),
        (
            {"server_name": "x", "ca": "\udcff"},
            "'\\udcff' is not UTF-8, and a plan is saved as that: give the file another name",
        ),
        ({"server_name": ".x"}, "'.x' cannot be sent as the name of a server"),
        ({"server_name": "a..b"}, "'a..b' cannot be sent as the name of a server"),
        ({"server_name": "x" * 64}, f"'{'x' * 64}' cannot be sent as the name of a server"),
        ({"server_name": "a\0b"}, "'a\\x00b' cannot be sent as the name of a server"),
        ({"server_name": "%eth0"}, "'%eth0' cannot be sent as the name of a server"),
        ({"server_name": "\udcff"}, "'\\udcff' cannot be sent as the name of a server"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(knobs: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        TlsOptions(**knobs)


@given(
    st.builds(
        TlsOptions,
        server_name=st.sampled_from(["example.org", "::1", "xn--e1afmkfd.xn--p1ai."]),
        certificate=st.sampled_from(["", "client.pem"]),
        alpn=st.lists(st.sampled_from(["h2", "http/1.1", "mqtt"]), max_size=3).map(tuple),
        minimum_version=st.sampled_from(TlsVersion),
    )
)
def test_they_survive_the_way_through_json(options: TlsOptions) -> None:
    assert msgspec.json.decode(msgspec.json.encode(options), type=TlsOptions) == options
