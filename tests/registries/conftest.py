"""Fixtures: real registries."""

from tests.registries.consul_server import consul
from tests.registries.eureka_server import eureka

__all__ = ["consul", "eureka"]
