"""The terms on which a registry is asked: it is untrusted, and unreliable."""

import os
import time
from dataclasses import dataclass, field

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.units import LONGEST_S

TIMEOUT_S = 10.0
"""How long all of a look-up may take by default."""

MOST_BYTES = 16 * 1024 * 1024
"""Of one answer. Ten thousand instances as Eureka describes them are half of that."""

MOST_INSTANCES = 10_000
"""Of one service."""

PASSWORD = "TCPGOON_REGISTRY_PASSWORD"  # noqa: S105 - the name of a variable
"""The environment variable with the password for the user of a registry."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every source keeps to. Its time begins when it is made.

    Raises `PlanError` for a time that is none, and for certificates that cannot be read.
    """

    timeout_s: float = TIMEOUT_S
    most_bytes: int = MOST_BYTES
    most_instances: int = MOST_INSTANCES
    family: Family = Family.ANY
    verify: bool = True
    """Whether a registry's certificate has to be trusted, and for its name."""
    ca: str = ""
    """File or folder of certificates to trust; empty: those of the system."""
    password_file: str = ""
    """The file with the password of the registry's user."""
    allow_local: bool = False
    """Whether a registry elsewhere may name loopback, link-local and other addresses that mean something here only."""
    _begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if not 0 <= self.timeout_s <= LONGEST_S:
            raise PlanError(f"a registry timeout of {self.timeout_s} s is out of range: it is between 0 and a year")
        if self.ca:
            from tcpgoon.discovery.certificates import check_certificates  # TLS takes a while

            check_certificates(self.ca)

    def left_s(self) -> float:
        """How much of the time is left; 0 where none is."""
        return max(0.0, self._begun + self.timeout_s - time.monotonic())

    def password(self, host: str, user: str) -> str | None:
        """The password of ``user`` at ``host``: from the file, from the environment or from netrc; None: there is none.

        Raises `PlanError` for a file that cannot be read.
        """
        from tcpgoon.discovery.secrets import from_netrc, read_secret  # so does this, and few need it

        if self.password_file:
            return read_secret(self.password_file, "--registry-password-file")
        return os.environ.get(PASSWORD) or from_netrc(host, user)
