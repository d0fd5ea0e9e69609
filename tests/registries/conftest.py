"""Fixtures: real registries."""

from tests.registries.eureka_server import eureka

__all__ = ["eureka"]
