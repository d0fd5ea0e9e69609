"""Targets that are looked up, as the user gives them."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.lookup import Lookup, is_lookup, parse_lookup


@pytest.mark.parametrize(
    ("text", "lookup"),
    [
        (
            "eureka://registry:8761/CHECKOUT",
            Lookup(scheme="eureka", rest="registry:8761/CHECKOUT", servers=("registry:8761",), path="/CHECKOUT"),
        ),
        (
            "EUREKA+https://user@registry/eureka/CHECKOUT?zone=eu-west-1a",
            Lookup(
                scheme="eureka+https",
                rest="user@registry/eureka/CHECKOUT?zone=eu-west-1a",
                user="user",
                servers=("registry",),
                path="/eureka/CHECKOUT",
                params={"zone": "eu-west-1a"},
            ),
        ),
        (
            "eureka://a:8761,[::1]:8761/X",
            Lookup(scheme="eureka", rest="a:8761,[::1]:8761/X", servers=("a:8761", "[::1]:8761"), path="/X"),
        ),
        (
            "srv://_http._tcp.checkout.example.com",
            Lookup(
                scheme="srv",
                rest="_http._tcp.checkout.example.com",
                servers=("_http._tcp.checkout.example.com",),
            ),
        ),
        (
            " consul://localhost:8500/checkout?tag=canary&dc=eu ",
            Lookup(
                scheme="consul",
                rest="localhost:8500/checkout?tag=canary&dc=eu",
                servers=("localhost:8500",),
                path="/checkout",
                params={"tag": "canary", "dc": "eu"},
            ),
        ),
        ("consul:///checkout", Lookup(scheme="consul", rest="/checkout", path="/checkout")),
        (
            "k8s://namespace/checkout:http",
            Lookup(scheme="k8s", rest="namespace/checkout:http", servers=("namespace",), path="/checkout:http"),
        ),
        ("dns://checkout.local:80", Lookup(scheme="dns", rest="checkout.local:80", servers=("checkout.local:80",))),
        ("file://targets.json", Lookup(scheme="file", rest="targets.json", servers=("targets.json",))),
        ("file:///etc/a b", Lookup(scheme="file", rest="/etc/a b", path="/etc/a b")),
        (
            "x://me%40home@h/a%2Fb?c=%26&d",
            Lookup(
                scheme="x",
                rest="me%40home@h/a%2Fb?c=%26&d",
                user="me@home",
                servers=("h",),
                path="/a/b",
                params={"c": "&", "d": ""},
            ),
        ),
        ("-", Lookup(scheme="file", rest="-", servers=("-",))),
    ],
)
def test_the_forms(text: str, lookup: Lookup) -> None:
    assert parse_lookup(text) == lookup
    assert is_lookup(text)
    assert parse_lookup(str(lookup)) == lookup
    assert msgspec.convert(msgspec.to_builtins(lookup), Lookup) == lookup


@pytest.mark.parametrize("text", ["host:80", "[::1]:80", "tcp://host:80", "TCP://host:80", "host", "", "-1:80", "://"])
def test_what_is_dialled_as_it_is(text: str) -> None:
    assert not is_lookup(text)


def test_scheme_kind_and_transport() -> None:
    lookup = parse_lookup("Eureka+HTTPS://r/X")
    assert (lookup.kind, lookup.transport, str(lookup)) == ("eureka", "https", "eureka+https://r/X")
    assert (parse_lookup("srv://x").kind, parse_lookup("srv://x").transport) == ("srv", "")
    assert str(parse_lookup("-")) == str(parse_lookup("file://-")) == "-"
    assert str(parse_lookup("x://-")) == "x://-"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("host:80", "the target is not of the form scheme://server/name?option=value"),
        ("x://a@b:hunter2@h", "the target is not of the form scheme://server/name?option=value"),
        ("x://a#b", "the target is not of the form scheme://server/name?option=value"),
        ("x://a\nb", "the target is not of the form scheme://server/name?option=value"),
        ("x://a%0ab", "'x://a%0ab' has control characters in it"),
        ("x://a\x1bb", r"'x://a\x1bb' has control characters in it"),
        ("file://\udcff", r"'file://\udcff' has bytes in it that are not UTF-8"),
        ("x://a?b=1&b=2", "'x://a?b=1&b=2' says twice what b is"),
        ("x://a?b\u200e=1&b\u200e=2", r"'x://a?b\u200e=1&b\u200e=2' says twice what b\u200e is"),
        ("x://" + "a" * 2_000, "a target of 2,004 characters is none: 2,000 are allowed"),
    ],
)
def test_what_is_none(text: str, line: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_lookup(text)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    "text", ["eureka://me:hunter2@r/X", "eureka://:hunter2@r/X", "eureka://me:hunter2@r:8761/X?zone=a"]
)
def test_a_password_has_no_place_in_a_target_and_is_not_repeated(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_lookup(text)
    assert str(caught.value) == (
        "eureka://: a password has no place in a target, where process lists and logs show it: give it in "
        "TCPGOON_REGISTRY_PASSWORD, in ~/.netrc, or by --registry-password-file"
    )


@given(st.text(max_size=60) | st.from_regex(r"[a-z]{1,4}://[ -~]{0,30}", fullmatch=True))
@example("x://user:pass@[/?")
@example("x://%ff%fe")
def test_whatever_the_text_it_is_a_lookup_or_a_plan_error(text: str) -> None:
    with suppress(PlanError):
        lookup = parse_lookup(text)
        assert parse_lookup(str(lookup)) == lookup
        assert ":" not in lookup.rest.partition("/")[0].rpartition("@")[0]
