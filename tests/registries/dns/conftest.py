"""Fixtures: a name server with zones of ours, and one that says what no name server would."""

from collections.abc import Iterator

import pytest

from tests.conftest import find_program
from tests.registries.dns.nsd import ADDRESS, name_server
from tests.registries.dns.zones import ZONES


@pytest.fixture(scope="session")
def dns_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address and port of NSD with `ZONES`; a test that asks for it requires ``nsd``."""
    program = find_program("nsd")
    assert program, "there is no nsd"
    with name_server(program, tmp_path_factory.mktemp("nsd"), ZONES) as port:
        yield f"{ADDRESS}:{port}"
