"""Where: a target becomes instances, and their endpoints, looked up once and pinned. Public for sources of others."""

from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.terms import Terms

__all__ = ["Instance", "Listing", "Status", "Terms"]
