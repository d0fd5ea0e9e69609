"""What is asked of a Consul, and what is made of answers that a real one gives seldom or never.

tests/registries/test_consul.py has a real one.
"""

from pathlib import Path

import pytest

from tcpgoon.discovery.http.failover import Refused
from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.registries.consul import find
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.lookup import parse_lookup
from tests.discovery.answering import Answer, Answering, answering

RECORDED = Path(__file__).parent / "recorded" / "consul"
PAYMENTS = Answer((RECORDED / "payments.json").read_bytes())
SERVICES = Answer((RECORDED / "services.json").read_bytes())
NONE = Answer((RECORDED / "none.json").read_bytes())
DENY = (("X-Consul-Default-Acl-Policy", "deny"),)
ALLOW = (("X-Consul-Default-Acl-Policy", "allow"),)
HOW = "give one in CONSUL_HTTP_TOKEN, in the file that CONSUL_HTTP_TOKEN_FILE names, or by ?token-file=PATH"
PATH = "/v1/health/service/payments"


@pytest.fixture(autouse=True)
def _no_consul_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_ADDR", "HTTP_TOKEN", "HTTP_TOKEN_FILE", "HTTP_SSL", "CACERT"):
        monkeypatch.delenv(f"CONSUL_{name}", raising=False)


def listed(registry: Answering, what: str = "payments", terms: Terms | None = None) -> Listing:
    return find(parse_lookup(f"consul://127.0.0.1:{registry.port}/{what}"), terms or Terms())


def problem(registry: Answering, kind: type[DiscoveryError], what: str = "payments") -> str:
    with pytest.raises(DiscoveryError) as caught:
        listed(registry, what)
    assert type(caught.value) is kind
    return str(caught.value).replace(f"http://127.0.0.1:{registry.port}", "URL")


def test_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "secret")
    path = "/of%20eu/v1/health/service/pay%20ments%3F?tag=a&tag=b%26c&dc=eu&near=_agent"
    with answering({path: PAYMENTS}) as registry:
        found = listed(registry, "of%20eu/pay%20ments%3F?tag=a,b%26c&dc=eu&near=_agent")
    assert (found.service, found.registry) == ("pay ments?", f"http://127.0.0.1:{registry.port}/of%20eu")
    assert registry.asked == [path]
    (headers,) = registry.headers
    assert (headers["X-Consul-Token"], headers["Accept-Encoding"]) == ("secret", "identity")


def test_without_a_token_none_is_sent() -> None:
    with answering({PATH: PAYMENTS}) as registry:
        listed(registry)
    assert "X-Consul-Token" not in registry.headers[0]


def test_a_token_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "secret")
    with answering({PATH: Answer(b"no\nto secret\x1b[31m", 403)}) as registry:
        assert problem(registry, Refused) == (
            "URL refuses to answer (403: no\\nto [the token]\\x1b[31m); "
            "the token of CONSUL_HTTP_TOKEN has to allow service:read and node:read"
        )


def test_a_token_that_is_lacking() -> None:
    with answering({PATH: Answer(b"", 401)}) as registry:
        assert problem(registry, Refused) == f"URL refuses to answer (401); it takes an ACL token: {HOW}"


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (Answer(b"Missing service name", 400), Refused, "URL answers 400: Missing service name"),
        (Answer(b"", 404), DiscoveryError, "URL answers 404"),
        (Answer(b"No cluster leader", 500), DiscoveryError, "URL answers 500: No cluster leader"),
        (Answer(b"x" * 5_000, 503), DiscoveryError, f"URL answers 503: {'x' * 99}…"),
        (Answer(b"\xff", 503), DiscoveryError, "URL answers 503: �"),
        (Answer(b"{}"), DiscoveryError, "URL: its answer is none of Consul's: Expected `array`, got `object`"),
    ],
)
def test_what_is_no_answer(answer: Answer, kind: type[DiscoveryError], why: str) -> None:
    with answering({PATH: answer}) as registry:
        assert problem(registry, kind) == why


@pytest.mark.parametrize("answer", [Answer(b"No cluster leader", 500), Answer(b"<html>")])
def test_a_server_that_makes_no_sense_is_passed_over(answer: Answer) -> None:
    with answering({PATH: answer}) as broken, answering({PATH: PAYMENTS}) as whole:
        lookup = parse_lookup(f"consul://127.0.0.1:{broken.port},127.0.0.1:{whole.port}/payments")
        assert find(lookup, Terms()).registry == f"http://127.0.0.1:{whole.port}"


@pytest.mark.parametrize("answer", [Answer(b"ACL not found", 403), Answer(b"No path to datacenter", 500)])
def test_a_clear_no_is_not_asked_for_again(answer: Answer) -> None:
    with answering({PATH: answer}) as refusing, answering({PATH: PAYMENTS}) as other:
        lookup = parse_lookup(f"consul://127.0.0.1:{refusing.port},127.0.0.1:{other.port}/payments")
        with pytest.raises(Refused):
            find(lookup, Terms())
    assert other.asked == []


@pytest.mark.parametrize(
    ("datacentres", "why"),
    [
        (Answer(b'["eu", "us", "af", "oc"]'), "; there are eu, us, af …"),
        (Answer(b'["asia-1"]'), "; did you mean asia-1?"),
        (Answer(b"[]"), ""),
        (Answer(b"no", 403), ""),
    ],
)
def test_a_datacentre_that_there_is_not(datacentres: Answer, why: str) -> None:
    answers = {f"{PATH}?dc=asia": Answer(b"No path to datacenter", 500), "/v1/catalog/datacenters": datacentres}
    with answering(answers) as registry:
        assert problem(registry, Refused, "payments?dc=asia") == f"URL knows no datacentre asia{why}"


@pytest.mark.parametrize(
    ("health", "services", "kind", "why"),
    [
        (NONE, SERVICES, NoInstance, f"URL shows no instance of payments; what takes an ACL token is not shown: {HOW}"),
        (Answer(b"[]", 200, DENY), Answer(b"{}"), UnknownService,
         f"URL shows no service payments; what takes an ACL token is not shown: {HOW}"),
        (Answer(b"[]", 200, ALLOW), SERVICES, NoInstance, "URL shows no instance of payments"),
        (Answer(b"[]", 200, ALLOW), Answer(b"{}"), UnknownService, "URL knows no service payments"),
        (Answer(b"[]", 200, ALLOW), Answer(b'{"payment": []}'), UnknownService,
         "URL knows no service payments; did you mean payment?"),
        (Answer(b"[]", 200, ALLOW), Answer(b"", 403), UnknownService, "URL knows no service payments"),
        (Answer(b"[]", 200, ALLOW), Answer(b"[]", 200), DiscoveryError,
         "URL: its answer is none of Consul's: Expected `object`, got `array`"),
    ],
)  # fmt: skip
def test_no_instances(health: Answer, services: Answer, kind: type[DiscoveryError], why: str) -> None:
    with answering({PATH: health, "/v1/catalog/services": services}) as registry:
        assert problem(registry, kind) == why


def test_an_answer_that_is_too_large() -> None:
    with answering({PATH: PAYMENTS}) as registry:
        with pytest.raises(DiscoveryError) as caught:
            listed(registry, terms=Terms(most_bytes=1_000))
        assert str(caught.value) == (
            f"http://127.0.0.1:{registry.port} sends an answer of more than 1,000 bytes: refused"
        )
