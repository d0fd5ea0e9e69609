from collections import Counter
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.judge.plateaus import (
    GENERIC,
    MULTIPLIED,
    TOLERANCES,
    Kind,
    Per,
    Plateau,
    Tolerance,
    by_words,
    matches,
    plateaus,
)
from tcpgoon.record.outcome import Side

FIXED = ["select() FD_SETSIZE", "HTTP status 503", "HTTP status 429", "FTP or SMTP reply 421",
         "Cloudflare Connection Keep-Alive"]  # fmt: skip
"""What no setting raises, or what is not known to be one."""

MOST = {
    Kind.DESCRIPTORS: 2**20,
    Kind.BACKLOG: 2**16,
    Kind.CONNECTIONS: 2**16,
    Kind.WORKERS: 2**13,
    Kind.REQUESTS: 2**10,
    Kind.IDLE_TIMEOUT_S: 5 * 86_400,
    Kind.RATE: 1_000,
    Kind.PORTS: 64_512,
    Kind.CONNTRACK: 2**18,
}
"""Nothing is above these: a value in the wrong unit, or of the wrong kind, is."""


def names(rows: tuple[Plateau, ...]) -> list[str]:
    return [row.name for row in rows]


def is_near(value: float, kind: Kind, name: str) -> bool:
    return name in names(matches(value, [kind]))


def test_there_are_many() -> None:
    assert len(plateaus()) >= 150
    assert len({row.product for row in plateaus()}) >= 70
    assert {row.kind for row in plateaus()} == set(Kind)
    assert plateaus() is plateaus()


@pytest.mark.parametrize("row", plateaus(), ids=lambda row: row.name)
def test_each_row_is_complete(row: Plateau) -> None:
    texts = (row.product, row.directive, row.note, *row.also, *row.commands)

    assert all(text and text == text.strip() and text.isprintable() for text in texts)
    assert all(words.strip() and words.isprintable() for words in row.says)
    assert bool(row.commands) != (row.name in FIXED)
    assert row.values or row.says
    assert all(0 < value <= MOST[row.kind] for value in row.values)
    assert len(set(row.values)) == len(row.values)
    assert row.below < min(row.values, default=1)
    assert row.times == 1
    assert not row.note.endswith(".")


@pytest.mark.parametrize("row", plateaus(), ids=lambda row: row.name)
def test_each_row_says_where_it_is_written(row: Plateau) -> None:
    url = urlsplit(row.source)
    labels = set((url.hostname or "").split("."))

    assert url.scheme == "https"
    assert len(labels) > 1
    assert len(url.path) > 1
    assert labels.isdisjoint({"stackoverflow", "stackexchange", "medium", "wikipedia", "blog", "reddit", "gist"})


def test_no_row_is_there_twice() -> None:
    rows = Counter((row.kind, row.product, row.directive, value) for row in plateaus() for value in row.values)
    words = Counter(words.lower() for row in plateaus() for words in row.says)

    assert [key for key, count in (rows | words).items() if count > 1] == []


def test_whose_side_it_is() -> None:
    by_kind = {kind: {row.side for row in plateaus() if row.kind is kind} for kind in Kind}

    assert by_kind == {
        Kind.DESCRIPTORS: {Side.TARGET_APPLICATION},
        Kind.BACKLOG: {Side.TARGET_KERNEL},
        Kind.CONNECTIONS: {Side.TARGET_APPLICATION},
        Kind.WORKERS: {Side.TARGET_APPLICATION},
        Kind.REQUESTS: {Side.TARGET_APPLICATION},
        Kind.IDLE_TIMEOUT_S: {Side.TARGET_APPLICATION, Side.PATH},
        Kind.RATE: {Side.TARGET_APPLICATION},
        Kind.PORTS: {Side.CLIENT, Side.PATH},
        Kind.CONNTRACK: {Side.PATH},
    }
    assert {row.product for row in plateaus() if row.side is Side.PATH and not row.platform} == set()
    assert {row.product for row in plateaus() if row.is_generic} == GENERIC


@pytest.mark.parametrize(
    ("kind", "limit", "nearest", "farthest"),
    [
        (Kind.DESCRIPTORS, 1024, 984, 1024),
        (Kind.DESCRIPTORS, 65_536, 65_496, 65_536),
        (Kind.BACKLOG, 511, 511, 513),
        (Kind.BACKLOG, 5, 5, 7),
        (Kind.CONNECTIONS, 10_000, 9_998, 10_002),
        (Kind.CONNECTIONS, 151, 149, 153),
        (Kind.CONNECTIONS, 10, 9, 11),
        (Kind.WORKERS, 5, 4.5, 5.5),
        (Kind.WORKERS, 16, 14.4, 17.6),
        (Kind.WORKERS, 20, 18, 22),
        (Kind.REQUESTS, 1024, 1022, 1026),
        (Kind.IDLE_TIMEOUT_S, 5, 4.99, 5.3),
        (Kind.IDLE_TIMEOUT_S, 15, 14.99, 15.3),
        (Kind.IDLE_TIMEOUT_S, 60, 59.99, 61.2),
        (Kind.IDLE_TIMEOUT_S, 350, 349.99, 357),
        (Kind.RATE, 50, 47.5, 52.5),
        (Kind.PORTS, 28_232, 27_949.68, 28_232),
        (Kind.CONNTRACK, 131_072, 129_761.28, 131_072),
    ],
)
def test_how_near_is_near(kind: Kind, limit: float, nearest: float, farthest: float) -> None:
    row = Plateau(kind=kind, product="p", directive="d", values=(limit,), commands=(), note="n", source="s")
    grain = limit * 1e-9

    assert row.distance(nearest + grain) is not None
    assert row.distance(farthest - grain) is not None
    assert row.distance(nearest - grain) is None
    assert row.distance(farthest + grain) is None


def test_the_distance_is_a_share_of_what_is_expected() -> None:
    row = Plateau(
        kind=Kind.DESCRIPTORS, product="p", directive="d", values=(1024, 4096), commands=(), note="", source=""
    )

    assert row.distance(1024) == 0
    assert row.distance(1013) == 11 / 1024
    assert row.distance(4090) == 6 / 4096
    assert row.distance(2048) is None


def test_a_product_may_need_more_for_itself() -> None:
    row = Plateau(
        kind=Kind.CONNECTIONS,
        product="p",
        directive="d",
        values=(512,),
        commands=(),
        note="",
        source="",
        per=Per.PROCESS,
        below=8,
    )

    assert [value for value in range(490, 520) if row.distance(value) is not None] == [*range(504, 515)]
    assert is_near(1003, Kind.CONNECTIONS, "memcached -c")
    assert not is_near(999, Kind.CONNECTIONS, "memcached -c")


def test_every_kind_has_a_tolerance() -> None:
    assert set(TOLERANCES) == set(Kind)
    assert Tolerance().margins(1000) == (0, 0)


@pytest.mark.parametrize(
    ("value", "kind", "first"),
    [
        (1013, Kind.DESCRIPTORS, "systemd LimitNOFILE="),
        (4090, Kind.DESCRIPTORS, "Linux RLIMIT_NOFILE"),
        (10_230, Kind.DESCRIPTORS, "macOS OPEN_MAX"),
        (65_520, Kind.DESCRIPTORS, "Elasticsearch nofile"),
        (524_270, Kind.DESCRIPTORS, "systemd LimitNOFILE="),
        (1_048_570, Kind.DESCRIPTORS, "Linux fs.nr_open"),
        (129, Kind.BACKLOG, "Linux net.core.somaxconn"),
        (4097, Kind.BACKLOG, "Linux net.core.somaxconn"),
        (512, Kind.BACKLOG, "nginx listen … backlog="),
        (2049, Kind.BACKLOG, "gunicorn backlog"),
        (101, Kind.BACKLOG, "Tomcat acceptCount"),
        (51, Kind.BACKLOG, "Java ServerSocket backlog"),
        (81, Kind.BACKLOG, "MariaDB back_log"),
        (6, Kind.BACKLOG, "Python socketserver request_queue_size"),
        (507, Kind.CONNECTIONS, "nginx worker_connections"),
        (765, Kind.CONNECTIONS, "nginx worker_connections"),
        (10_000, Kind.CONNECTIONS, "Redis maxclients"),
        (992, Kind.CONNECTIONS, "Redis maxclients"),
        (97, Kind.CONNECTIONS, "PostgreSQL max_connections"),
        (151, Kind.CONNECTIONS, "MariaDB max_connections"),
        (152, Kind.CONNECTIONS, "MariaDB max_connections"),
        (8193, Kind.CONNECTIONS, "Tomcat maxConnections"),
        (60, Kind.CONNECTIONS, "ZooKeeper maxClientCnxns"),
        (65_536, Kind.CONNECTIONS, "NATS max_connections"),
        (256, Kind.WORKERS, "Apache httpd MaxRequestWorkers"),
        (150, Kind.WORKERS, "Apache httpd MaxRequestWorkers"),
        (200, Kind.WORKERS, "Tomcat maxThreads"),
        (75.05, Kind.IDLE_TIMEOUT_S, "nginx keepalive_timeout"),
        (65.02, Kind.IDLE_TIMEOUT_S, "nginx keepalive_timeout"),
        (350.4, Kind.IDLE_TIMEOUT_S, "AWS Network Load Balancer tcp.idle_timeout.seconds"),
        (240.1, Kind.IDLE_TIMEOUT_S, "Azure Load Balancer idleTimeoutInMinutes"),
        (28_801, Kind.IDLE_TIMEOUT_S, "MariaDB wait_timeout"),
        (14_100, Kind.PORTS, "Linux net.ipv4.ip_local_port_range"),
        (28_214, Kind.PORTS, "Linux net.ipv4.ip_local_port_range"),
        (54_990, Kind.PORTS, "AWS NAT gateway connections to each destination"),
        (130_573, Kind.CONNTRACK, "Kubernetes kube-proxy --conntrack-min"),
        (262_000, Kind.CONNTRACK, "Linux net.netfilter.nf_conntrack_max"),
        (50, Kind.RATE, "xinetd cps"),
    ],
)
def test_the_strange_numbers_have_names(value: float, kind: Kind, first: str) -> None:
    assert names(matches(value, [kind]))[0] == first


@pytest.mark.parametrize(("value", "kind"), [(3000, Kind.CONNECTIONS), (1025, Kind.DESCRIPTORS), (0, Kind.WORKERS)])
def test_other_numbers_have_none(value: float, kind: Kind) -> None:
    assert matches(value, [kind]) == ()


def test_only_the_kinds_that_were_asked_for() -> None:
    assert matches(1024, []) == ()
    assert {row.kind for row in matches(1024, [Kind.DESCRIPTORS, Kind.REQUESTS])} == {
        Kind.DESCRIPTORS,
        Kind.REQUESTS,
    }


def test_the_nearest_comes_first_and_then_the_more_common() -> None:
    assert names(matches(1022, [Kind.CONNECTIONS])) == [
        "nginx worker_connections", "memcached -c", "Envoy circuit_breakers max_connections",
    ]  # fmt: skip
    assert names(matches(98, [Kind.CONNECTIONS]))[:2] == ["PostgreSQL max_connections", "PgBouncer max_client_conn"]
    assert names(matches(62, [Kind.CONNECTIONS])) == ["systemd MaxConnections=", "ZooKeeper maxClientCnxns"]


def test_a_product_that_is_known_comes_first() -> None:
    assert names(matches(60.1, [Kind.IDLE_TIMEOUT_S], ["postgres"])) == [
        "PostgreSQL authentication_timeout",
        "PgBouncer client_login_timeout",
        "AWS Application Load Balancer idle_timeout.timeout_seconds",
        "AWS Classic Load Balancer ConnectionSettings IdleTimeout",
    ]
    assert names(matches(1013, [Kind.DESCRIPTORS, Kind.CONNECTIONS], ["Memcached"])) == [
        "memcached -c",
        "systemd LimitNOFILE=",
        "Linux RLIMIT_NOFILE",
    ]
    assert names(matches(512, [Kind.BACKLOG], ["APACHE2"])) == ["Apache httpd ListenBackLog"]
    assert matches(512, [Kind.BACKLOG], ["another"]) == ()


def test_multiples_only_where_they_are_asked_for() -> None:
    assert matches(2048, [Kind.CONNECTIONS]) == ()

    found = matches(2046, [Kind.CONNECTIONS], ["nginx"], multiples=8)

    assert [(row.name, row.values, row.times) for row in found] == [
        ("nginx worker_connections", (1024,), 2),
        ("nginx worker_connections", (512,), 4),
    ]
    assert matches(2046, [Kind.CONNECTIONS], ["nginx"], multiples=1) == ()


def test_a_multiple_comes_after_all_that_need_none() -> None:
    found = matches(1024, [Kind.CONNECTIONS], multiples=4)

    assert [(row.name, row.values, row.times) for row in found] == [
        ("nginx worker_connections", (1024,), 1),
        ("memcached -c", (1024,), 1),
        ("Envoy circuit_breakers max_connections", (1024,), 1),
        ("nginx worker_connections", (512,), 2),
        ("HAProxy maxconn", (256,), 4),
    ]


def test_what_a_process_needs_for_itself_is_multiplied_too() -> None:
    (row,) = matches(4 * 768 - 32, [Kind.CONNECTIONS], ["nginx"], multiples=4)

    assert (row.values, row.times) == ((768,), 4)
    assert matches(4 * 768 - 33, [Kind.CONNECTIONS], ["nginx"], multiples=4) == ()


def test_what_is_not_per_process_has_no_multiples() -> None:
    assert Per.INSTANCE not in MULTIPLIED
    assert Per.SOURCE_ADDRESS not in MULTIPLIED
    assert matches(20_000, [Kind.CONNECTIONS], ["redis"], multiples=8) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("-ERR max number of clients reached", "Redis maxclients"),
        ("-ERR max number of clients + cluster connections reached", "Redis maxclients"),
        ("ERROR Too many open connections", "memcached -c"),
        ("sorry, too many clients already", "PostgreSQL max_connections"),
        (
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "PostgreSQL max_connections",
        ),
        ("FATAL:  no more connections allowed (max_client_conn)", "PgBouncer max_client_conn"),
        (r"\x10\x04Too many connections", "MySQL max_connections"),
        ("Exceeded MaxStartups", "OpenSSH MaxStartups"),
        ("Not allowed at this time", "OpenSSH MaxStartups, PerSourceMaxStartups or PerSourcePenalties"),
        ("421 There are too many connected users, please try later.", "vsftpd max_clients"),
        ("421 There are too many connections from your internet address.", "vsftpd max_per_ip"),
        ("500 OOPS: Connection refused: too many sessions for this address.", "vsftpd max_per_ip"),
        ("500 OOPS: Connection refused: too many sessions.", "vsftpd max_clients"),
        ("530 Sorry, the maximum number of allowed clients (10) are already connected.", "ProFTPD MaxClients"),
        ("421 4.7.0 a.org Error: too many connections from 10.0.0.1", "Postfix smtpd_client_connection_count_limit"),
        ("421 Too many concurrent SMTP connections; please try again later.", "Exim smtp_accept_max"),
        (
            "421 Too many concurrent SMTP connections from this IP address; please try again later.",
            "Exim smtp_accept_max_per_host",
        ),
        (
            "a1 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
            "Dovecot mail_max_userip_connections",
        ),
        ("HTTP/1.1 503 Service Unavailable", "HTTP status 503"),
        ("HTTP/1.1 429 Too Many Requests", "HTTP status 429"),
        ("421 try again later", "FTP or SMTP reply 421"),
    ],
)
def test_who_says_so(text: str, name: str) -> None:
    row = by_words(text)

    assert row is not None
    assert row.name == name
    assert row.is_generic == (row.product in GENERIC)


@pytest.mark.parametrize("text", ["", "220 ready", "250 HTTP/1.1 503", "HTTP/1.1 200 OK", "it was in 1421 or so"])
def test_what_nobody_says_above_a_limit(text: str) -> None:
    assert by_words(text) is None


@pytest.mark.parametrize("row", [row for row in plateaus() if row.says], ids=lambda row: row.name)
def test_each_row_is_found_by_its_own_words(row: Plateau) -> None:
    assert [by_words(words.upper()) for words in row.says] == [row] * len(row.says)


@given(
    value=st.floats(min_value=0, max_value=1e7),
    kinds=st.sets(st.sampled_from(Kind)),
    multiples=st.integers(min_value=1, max_value=9),
)
def test_whatever_is_found_is_near(value: float, kinds: set[Kind], multiples: int) -> None:
    found = matches(value, kinds, multiples=multiples)

    assert all(row.kind in kinds and row.distance(value) is not None for row in found)
    assert [row.times > 1 for row in found] == sorted(row.times > 1 for row in found)
