import pytest

from tcpgoon.judge.naming import Named, Products, age, are, named, plural, said_by, were
from tcpgoon.judge.plateaus import Kind

LIMITS = (Kind.CONNECTIONS, Kind.WORKERS, Kind.REQUESTS)
UNKNOWN = Products()


@pytest.mark.parametrize(
    ("products", "names", "known"),
    [
        (Products(), (), False),
        (Products(probe="redis"), ("redis",), False),
        (Products(("nginx",)), ("nginx", "nginx"), True),
        (Products(("redis-server",), "redis"), ("redis-server", "redis-server", "redis"), True),
        (Products(("php-fpm8.2",)), ("php-fpm8.2", "php-fpm"), True),
        (Products(("python3.11",)), ("python3.11", "python"), False),
        (Products(("java",), "http"), ("java", "java", "http"), False),
        (Products(("nginx", "python3")), ("nginx", "python3", "nginx", "python"), False),
    ],
)
def test_what_is_known_of_the_product(products: Products, names: tuple[str, ...], known: bool) -> None:
    assert products.names == names
    assert products.is_known is known


def test_the_limit_of_a_product_that_is_known() -> None:
    near = named(512, LIMITS, Products(("nginx",)))
    assert near is not None
    assert near.text.startswith("likely nginx worker_connections (512)")
    assert near.commands[0] == "events { worker_connections 65536; }"
    assert named(512, LIMITS, Products(("nginx",)), exactly=True) == near
    assert named(511, LIMITS, Products(("nginx",)), exactly=True) is None


def test_no_limit_of_another_product_is_named_where_it_is_known() -> None:
    assert named(10_000, LIMITS, Products(("nginx",))) is None
    redis = named(10_000, LIMITS, Products(probe="redis"))
    assert redis is not None
    assert redis.text == "likely Redis maxclients (10,000)"


def test_what_may_be_any_product_is_called_no_more_than_like_some() -> None:
    near = named(151, LIMITS, UNKNOWN)
    assert near is not None
    assert near == Named(
        text="the default of MariaDB max_connections (151) or BIND tcp-clients (150) or Apache httpd "
        "MaxRequestWorkers (150)"
    )


def test_of_many_only_the_first_few_are_named() -> None:
    near = named(100, LIMITS, UNKNOWN)
    assert near is not None
    assert near.text.count(" or ") == 2
    assert near.commands == ()


def test_what_is_below_any_application_stays_possible_whichever_it_is() -> None:
    near = named(1_013, [Kind.DESCRIPTORS], Products(("nginx",)))
    assert near is not None
    assert near.text.startswith("likely systemd LimitNOFILE= (1,024)")
    assert near.commands


def test_an_age() -> None:
    near = named(60.1, [Kind.IDLE_TIMEOUT_S], UNKNOWN)
    assert near is not None
    assert near.text.startswith("the default of nginx client_header_timeout (1m0s) or ")


def test_a_number_of_connections_is_nobodys_limit_where_a_process_of_ours_died() -> None:
    products = Products(("nginx",), are_whole=False)
    assert named(512, LIMITS, products) is None
    assert named(75, [Kind.IDLE_TIMEOUT_S], products) == named(75, [Kind.IDLE_TIMEOUT_S], Products(("nginx",)))
    assert named(75, [Kind.IDLE_TIMEOUT_S], products) is not None


def test_a_number_that_nobody_has() -> None:
    assert named(4_711, Kind, UNKNOWN) is None


def test_words() -> None:
    known = said_by("-ERR max number of clients reached")
    assert known is not None
    assert (known.text, known.is_certain) == ("these are the words of Redis maxclients", True)
    protocol = said_by("HTTP/1.1 503 Service Unavailable")
    assert protocol is not None
    assert not protocol.is_certain
    assert said_by("good morning") is None


def test_numbers_of_things() -> None:
    assert (plural(1, "dial"), plural(1_013, "connection"), plural(0, "dial")) == (
        "1 dial",
        "1,013 connections",
        "0 dials",
    )
    assert (plural(1, "process", "processes"), plural(2_000, "process", "processes")) == (
        "1 process",
        "2,000 processes",
    )


def test_what_is_said_of_one_and_of_several() -> None:
    assert [were(1, "dial"), were(0, "dial"), are(1, "dial"), are(2_000, "dial")] == [
        "1 dial was",
        "0 dials were",
        "1 dial is",
        "2,000 dials are",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(0.70460, "700ms"), (2.008571, "2.01s"), (60.0, "1m0s")])
def test_an_age_in_words(seconds: float, words: str) -> None:
    assert age(seconds) == words
