import re
from typing import get_type_hints

import msgspec
import pytest

from tcpgoon.errors import PlanError
from tcpgoon.server import ServerConfig
from tcpgoon.server.config import LONGEST_BANNER, Knobs, config_of


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"host": ""}, "the host to listen on is empty: 127.0.0.1 is this machine alone, 0.0.0.0 is everybody"),
        ({"port": -1}, "port is -1: it is between 0 and 65535"),
        ({"port": 65_536}, "port is 65536: it is between 0 and 65535"),
        ({"max_connections": -1}, "max_connections is -1: it is between 0 and 1000000000"),
        ({"backlog": 2**31}, "backlog is 2147483648: it is between 0 and 2147483647"),
        ({"workers": 0}, "workers is 0: it is between 1 and 1024"),
        ({"above": "panic"}, "above is 'panic': it is one of close, reset, stop"),
        ({"accept_delay_s": -0.1}, "accept_delay_s is -0.1: a duration is a number of seconds, 0 or more"),
        ({"close_after_s": float("nan")}, "close_after_s is nan: a duration is a number of seconds, 0 or more"),
        ({"duration_s": float("inf")}, "duration_s is inf: a duration is a number of seconds, 0 or more"),
        (
            {"close_after_s": 1, "reset_after_s": 2},
            "a connection ends either by close_after or by reset_after: give one of them",
        ),
        ({"banner": b"x" * 16_385}, "the banner has 16385 bytes: at most 16384 are sent"),
    ],
)
def test_a_value_out_of_range_is_one_clear_line(knobs: dict[str, object], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        ServerConfig(**knobs)  # type: ignore[arg-type]


def test_the_bounds_themselves_are_allowed() -> None:
    config = ServerConfig(
        port=65_535, max_connections=0, backlog=0, workers=1_024, duration_s=0, banner=b"x" * LONGEST_BANNER
    )
    assert (config.port, config.max_connections, config.backlog) == (65_535, 0, 0)


@pytest.mark.parametrize(
    ("config", "age"),
    [
        (ServerConfig(), None),
        (ServerConfig(close_after_s=0), 0),
        (ServerConfig(close_after_s=2), 2),
        (ServerConfig(reset_after_s=0), 0),
        (ServerConfig(reset_after_s=3), 3),
    ],
)
def test_the_age_limit_is_that_of_either_way(config: ServerConfig, age: float | None) -> None:
    assert config.age_limit_s == age


def test_it_goes_through_json_unchanged() -> None:
    config = ServerConfig(host="::1", banner=b"\xff\x00\r\n", max_connections=7, above="stop", close_after_s=0.25)
    assert msgspec.json.decode(msgspec.json.encode(config), type=ServerConfig) == config


def test_the_knobs_are_the_fields() -> None:
    assert get_type_hints(Knobs) == get_type_hints(ServerConfig)
    assert config_of({}) == ServerConfig()
    knobs: Knobs = {"max_connections": 7, "above": "stop", "banner": b"\xff", "close_after_s": 1}
    assert config_of(knobs) == ServerConfig(max_connections=7, above="stop", banner=b"\xff", close_after_s=1.0)


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        (
            {"max_conections": 5},
            "there is no knob 'max_conections': there are host, port, max_connections, above, backlog, echo, banner, "
            "close_after_s, reset_after_s, accept_delay_s, never_accept, workers, duration_s",
        ),
        ({"max_connections": "5"}, "a knob of the server: Expected `int | null`, got `str` - at `$.max_connections`"),
        ({"close_after_s": "5s"}, "a knob of the server: Expected `float | null`, got `str` - at `$.close_after_s`"),
        ({"above": "panic"}, "a knob of the server: Invalid enum value 'panic' - at `$.above`"),
        ({"workers": 0}, "a knob of the server: workers is 0: it is between 1 and 1024"),
    ],
)
def test_a_knob_that_is_none_is_one_clear_line(knobs: Knobs, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        config_of(knobs)
