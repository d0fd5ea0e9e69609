"""How TLS is to be spoken: names, trust, versions. Keys are named by their file, never held."""

from enum import Enum

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.escapes import is_text


class TlsVersion(Enum):
    """A version of TLS that can be the oldest one accepted. Older ones than these are refused by the library."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class TlsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of a TLS handshake.

    Raises `PlanError` for options that contradict each other, and for names that TLS has no room for.
    """

    server_name: str = ""
    """The name, or address, that the certificate has to be for. A name is sent as well (SNI); empty: none is."""
    verify: bool = True
    """Whether the certificate has to be trusted and to be for ``server_name``."""
    ca: str = ""
    """A file or folder of certificates to trust; empty: those of the system."""
    certificate: str = ""
    """The file with the client's certificate; empty: none is shown."""
    key: str = ""
    """The file with its key; empty: it is in the file of the certificate."""
    alpn: tuple[str, ...] = ()
    """Protocols to offer, the preferred one first."""
    minimum_version: TlsVersion = TlsVersion.TLS_1_2

    def __post_init__(self) -> None:
        if self.verify and not self.server_name:
            raise PlanError("there is no name that the certificate could be verified for: give one, or do not verify")
        if self.ca and not self.verify:
            raise PlanError("certificates to trust are of no use where nothing is verified")
        if self.key and not self.certificate:
            raise PlanError("a key is of no use without its certificate")
        for protocol in self.alpn:
            if not (protocol.isascii() and protocol.isprintable() and 1 <= len(protocol) <= 255):
                raise PlanError(f"{protocol!r} is not the name of a protocol: h2 and http/1.1 are")
        if len(self.alpn) > 16:
            raise PlanError(f"{len(self.alpn)} protocols are offered: at most 16 are")
        for file in (self.ca, self.certificate, self.key):
            _check_file(file)
        _check_name(self.server_name)

    @property
    def hostname(self) -> str:
        """The name without the dot at its end and the zone of an address, which certificates do not have."""
        return self.server_name.partition("%")[0].removesuffix(".")


def _check_file(name: str) -> None:
    if "\0" in name:
        raise PlanError("no file has a zero byte in its name")
    if not is_text(name):
        raise PlanError(f"{name!r} is not UTF-8, and a plan is saved as that: give the file another name")


def _check_name(name: str) -> None:
    try:
        encoded = name.encode("idna")
    except UnicodeError as exc:
        raise PlanError(f"{name!r} cannot be sent as the name of a server") from exc
    if not encoded.isascii() or len(encoded) > 254 or b"\0" in encoded or name.startswith((".", "%")):
        raise PlanError(f"{name!r} cannot be sent as the name of a server")
