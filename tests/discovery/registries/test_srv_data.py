"""Answers of name servers, by their bytes: what they say, and that none of them is more than an error."""

from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.update
import pytest
from dns.edns import EDECode, EDEOption, GenericOption, Option, OptionType
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.registries.srv_data import Found, addresses_in, found_in, instance_of, nonsense, offers_in
from tcpgoon.errors import DiscoveryError

NAME = dns.name.from_text("_http._tcp.shop.test.")
QUESTION = dns.message.make_query(NAME, dns.rdatatype.SRV, use_edns=0)


def answer(*records: str, additional: Iterable[str] = ()) -> dns.message.Message:
    """An answer that has been on the wire; a record is ``name ttl type data``."""
    made = dns.message.make_response(QUESTION)
    for section, texts in ((made.answer, records), (made.additional, additional)):
        for text in texts:
            name, ttl, kind, data = text.split(maxsplit=3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return dns.message.from_wire(made.to_wire())


def failed(rcode: dns.rcode.Rcode, *remarks: Option) -> dns.message.Message:
    made = dns.message.make_response(QUESTION)
    made.use_edns(0, options=list(remarks))
    made.set_rcode(rcode)
    return dns.message.from_wire(made.to_wire())


def instances(found: Found) -> list[Instance]:
    return [instance_of(offer, found.ttl) for offer in offers_in(found)]


def read(data: bytes) -> list[Instance]:
    """What is made of ``data``, as `NameServers` does it."""
    try:
        return instances(found_in(dns.message.from_wire(data)))
    except dns.exception.DNSException as exc:
        raise nonsense(exc) from exc


WHOLE = answer(
    "_http._tcp.shop.test. 300 CNAME _http._tcp.depot.test.",
    "_http._tcp.depot.test. 60 SRV 10 5 8080 a.depot.test.",
    "_http._tcp.depot.test. 60 SRV 20 0 8081 b.depot.test.",
    additional=["a.depot.test. 300 A 192.0.2.1", "a.depot.test. 300 A 192.0.2.2", "a.depot.test. 300 AAAA 2001:db8::1"],
)


def test_an_answer_by_an_alias_and_with_addresses() -> None:
    found = found_in(WHOLE)
    a = dns.name.from_text("a.depot.test.")
    assert found._replace(records=()) == Found(
        name=dns.name.from_text("_http._tcp.depot.test."),
        exists=True,
        records=(),
        ttl=60,
        additional={(a, dns.rdatatype.A): ("192.0.2.1", "192.0.2.2"), (a, dns.rdatatype.AAAA): ("2001:db8::1",)},
    )
    assert [str(record) for record in found.records] == ["10 5 8080 a.depot.test.", "20 0 8081 b.depot.test."]


def test_no_such_name() -> None:
    found = found_in(failed(dns.rcode.NXDOMAIN))
    assert (found.name, found.exists, found.records) == (NAME, False, ())


def test_no_such_records() -> None:
    found = found_in(answer())
    assert (found.name, found.exists, found.records) == (NAME, True, ())


@pytest.mark.parametrize(
    ("message", "text"),
    [
        pytest.param(failed(dns.rcode.SERVFAIL), "answers with error SERVFAIL", id="a failure"),
        pytest.param(
            failed(
                dns.rcode.REFUSED,
                EDEOption(EDECode.NOT_AUTHORITATIVE),
                EDEOption(EDECode.OTHER, "a second one"),
            ),
            "answers with error REFUSED (NOT_AUTHORITATIVE)",
            id="a reason by its number",
        ),
        pytest.param(
            failed(dns.rcode.SERVFAIL, EDEOption(EDECode.make(4_711), "a\x1b[2J\nb" + "c" * 200)),
            r"answers with error SERVFAIL (4711: a\x1b[2J\nb" + "c" * 86 + "…)",
            id="a reason that is an attack",
        ),
        pytest.param(
            failed(dns.rcode.SERVFAIL, GenericOption(OptionType.make(65_001), b"x"), EDEOption(EDECode.NOT_READY, "x")),
            "answers with error SERVFAIL (NOT_READY: x)",
            id="a reason among other things",
        ),
        pytest.param(failed(dns.rcode.Rcode(3_000)), "answers with error 3000", id="an unknown code"),
        pytest.param(
            answer("_http._tcp.shop.test. 1 CNAME x.test.", "x.test. 1 CNAME _http._tcp.shop.test."),
            "answers what makes no sense: The CNAME chain is too long.",
            id="aliases in a circle",
        ),
    ],
)
def test_a_failure_is_one_line(message: dns.message.Message, text: str) -> None:
    with pytest.raises(DiscoveryError) as caught:
        found_in(message)
    assert str(caught.value) == text


def test_an_answer_that_is_cut_off() -> None:
    message = answer()
    message.flags |= dns.flags.TC
    with pytest.raises(DiscoveryError, match=r"^answers with less than there is, by TCP, too$"):
        found_in(message)


def test_a_question_for_an_answer() -> None:
    with pytest.raises(DiscoveryError, match=r"^answers what makes no sense: .*not a response to a query\.$"):
        found_in(QUESTION)


def test_another_kind_of_message() -> None:
    update = dns.update.UpdateMessage("shop.test.")
    update.flags |= dns.flags.QR
    with pytest.raises(DiscoveryError, match=r"^answers what was not asked$"):
        found_in(dns.message.from_wire(update.to_wire()))


def test_offers_are_in_the_order_of_priority_weight_and_name_each_once() -> None:
    found = found_in(
        answer(
            *(
                f"_http._tcp.shop.test. 300 SRV {data}"
                for data in (
                    "20 9 80 a.test.", "10 1 80 b.test.", "10 1 80 a.test.", "10 7 80 c.test.", "10 1 79 b.test.",
                    "30 0 80 A.TEST.", "5 5 5 .",
                )
            )
        )
    )  # fmt: skip
    assert [str(offer) for offer in offers_in(found)] == [
        "10 7 80 c.test.", "10 1 80 a.test.", "10 1 79 b.test.", "10 1 80 b.test.",
    ]  # fmt: skip


def test_an_instance() -> None:
    first, second = offers_in(found_in(WHOLE))
    assert instance_of(first, 60, ("192.0.2.1",)) == Instance(
        id="a.depot.test:8080",
        host="a.depot.test",
        port=8080,
        metadata={"ttl": "60"},
        priority=10,
        weight=5,
        addresses=("192.0.2.1",),
    )
    assert instance_of(second, 60, fault="it has no address") == Instance(
        id="b.depot.test:8081",
        host="b.depot.test",
        port=8081,
        status=Status.UNKNOWN,
        said="it has no address",
        metadata={"ttl": "60"},
        priority=20,
        weight=0,
    )


@pytest.mark.parametrize("target", [r"a\032b.test.", r"a\.b.test.", r"\000.test.", "a/b.test.", r"\195\164.test."])
def test_a_target_that_names_no_host_is_listed_and_is_not_up(target: str) -> None:
    (instance,) = instances(found_in(answer(f"_http._tcp.shop.test. 300 SRV 0 0 80 {target}")))
    assert (instance.status, instance.said) == (Status.UNKNOWN, "its target is not the name of a host")
    assert instance.host.isascii()
    assert instance.host.isprintable()


def test_addresses_are_of_both_families_and_each_once() -> None:
    records = [
        *dns.rrset.from_text("a.test.", 1, "IN", "A", "192.0.2.2", "192.0.2.1"),
        *dns.rrset.from_text("a.test.", 1, "IN", "AAAA", "2001:DB8:0::1"),
        *dns.rrset.from_text("a.test.", 9, "IN", "A", "192.0.2.1"),
        *dns.rrset.from_text("a.test.", 1, "IN", "TXT", "192.0.2.3"),
    ]
    assert addresses_in(records) == ("192.0.2.2", "192.0.2.1", "2001:db8::1")


HEAD = QUESTION.to_wire()[:2] + b"\x81\x80"


@given(st.binary(max_size=600))
@example(HEAD)
@example(HEAD + b"\0\1\xff\xff\0\0\0\0" + QUESTION.to_wire()[12:39])  # more records are announced than there are
@example(HEAD + b"\0\1\0\0\0\0\0\0\xc0\x0c\0\x21\0\1")  # a name that goes on at its own beginning
@example(HEAD + b"\0\1\0\0\0\0\0\0\xc0\xff\0\x21\0\1")  # and one that goes on beyond the end
@example(HEAD + b"\0\0\0\0\0\0\0\0")  # no question
def test_any_bytes_are_an_answer_or_an_error(data: bytes) -> None:
    check(data)


@given(
    st.lists(st.tuples(st.integers(2, 200), st.sampled_from("dix"), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 60),
)
def test_any_change_of_a_real_answer_is_an_answer_or_an_error(changes: list[tuple[int, str, int]], cut: int) -> None:
    data = bytearray(WHOLE.to_wire())
    for place, what, byte in changes:
        place %= len(data)
        data[place : place + (what != "i")] = b"" if what == "d" else bytes([byte])
    check(bytes(data[: len(data) - cut]))


def check(data: bytes) -> None:
    try:
        found, error = read(data), ""
    except DiscoveryError as exc:
        found, error = [], str(exc)
    assert error.isprintable()
    assert len(error) < 200
    assert all(instance.host.isprintable() and 0 <= instance.port < 65_536 for instance in found)
