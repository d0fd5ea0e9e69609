"""What a consul:// lookup and Consul's environment variables say."""

from pathlib import Path

import pytest
import trustme

from tcpgoon.discovery.registries.consul_data import Wanted
from tcpgoon.discovery.registries.consul_lookup import Api, Question, Token, api_of, question_of, token_of, trusted_ca
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import parse_lookup


@pytest.fixture(autouse=True)
def _no_consul_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_ADDR", "HTTP_TOKEN", "HTTP_TOKEN_FILE", "HTTP_SSL", "CACERT"):
        monkeypatch.delenv(f"CONSUL_{name}", raising=False)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("consul://localhost:8500/web", ["http://localhost:8500"]),
        ("consul://localhost/web", ["http://localhost:8500"]),
        ("consul+http://a,b:80,[::1]/web", ["http://a:8500", "http://b:80", "http://[::1]:8500"]),
        ("consul+https://a,b:443/web", ["https://a:8501", "https://b:443"]),
        ("consul+https://proxy:443/of%20eu/consul/web", ["https://proxy:443/of%20eu/consul"]),
        ("consul:///web", ["http://127.0.0.1:8500"]),
        ("consul+https:///web", ["https://127.0.0.1:8501"]),
        ("consul:///below/web", ["http://127.0.0.1:8500/below"]),
    ],
)
def test_where_the_api_is(text: str, urls: list[str]) -> None:
    api = api_of(parse_lookup(text))
    assert [api.url(server) for server in api.servers] == urls


@pytest.mark.parametrize(
    ("address", "ssl", "text", "url"),
    [
        ("consul.example.com:8500", "", "consul:///web", "http://consul.example.com:8500"),
        ("consul.example.com", "", "consul:///web", "http://consul.example.com:80"),
        ("http://consul.example.com", "", "consul:///web", "http://consul.example.com:80"),
        ("https://consul.example.com", "", "consul:///web", "https://consul.example.com:443"),
        ("https://consul.example.com:8501/of/eu/", "", "consul:///web", "https://consul.example.com:8501/of/eu"),
        ("http://consul.example.com:8501", "true", "consul:///web", "https://consul.example.com:8501"),
        ("consul.example.com:8501", "1", "consul:///web", "https://consul.example.com:8501"),
        ("consul.example.com:8500", "false", "consul:///web", "http://consul.example.com:8500"),
        ("consul.example.com:8501", "", "consul+https:///web", "https://consul.example.com:8501"),
        ("[2001:db8::1]:8500", "", "consul:///web", "http://[2001:db8::1]:8500"),
        ("[2001:db8::1]", "", "consul:///web", "http://[2001:db8::1]:80"),
        ("", "true", "consul:///web", "https://127.0.0.1:8501"),
        ("elsewhere:1", "true", "consul://here/web", "http://here:8500"),
    ],
)
def test_where_it_is_for_consuls_own_commands(
    monkeypatch: pytest.MonkeyPatch, address: str, ssl: str, text: str, url: str
) -> None:
    monkeypatch.setenv("CONSUL_HTTP_ADDR", address)
    monkeypatch.setenv("CONSUL_HTTP_SSL", ssl)
    api = api_of(parse_lookup(text))
    assert [api.url(server) for server in api.servers] == [url]


@pytest.mark.parametrize("address", ["unix:///run/consul.sock", "http://me:secret@consul:8500", "a b:1:2", "ftp://a"])
def test_an_address_of_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CONSUL_HTTP_ADDR", address)
    with pytest.raises(PlanError) as caught:
        api_of(parse_lookup("consul:///web"))
    assert str(caught.value) == ("CONSUL_HTTP_ADDR is not of the form host:port, http://host:port or https://host:port")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("consul:///web", Question("web")),
        ("consul:///below/web?tag=", Question("web")),
        ("consul:///web%20page?tag=a,b&dc=eu&near=_agent", Question("web page", ("a", "b"), "eu", "_agent")),
        ("consul:///web?address=wan&port=admin", Question("web", wanted=Wanted(address="wan", port="admin"))),
    ],
)
def test_what_is_asked(text: str, question: Question) -> None:
    assert question_of(parse_lookup(text)) == question


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("consul://a", "consul://… names no service; write consul://server:8500/service"),
        ("consul://a/", "consul://…/ names no service; write consul://server:8500/service"),
        ("consul://a/x/../web", "consul://…/x/../web names no service; write consul://server:8500/service"),
        ("consul://a/web?tags=canary", "consul:// has no option tags; did you mean tag?"),
        ("consul://a/web?q=1", "consul:// has no option q; there are address, dc, near, port, tag, token-file"),
        (
            "consul://me@a/web",
            "consul:// takes an ACL token and no user: it is read from CONSUL_HTTP_TOKEN or ?token-file=PATH",
        ),
    ],
)
def test_what_cannot_be_asked(text: str, why: str) -> None:
    with pytest.raises(PlanError) as caught:
        question_of(parse_lookup(text))
    assert str(caught.value) == why


def test_a_transport_that_there_is_not() -> None:
    with pytest.raises(PlanError) as caught:
        api_of(parse_lookup("consul+ftp://a/web"))
    assert str(caught.value) == "consul+ftp:// is not known here: there are consul:// and consul+https://"


def test_a_token_is_found_where_consuls_own_commands_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lookup = parse_lookup("consul:///web")
    assert token_of(lookup) == Token()
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "of-variable")
    assert token_of(lookup) == Token("of-variable", "of CONSUL_HTTP_TOKEN")
    (tmp_path / "file").write_text("of-file\n")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", str(tmp_path / "file"))
    assert token_of(lookup) == Token("of-file", "of CONSUL_HTTP_TOKEN_FILE")
    (tmp_path / "named").write_text("of-named")
    named = parse_lookup(f"consul:///web?token-file={tmp_path / 'named'}")
    assert token_of(named) == Token("of-named", f"of {tmp_path / 'named'}")


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert repr(Token("secret", "of a test")) == "Token(source='of a test')"
    assert Token("secret").hidden_in("no secret is secret") == "no [the token] is [the token]"
    assert Token().hidden_in("nothing") == "nothing"
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "secret\r\nX-Other: 1")
    with pytest.raises(PlanError) as caught:
        token_of(parse_lookup("consul:///web"))
    assert str(caught.value) == "the token of CONSUL_HTTP_TOKEN is none: it has to be one word of printable ASCII"


def test_a_token_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(PlanError) as caught:
        token_of(parse_lookup(f"consul:///web?token-file={missing}"))
    assert str(caught.value) == f"token-file: {missing!r} cannot be read: No such file or directory"
    monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", missing)
    with pytest.raises(PlanError) as caught:
        token_of(parse_lookup("consul:///web"))
    assert str(caught.value) == f"CONSUL_HTTP_TOKEN_FILE: {missing!r} cannot be read: No such file or directory"


def test_the_ca_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given, other = tmp_path / "given.pem", tmp_path / "other.pem"
    for path in (given, other):
        trustme.CA().cert_pem.write_to_path(str(path))
    assert trusted_ca(Terms()) == ""
    monkeypatch.setenv("CONSUL_CACERT", str(other))
    assert trusted_ca(Terms()) == str(other)
    assert trusted_ca(Terms(ca=str(given))) == ""
    assert trusted_ca(Terms(verify=False)) == ""
    other.write_text("nothing")
    with pytest.raises(PlanError) as caught:
        trusted_ca(Terms())
    assert str(caught.value) == f"CONSUL_CACERT: {str(other)!r} cannot be used: it holds no certificate"


def test_an_api_is_a_value() -> None:
    assert api_of(parse_lookup("consul://a/web")) == Api("http", (Target("a", 8500),))
