import re
import socket
from pathlib import Path

import pytest

from tcpgoon.discovery.http.failover import Refused
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.registries.eureka import PARAMS, Wanted, find, wanted_of
from tcpgoon.discovery.terms import PASSWORD, Terms
from tcpgoon.errors import DiscoveryError, NoInstance, PlanError, UnknownService
from tcpgoon.plan.lookup import parse_lookup
from tests.discovery.answering import Answer, Answering, answering

RECORDED = Path(__file__).parent / "recorded" / "eureka"
XML = (("Content-Type", "application/xml"),)
BOTH = ("/eureka", "/eureka/v2")


def recorded(name: str) -> Answer:
    return Answer((RECORDED / name).read_bytes(), headers=XML if name.endswith("xml") else Answer().headers)


SPRING = {
    "/eureka/apps/CHECKOUT": recorded("application.json"),
    "/eureka/apps": recorded("applications.json"),
    "/eureka/vips/shop": recorded("vip.json"),
    "/eureka/vips/none": recorded("none.json"),
    "/eureka/apps?regions=us-east-1": recorded("applications.json"),
}
IDS = ["checkout-b:8080", "checkout-c:8443", "checkout-d", "checkout-e", "i-0a1b2c3d"]


def ask(target: str, **terms: object) -> Listing:
    return find(parse_lookup(target), Terms(**terms))  # type: ignore[arg-type]


def fault_of(error: type[Exception], target: str, registry: Answering | None = None, **terms: object) -> str:
    """What is said of it, with the port of the registry left out."""
    with pytest.raises(error) as raised:
        ask(target, **terms)
    assert raised.type is error
    return str(raised.value).replace(str(registry.port), "PORT") if registry else str(raised.value)


# What is asked for.


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("eureka://r/CHECKOUT", Wanted(bases=BOTH, app="CHECKOUT")),
        ("eureka+http://r/CHECKOUT/", Wanted(bases=BOTH, app="CHECKOUT")),
        ("eureka+https://user@r/eureka/CHECKOUT", Wanted(bases=("/eureka",), app="CHECKOUT")),
        ("eureka://r/a/b/CHECKOUT?zone=z", Wanted(bases=("/a/b",), app="CHECKOUT", zone="z")),
        ("eureka://r/eureka/v2/apps/CHECKOUT", Wanted(bases=("/eureka/v2",), app="CHECKOUT")),
        ("eureka://r/apps/CHECKOUT", Wanted(bases=("",), app="CHECKOUT")),
        ("eureka://r?vip=v", Wanted(bases=BOTH, vip="v")),
        ("eureka://r/eureka?vip=v&region=eu", Wanted(bases=("/eureka",), vip="v", region="eu")),
        ("eureka://r?svip=v", Wanted(bases=BOTH, svip="v", secure=True)),
        ("eureka://r?svip=v&secure=false", Wanted(bases=BOTH, svip="v")),
        ("eureka://r/X?secure=true&address=public-ip", Wanted(bases=BOTH, app="X", secure=True, address="public-ip")),
    ],
)
def test_what_is_wanted(target: str, wanted: Wanted) -> None:
    assert wanted_of(parse_lookup(target)) == wanted


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("eureka+tls://r/X", "eureka+tls:// is not known here: there are eureka:// and eureka+https://"),
        ("eureka://r", "'eureka://r' names no application: write eureka://SERVER/NAME, or ?vip=ADDRESS"),
        (
            "eureka://r/?zone=a",
            "'eureka://r/?zone=a' names no application: write eureka://SERVER/NAME, or ?vip=ADDRESS",
        ),
        ("eureka://r?vip=a&svip=b", "'eureka://r?vip=a&svip=b' has both vip and svip: one of them is asked for"),
        ("eureka://r/X?zome=a", f"eureka:// has no option zome; did you mean zone? (there are {', '.join(PARAMS)})"),
        ("eureka://r/X?zone=", "zone= is empty"),
        ("eureka://r/X?secure=yes", "secure=yes: write secure=true or secure=false"),
        (
            "eureka://r/X?address=public",
            "address=public: there are host, public-host, public-ip, local-ip, ip; "
            "did you mean public-ip or public-host?",
        ),
        ("eureka:///X", "'eureka:///X' names no server: write eureka://SERVER:8761/NAME"),
        ("eureka+https:///X", "'eureka+https:///X' names no server: write eureka+https://SERVER:443/NAME"),
        ("eureka://*/X", "http://*:8761 cannot be asked: URL has an invalid label."),
    ],
)
def test_what_cannot_be_asked(target: str, fault: str) -> None:
    assert fault_of(PlanError, target) == fault


# Asking.


def test_an_application() -> None:
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/checkout")
    assert registry.asked == ["/eureka/apps/checkout", "/eureka/apps"]
    assert listing.service == "CHECKOUT"
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT")
    assert registry.asked == ["/eureka/apps/CHECKOUT"]
    assert registry.headers[0]["Accept"] == "application/json"
    assert (listing.service, listing.registry) == ("CHECKOUT", f"http://127.0.0.1:{registry.port}/eureka")
    assert (listing.is_local, [one.id for one in listing.instances]) == (True, IDS)


def test_netflix_has_it_elsewhere_and_may_answer_in_xml() -> None:
    with answering({"/eureka/v2/apps/CHECKOUT": recorded("application.xml")}) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT")
    assert registry.asked == ["/eureka/apps/CHECKOUT", "/eureka/apps", "/eureka/v2/apps/CHECKOUT"]
    assert listing.registry == f"http://127.0.0.1:{registry.port}/eureka/v2"
    assert [one.id for one in listing.instances] == IDS


def test_a_vip_address() -> None:
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/eureka?vip=shop")
    assert registry.asked == ["/eureka/vips/shop"]
    assert (listing.service, [one.id for one in listing.instances]) == ("shop", ["cart-a", "i-0a1b2c3d"])


def test_another_region_is_told_of_with_all_applications() -> None:
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT?region=us-east-1")
        by_vip = ask(f"eureka://127.0.0.1:{registry.port}?svip=shop-tls&region=us-east-1")
    assert registry.asked == ["/eureka/apps?regions=us-east-1"] * 2
    assert [one.id for one in listing.instances] == IDS
    assert [(one.id, one.port) for one in by_vip.instances] == [("i-0a1b2c3d", 8443)]


def test_names_are_quoted() -> None:
    with answering({}) as registry, pytest.raises(DiscoveryError):
        ask(f"eureka://127.0.0.1:{registry.port}/a%20b/c%3Fd%23e")
    assert registry.asked == ["/a%20b/apps/c%3Fd%23e", "/a%20b/apps"]


def test_options_say_what_is_dialled() -> None:
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT?address=ip&secure=true&zone=eu-west-1a")
    assert listing.instances == (Instance(id="i-0a1b2c3d", host="10.0.0.7", port=8443, zone="eu-west-1a"),)


def test_the_same_id_twice() -> None:
    """The same registration, seen in two regions, is one; two of one id are told apart."""
    one = b'{"instanceId": "a", "hostName": "h", "port": 1, "status": "UP"}'
    body = b'{"application": {"name": "X", "instance": [%s, %s, %s, %s]}}' % (one, one, one.replace(b"1", b"2"), one)
    with answering({"/eureka/apps/X": Answer(body)}) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/X")
    assert [(found.id, str(found)) for found in listing.instances] == [("a", "h:1"), ("a@h:1", "h:1"), ("a@h:2", "h:2")]


# What is not there.


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("/CHECKUOT", "http://127.0.0.1:PORT/eureka does not know CHECKUOT; did you mean CHECKOUT?"),
        ("/BASKET", "http://127.0.0.1:PORT/eureka does not know BASKET"),
        ("?vip=none", "http://127.0.0.1:PORT/eureka does not know none"),
        ("?vip=shops", "http://127.0.0.1:PORT/eureka does not know shops; did you mean shop?"),
        ("?svip=shop", "http://127.0.0.1:PORT/eureka does not know shop; did you mean shop-tls?"),
        ("/CHECK?region=us-east-1", "http://127.0.0.1:PORT/eureka does not know CHECK; did you mean CHECKOUT?"),
    ],
)
def test_unknown_services(target: str, fault: str) -> None:
    with answering(SPRING) as registry:
        assert fault_of(UnknownService, f"eureka://127.0.0.1:{registry.port}{target}", registry) == fault


def test_a_registry_that_knows_nothing() -> None:
    with answering({"/eureka/apps": recorded("none.json")}) as registry:
        fault = fault_of(UnknownService, f"eureka://127.0.0.1:{registry.port}/X", registry)
    assert fault == "http://127.0.0.1:PORT/eureka does not know X: it knows none"


def test_a_registry_whose_list_is_too_long() -> None:
    with answering({"/eureka/apps": Answer(b" " * 1001)}) as registry:
        fault = fault_of(UnknownService, f"eureka://127.0.0.1:{registry.port}/X", registry, most_bytes=1000)
    assert fault == (
        "http://127.0.0.1:PORT/eureka does not know X, and what it knows cannot be listed: "
        "http://127.0.0.1:PORT sends an answer of more than 1,000 bytes: refused"
    )


def test_no_eureka_there() -> None:
    with answering({}) as registry:
        fault = fault_of(DiscoveryError, f"eureka://127.0.0.1:{registry.port}/X", registry)
        assert fault == (
            "http://127.0.0.1:PORT has no Eureka at /eureka nor /eureka/v2 (404): give the path before the name: "
            "eureka://SERVER/PATH/NAME"
        )
        fault = fault_of(DiscoveryError, f"eureka://127.0.0.1:{registry.port}/apps/X", registry)
        assert fault == "http://127.0.0.1:PORT has no Eureka at / (404)"


@pytest.mark.parametrize(
    ("zone", "fault"),
    [
        ("rack-1", "CHECKOUT has no instance in the zone rack-1; did you mean rack-2?"),
        ("moon", "CHECKOUT has no instance in the zone moon: there are eu-west-1a, rack-2"),
    ],
)
def test_no_instance_in_the_zone(zone: str, fault: str) -> None:
    with answering(SPRING) as registry:
        assert fault_of(NoInstance, f"eureka://127.0.0.1:{registry.port}/CHECKOUT?zone={zone}") == fault
        fault = fault_of(NoInstance, f"eureka://127.0.0.1:{registry.port}?region=us-east-1&zone=a&vip=checkout")
        assert fault == "checkout has no instance in the zone a; did you mean eu-west-1a or rack-2?"


def test_no_instance_says_its_zone() -> None:
    with answering({"/eureka/apps/SAMPLE": recorded("netflix-single.json")}) as registry:
        fault = fault_of(NoInstance, f"eureka://127.0.0.1:{registry.port}/SAMPLE?zone=a")
    assert fault == "SAMPLE has no instance in the zone a: none says in which it is"


# Servers that fail.


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(status=500), "http://127.0.0.1:PORT/eureka answers 500 Internal Server Error"),
        (Answer(status=503), "http://127.0.0.1:PORT/eureka answers 503 Service Unavailable"),
        (
            Answer(status=400),
            "http://127.0.0.1:PORT/eureka answers 400 Bad Request: it may speak TLS, which is eureka+https://",
        ),
        (Answer(status=204), "http://127.0.0.1:PORT/eureka answers 204 No Content"),
        (Answer(b"<html></html>"), "http://127.0.0.1:PORT/eureka: the answer is a web page"),
        (
            Answer(status=403),
            "http://127.0.0.1:PORT does not let us without a user read, or has just started and is not ready (403)",
        ),
        (
            Answer(status=302, headers=(("Location", "http://elsewhere.example/"),)),
            "http://127.0.0.1:PORT redirects to another place (http://elsewhere.example): refused",
        ),
    ],
)
def test_the_next_is_asked_where_one_fails(answer: Answer, fault: str) -> None:
    with answering({"/eureka/apps/CHECKOUT": answer}) as bad, answering(SPRING) as good:
        listing = ask(f"eureka://127.0.0.1:{bad.port},127.0.0.1:{good.port}/CHECKOUT")
        assert listing.registry == f"http://127.0.0.1:{good.port}/eureka"
        assert [one.id for one in listing.instances] == IDS
        assert fault_of(DiscoveryError, f"eureka://127.0.0.1:{bad.port}/CHECKOUT", bad) == fault


def test_the_next_is_asked_where_one_is_not_there() -> None:
    with socket.socket() as first, socket.socket() as second, answering(SPRING) as good:
        first.bind(("127.0.0.1", 0))  # nobody listens there
        second.bind(("127.0.0.1", 0))
        a, b = first.getsockname()[1], second.getsockname()[1]
        listing = ask(f"eureka://127.0.0.1:{a},127.0.0.1:{good.port}/CHECKOUT")
        assert [one.id for one in listing.instances] == IDS
        assert fault_of(DiscoveryError, f"eureka://127.0.0.1:{a},127.0.0.1:{b}/CHECKOUT") == (
            f"none of 2 servers has answered: http://127.0.0.1:{a} cannot be asked: Connection refused; "
            f"http://127.0.0.1:{b} cannot be asked: Connection refused"
        )


def test_the_next_is_asked_where_one_is_silent() -> None:
    with socket.socket() as silent, answering(SPRING) as good:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        listing = ask(f"eureka://127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{good.port}/CHECKOUT", timeout_s=6.0)
    assert [one.id for one in listing.instances] == IDS


# Users.


def test_a_user_and_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTF-8 (RFC 7617 §2.1)."""
    monkeypatch.setenv(PASSWORD, "pass:wörd")
    with answering(SPRING) as registry:
        ask(f"eureka://j%C3%B6rg@127.0.0.1:{registry.port}/CHECKOUT")
    assert registry.headers[0]["Authorization"] == "Basic asO2cmc6cGFzczp3w7ZyZA=="


def test_nobody_is_sent_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login reader password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with answering(SPRING) as registry:
        ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT")
        ask(f"eureka://reader@127.0.0.1:{registry.port}/CHECKOUT")
        ask(f"eureka://writer@127.0.0.1:{registry.port}/CHECKOUT")
    assert [headers.get("Authorization") for headers in registry.headers] == [None, "Basic cmVhZGVyOnNlY3JldA==", None]


@pytest.mark.parametrize(
    ("user", "password", "fault"),
    [
        (
            "",
            "",
            "http://127.0.0.1:PORT asks for a user (401): write eureka://USER@SERVER/NAME, and give the password in "
            "TCPGOON_REGISTRY_PASSWORD, in ~/.netrc, or by --registry-password-file",
        ),
        (
            "reader@",
            "",
            "http://127.0.0.1:PORT asks for the password of reader (401): give it in TCPGOON_REGISTRY_PASSWORD, in "
            "~/.netrc, or by --registry-password-file",
        ),
        ("reader@", "secret", "http://127.0.0.1:PORT does not take the password that was given for reader (401)"),
    ],
)
def test_who_is_refused_is_not_sent_to_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: str, password: str, fault: str
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv(PASSWORD, password)
    with answering({"/eureka/apps/CHECKOUT": Answer(status=401)}) as registry, answering(SPRING) as other:
        servers = f"127.0.0.1:{registry.port},127.0.0.1:{other.port}"
        assert fault_of(Refused, f"eureka://{user}{servers}/CHECKOUT", registry) == fault
    assert other.asked == []


def test_refused_only_where_the_applications_are_listed() -> None:
    with answering({"/eureka/apps": Answer(status=401)}) as registry:
        fault = fault_of(Refused, f"eureka://127.0.0.1:{registry.port}/X", registry)
    assert re.match(r"http://127.0.0.1:PORT asks for a user \(401\)", fault)


def test_a_user_who_may_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "secret")
    with answering({"/eureka/apps/X": Answer(status=403)}) as registry:
        fault = fault_of(DiscoveryError, f"eureka://reader@127.0.0.1:{registry.port}/X", registry)
    assert fault == "http://127.0.0.1:PORT does not let reader read, or has just started and is not ready (403)"


def test_what_is_not_up_says_why() -> None:
    with answering(SPRING) as registry:
        listing = ask(f"eureka://127.0.0.1:{registry.port}/CHECKOUT")
    assert [(one.id, one.port, one.status, one.said) for one in listing.instances] == [
        ("checkout-b:8080", 8080, Status.OUT_OF_SERVICE, ""),
        ("checkout-c:8443", 8443, Status.STARTING, ""),
        ("checkout-d", 8080, Status.UNKNOWN, "no port of it is enabled"),
        ("checkout-e", 8080, Status.DOWN, ""),
        ("i-0a1b2c3d", 8080, Status.UP, ""),
    ]
