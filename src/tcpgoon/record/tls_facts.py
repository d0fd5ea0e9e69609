"""What a TLS handshake taught about the other end."""

import msgspec


class TlsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed on, and how long the certificate lasts. Usually the same for all connections of a run."""

    version: str
    """Such as ``TLSv1.3``."""
    cipher: str
    """Such as ``TLS_AES_256_GCM_SHA384``."""
    alpn: str = ""
    """The protocol that the server chose; empty: none."""
    expires_at: str = ""
    """The end of its certificate's validity, in UTC, ISO 8601: ``2049-12-31T23:59:59Z``; empty: not known."""
