import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.named_probes import NamedProbe, host_of, named_probes, parse_probe
from tcpgoon.plan.probe import ANYTHING, Exchange, compile_pattern

TARGET = Target("example.org", 8080)
ALL = sorted(named_probes())
PIECES = [b"x", b"\n", b"\r\n", b"SSH", b"-", b"220-\n", b"120 \n", b"HTTP/1.1 103\r\n", b"\0", b"M\0", b"S\0"]


def test_there_are_these() -> None:
    assert ALL == [
        "amqp", "banner", "echo", "ftp", "http", "imap", "memcached", "mqtt", "mysql", "pop3", "postgres", "redis",
        "smtp", "ssh",
    ]  # fmt: skip


def test_who_speaks_first_and_where() -> None:
    assert {name: (probe.speaks_first, probe.port) for name, probe in named_probes().items()} == {
        "amqp": (False, 5672),
        "banner": (True, None),
        "echo": (False, 7),
        "ftp": (True, 21),
        "http": (False, 80),
        "imap": (True, 143),
        "memcached": (False, 11211),
        "mqtt": (False, 1883),
        "mysql": (True, 3306),
        "pop3": (True, 110),
        "postgres": (False, 5432),
        "redis": (False, 6379),
        "smtp": (True, 25),
        "ssh": (True, 22),
    }


def test_who_can_be_asked_again() -> None:
    repeatable = [name for name in ALL if parse_probe(name, TARGET).repeatable]

    assert repeatable == ["echo", "http", "memcached", "redis"]


def test_how_they_are_written() -> None:
    spelled = [probe.spelling(name) for name, probe in named_probes().items()]

    assert spelled == [
        "banner", "http[:PATH]", "redis", "memcached", "postgres[:USER]", "mysql", "smtp", "imap", "pop3", "ftp",
        "ssh", "mqtt", "amqp", "echo[:TEXT]",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_each_says_what_it_proves_and_where_that_is_written(name: str) -> None:
    probe = named_probes()[name]

    assert probe.summary
    assert probe.source.startswith("https://")
    assert bool(probe.arg) == bool(probe.default) == bool(probe.form)
    assert probe.arg == "" or re.fullmatch(probe.form, probe.default)


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("banner", b""),
        ("http", b"GET / HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: tcpgoon\r\nAccept: */*\r\n\r\n"),
        ("http:/a:b?c", b"GET /a:b?c HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: tcpgoon\r\nAccept: */*\r\n\r\n"),
        ("redis", b"PING\r\n"),
        ("memcached", b"version\r\n"),
        (
            "postgres",
            b"\0\0\0\x42\0\3\0\0user\0postgres\0database\0postgres\0application_name\0tcpgoon\0\0",
        ),
        ("postgres:jörg", "\0\0\0\x3f\0\3\0\0user\0jörg\0database\0postgres\0application_name\0tcpgoon\0\0".encode()),
        ("mqtt", b"\x10\x0c\0\4MQTT\4\2\0\0\0\0"),
        ("amqp", b"AMQP\0\0\x09\x01"),
        ("echo", b"tcpgoon\n"),
        (r"echo:a\nb{host}", b"a\\nb{host}\n"),
    ],
)
def test_what_is_sent(text: str, payload: bytes) -> None:
    exchange = parse_probe(text, TARGET)

    assert exchange.payload == payload
    assert (exchange.name, exchange.anchored) == (text, True)


def test_what_comes_back_is_no_pattern() -> None:
    exchange = parse_probe("echo:a.c(", TARGET)

    assert exchange == Exchange(name="echo:a.c(", send=r"a.c(\n", expect=r"a\.c\(", anchored=True)


def test_a_banner_is_anything() -> None:
    assert parse_probe("banner", TARGET) == Exchange(name="banner", expect=ANYTHING, anchored=True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("telnet", f"'telnet' is no probe: there are {', '.join(ALL)}"),
        ("", f"'' is no probe: there are {', '.join(ALL)}"),
        ("redis:x", "'redis:x': the probe redis takes nothing after a colon"),
        ("redis:", "'redis:': the probe redis takes nothing after a colon"),
        ("http:", "'http:': '' is not a path; write it like http:/"),
        ("http:x", "'http:x': 'x' is not a path; write it like http:/"),
        ("http:/a b", "'http:/a b': '/a b' is not a path; write it like http:/"),
        ("http:/\r\nX: y", "'http:/\\r\\nX: y': '/\\r\\nX: y' is not a path; write it like http:/"),
        ("postgres:a\0b", "'postgres:a\\x00b': 'a\\x00b' is not a user; write it like postgres:postgres"),
        ("postgres:\udcff", "'postgres:\\udcff': '\\udcff' is not a user; write it like postgres:postgres"),
        ("echo:\n", "'echo:\\n': '\\n' is not a text; write it like echo:tcpgoon"),
    ],
)
def test_what_is_no_probe_is_one_clear_line(text: str, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_probe(text, TARGET)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (TARGET, "example.org:8080"),
        (Target("127.0.0.1", 80), "127.0.0.1:80"),
        (Target("::1", 80), "[::1]:80"),
        (Target("fe80::1%eth0", 80), "[fe80::1]:80"),
        (Target("пример.рф", 80), "xn--e1afmkfd.xn--p1ai:80"),
    ],
)
def test_the_host_field(target: Target, host: str) -> None:
    assert host_of(target) == host


def test_a_name_that_cannot_be_sent_is_one_clear_line() -> None:
    with pytest.raises(PlanError, match=r"^'a\.\.b' cannot be written into a request$"):
        parse_probe("http", Target("a..b", 80))
    assert parse_probe("redis", Target("a..b", 80)).name == "redis"


@pytest.mark.parametrize("name", ALL)
def test_no_pattern_backtracks_without_end(name: str) -> None:
    """What is worst for each of them takes no time to speak of; the limit on the test is what would tell."""
    probe: NamedProbe = named_probes()[name]
    for text in filter(None, [probe.expect, probe.refused]):
        pattern = compile_pattern(text.replace("{arg}", "x"))
        for piece in PIECES:
            for head in (b"", b"R\0\0\0\x08\0\0\0\0", b"E\0\0\0\0", b"\x17\0\0\0\xff\x10\x04"):
                pattern.match(head + piece * (4096 // len(piece)))


@given(text=st.text() | st.tuples(st.sampled_from(ALL), st.text()).map(":".join))
def test_no_text_raises_anything_but_a_plan_error(text: str) -> None:
    try:
        exchange = parse_probe(text, TARGET)
    except PlanError:
        return
    assert exchange.name == text
