import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.engine.probes.certificate import expiry

CA = trustme.CA()


def der_of(end: datetime, key_type: trustme.KeyType = trustme.KeyType.ECDSA) -> bytes:
    leaf = CA.issue_cert("example.org", not_before=end - timedelta(days=1), not_after=end, key_type=key_type)
    return ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())


DER = der_of(datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC))


@pytest.mark.parametrize("key_type", trustme.KeyType)
@pytest.mark.parametrize(
    "end",
    [
        datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),  # the last one as UTCTime
        datetime(2050, 1, 1, tzinfo=UTC),  # the first one as GeneralizedTime
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),  # no end at all, as RFC 5280 has it
    ],
)
def test_the_end_of_the_validity(end: datetime, key_type: trustme.KeyType) -> None:
    assert expiry(der_of(end, key_type)) == end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_it_is_what_another_library_reads() -> None:
    end = x509.load_der_x509_certificate(DER).not_valid_after_utc
    assert datetime.fromisoformat(expiry(DER)) == end


def test_a_certificate_of_version_1() -> None:
    def element(tag: int, content: bytes) -> bytes:
        return bytes([tag, len(content)]) + content

    names = element(2, b"\1") + element(0x30, b"") + element(0x30, b"")
    times = element(0x17, b"500102030405Z") + element(0x17, b"500102030406Z")
    assert expiry(element(0x30, element(0x30, names + element(0x30, times)))) == "1950-01-02T03:04:06Z"


@pytest.mark.parametrize("tag", [0x17, 0x18, 0x04])
def test_what_is_no_time_is_not_known(tag: int) -> None:
    at = DER.index(b"\x17\x0d310203040506Z")
    assert expiry(DER[:at] + bytes([tag, 13]) + b"3102030405xxZ" + DER[at + 15 :]) == ""


def test_of_what_is_cut_off_it_is_known_or_not() -> None:
    assert {expiry(DER[:size]) for size in range(len(DER))} == {""}
    assert expiry(b"") == expiry(b"\x30\x80") == expiry(b"\x30\xff" + b"\xff" * 200) == ""


@settings(max_examples=300)
@given(data=st.binary(max_size=200), at=st.integers(0, len(DER) - 1), byte=st.integers(0, 255))
def test_nothing_raises(data: bytes, at: int, byte: int) -> None:
    expiry(data)
    expiry(DER[:at] + bytes([byte]) + DER[at + 1 :])
    expiry(DER[:at] + data)
