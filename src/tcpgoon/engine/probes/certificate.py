"""When a certificate ends. The standard library tells that only of certificates that it has verified.

RFC 5280 §4.1 in DER (X.690 §8, §10): a certificate is a SEQUENCE of a SEQUENCE of: the version (left out in version 1),
serial number, signature algorithm, issuer, and the SEQUENCE of two times that we are after.
"""

import re

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")


def expiry(der: bytes) -> str:
    """The end of the validity, ISO 8601 in UTC; empty where ``der`` is no certificate."""
    try:
        _, certificate, _ = _element(der)
        _, rest, _ = _element(certificate)
        tag, _, after_version = _element(rest)
        rest = after_version if tag == _VERSION else rest
        for _ in ("serialNumber", "signature", "issuer"):
            _, _, rest = _element(rest)
        _, validity, _ = _element(rest)
        _, _, rest = _element(validity)
        tag, time, _ = _element(rest)
    except IndexError:
        return ""
    return _iso(tag, time)


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag and content of the first element, and what is behind it. Raises `IndexError` where it is cut off."""
    size, begin = der[1], 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[2:begin], "big")
    end = begin + size
    if end > len(der):
        raise IndexError(end)
    return der[0], der[begin:end], der[end:]


def _iso(tag: int, time: bytes) -> str:
    if tag == _UTC_TIME:
        time = (b"19" if time >= b"5" else b"20") + time  # RFC 5280 §4.1.2.5.1
    elif tag != _GENERALIZED_TIME:
        return ""
    match = _TIME.fullmatch(time)
    return "{}-{}-{}T{}:{}:{}Z".format(*(part.decode() for part in match.groups())) if match else ""
