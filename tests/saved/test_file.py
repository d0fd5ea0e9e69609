"""Outcome → file → outcome; and what is no such file is refused in one line."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tcpgoon.discovery.instance import Instance
from tcpgoon.errors import SavedFileError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.table import COLUMNS, Table
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, InstanceResult, Outcome, SuiteResult
from tcpgoon.saved import file as saved_file
from tcpgoon.saved.file import check_size, load, save, saved
from tcpgoon.version import VERSION
from tests.example import example, suite_of
from tests.report.searches import found, part_of

RESULT = example()


def each(*results: Result | None) -> EachResult:
    return EachResult(
        lookup="eureka://r/CHECKOUT",
        service="CHECKOUT",
        registry="http://r:8761/eureka",
        results=tuple(
            InstanceResult(
                instance=Instance(id=f"checkout-{number}", host="10.0.0.5", port=80),
                verdict=Verdict.FAIL if result else Verdict.INCONCLUSIVE,
                reason="because",
                result=result,
            )
            for number, result in enumerate(results, 1)
        ),
        others=(Instance(id="other", host="10.0.0.6", port=80, metadata={"a": "b"}),),
    )


def suite(*results: Result | None) -> SuiteResult:
    checks = tuple(Part(name="a", verdict=Verdict.FAIL, reason="because", result=result) for result in results)
    return SuiteResult(suite="s", checks=checks, begun_at="2026-01-02T03:04:05.678+00:00", duration_s=1.5)


def columns(outcome: Outcome) -> list[dict[str, list[float]] | None]:
    return [
        {column.name: getattr(part.result.table, column.name).tolist() for column in COLUMNS} if part.result else None
        for part in outcome.parts
    ]


WITHOUT_ROWS = msgspec.structs.replace(RESULT, table=Table(0))


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(RESULT, id="run"),
        pytest.param(WITHOUT_ROWS, id="without rows"),
        pytest.param(each(), id="no instance"),
        pytest.param(each(RESULT, None, WITHOUT_ROWS, RESULT), id="each"),
        pytest.param(suite(), id="no check"),
        pytest.param(suite(None, RESULT), id="suite"),
        pytest.param(found(), id="search"),
        pytest.param(found(confirmed=None, next=None, recovery=None), id="search that came to nothing"),
        pytest.param(suite_of(part_of(found()), part_of(found(confirmed=None)), *suite(RESULT).checks), id="searches"),
    ],
)
def test_what_is_loaded_is_what_was_saved(outcome: Outcome) -> None:
    found = load(io.BytesIO(saved(outcome)))

    assert type(found) is type(outcome)
    assert found.to_dict() == outcome.to_dict()
    assert (found.verdict, found.reason) == (outcome.verdict, outcome.reason)
    assert columns(found) == columns(outcome)
    assert saved(found) == saved(outcome)


def test_the_verdict_is_the_one_that_was_given() -> None:
    """Also where it is not the one that would be given now."""
    strange = msgspec.structs.replace(RESULT, verdict=Verdict.PASS, reason="as it was then", findings=())
    found = load(io.BytesIO(saved(strange)))

    assert (found.verdict, found.reason, found.parts[0].verdict) == (Verdict.PASS, "as it was then", Verdict.PASS)


def test_what_is_in_a_file() -> None:
    with zipfile.ZipFile(io.BytesIO(saved(RESULT))) as archive:
        assert archive.namelist() == ["tcpgoon.json", "outcome.json", *(f"rows/0/{one.name}" for one in COLUMNS)]
        head = json.loads(archive.read("tcpgoon.json"))
        assert head == {"saved": 1, "tcpgoon": VERSION, "kind": "run", "rows": [3]}
        assert json.loads(archive.read("outcome.json")) == RESULT.to_dict()


def test_a_file_that_cannot_be_sought() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            super().__init__()
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    save(RESULT, pipe)  # type: ignore[arg-type]
    assert load(io.BytesIO(pipe.content)).to_dict() == RESULT.to_dict()


def refused(data: bytes) -> str:
    with pytest.raises(SavedFileError) as caught:
        load(io.BytesIO(data))
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) <= 300
    return line


def members(outcome: Outcome = RESULT) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(saved(outcome))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(content: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file.getvalue()


def changed(change: Callable[[Any], None], name: str = "outcome.json", outcome: Outcome = RESULT) -> bytes:
    content = members(outcome)
    plain = json.loads(content[name])
    change(plain)
    return archived(content | {name: json.dumps(plain).encode()})


NO_FILE = "no file that tcpgoon saved, or damaged: "
NOT_SAVED = "what it says is not what tcpgoon saves: "


@pytest.mark.parametrize("data", [b"", b"PK", b"{}", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive(data: bytes) -> None:
    assert refused(data) == f"{NO_FILE}File is not a zip file"


def test_any_other_archive() -> None:
    assert refused(archived({"a": b"b"})) == "no file that tcpgoon saved: there is no tcpgoon.json in it"


def test_a_file_that_is_cut_short() -> None:
    whole = saved(RESULT)
    for length in range(0, len(whole), 97):
        assert refused(whole[:length]).startswith(NO_FILE)


def test_a_file_in_which_a_byte_was_changed() -> None:
    """The checksums tell; or what was changed says nothing."""
    whole, told = saved(RESULT), 0
    for place in range(0, len(whole), 31):
        data = bytearray(whole)
        data[place] ^= 0x55
        try:
            found = load(io.BytesIO(data))
        except SavedFileError:
            told += 1
        else:
            assert (found.to_dict(), columns(found)) == (RESULT.to_dict(), columns(RESULT))
    assert told > len(whole) / 31 / 3


def test_a_file_of_a_newer_version() -> None:
    def newer(head: Any) -> None:
        head.update(saved=2, tcpgoon="9.8", rows={"a": 1})

    assert refused(changed(newer, "tcpgoon.json")) == (
        f"written by a newer tcpgoon (9.8, in version 2 of the format): this is {VERSION}, which reads version 1"
    )
    assert refused(changed(lambda head: head.update(saved=-1), "tcpgoon.json")).startswith(
        "written by no tcpgoon that there was"
    )


def test_what_a_newer_one_of_the_same_version_added() -> None:
    """What is known is read, where that is all that has a meaning; and a plan that is not understood is none."""
    assert load(io.BytesIO(changed(lambda plain: plain.update(more=1)))).to_dict() == RESULT.to_dict()

    content = members()
    head, plain = json.loads(content["tcpgoon.json"]), json.loads(content["outcome.json"])
    head["tcpgoon"], plain["plan"]["more"] = "9.8", 1
    content |= {"tcpgoon.json": json.dumps(head).encode(), "outcome.json": json.dumps(plain).encode()}
    assert refused(archived(content)) == (
        f"{NOT_SAVED}Object contains unknown field `more` - at `$.plan` (written by tcpgoon 9.8; this is {VERSION})"
    )


@pytest.mark.parametrize(
    ("change", "name", "line"),
    [
        (lambda head: head.update(saved="x"), "tcpgoon.json", f"{NOT_SAVED}Expected `int`, got `str` - at `$.saved`"),
        (
            lambda head: head.update(kind="x"),
            "tcpgoon.json",
            f"{NOT_SAVED}Invalid enum value 'x' - at `$.kind`",
        ),
        (lambda head: head.update(rows=[-3]), "tcpgoon.json", "it has less than no rows"),
        (lambda head: head.update(rows=[None]), "tcpgoon.json", "it does not have the rows of each of its results"),
        (lambda head: head.update(rows=[3, 3]), "tcpgoon.json", "it does not have the rows of each of its results"),
        (lambda head: head.update(rows=[2]), "tcpgoon.json", "rows/0 has 2 rows of 3 connections"),
        (
            lambda head: head.update(rows=[20_000_001]),
            "tcpgoon.json",
            "20,000,001 connections are more than can be saved: at most 20,000,000",
        ),
        (
            lambda plain: plain.update(verdict="x\x1b[2J"),
            "outcome.json",
            rf"{NOT_SAVED}Invalid enum value 'x\x1b[2J' - at `$.verdict`",
        ),
        (
            lambda plain: plain["plan"].update(connections=-1),
            "outcome.json",
            f"{NOT_SAVED}the number of connections is -1: it must be from 1 to 100,000,000 - at `$.plan`",
        ),
        (
            lambda plain: plain["strain"].update(lag_s=-1e19),
            "outcome.json",
            f"{NOT_SAVED}the number -1e+19",
        ),
        (
            lambda plain: plain["metrics"]["levels"].pop(),
            "outcome.json",
            "a result without its numbers at each level of assurance",
        ),
        (
            lambda plain: plain["metrics"].update(asked=0),
            "outcome.json",
            "a result without its numbers at each level of assurance",
        ),
        (
            lambda plain: plain["metrics"]["unserved"][0].update(why=0),
            "outcome.json",
            "a result with connections that were not served for no reason",
        ),
        (lambda plain: plain.update(endpoints=[]), "outcome.json", "a result without any endpoint"),
        (
            lambda plain: plain["metrics"]["counts"].update(closed=2),
            "outcome.json",
            "rows/0 does not have as many rows in each state as its result says",
        ),
    ],
)
def test_what_was_made_up(change: Callable[[Any], None], name: str, line: str) -> None:
    assert refused(changed(change, name)) == line


@pytest.mark.parametrize(
    ("change", "name", "line"),
    [
        (lambda head: head.update(rows=[None]), "tcpgoon.json", "it does not have the rows of each of its results"),
        (lambda plain: plain.update(endpoints=[]), "outcome.json", "a search without any endpoint"),
        (
            lambda plain: plain["answer"].update(carries=-1),
            "outcome.json",
            "a search that came to less than no connections",
        ),
        (
            lambda plain: plain["steps"][0].update(newcomer_s=-1.0),
            "outcome.json",
            "a search with less than no connections or time in one of its trials",
        ),
        (
            lambda plain: plain["search"].update(precision=2),
            "outcome.json",
            f"{NOT_SAVED}the precision is 2: it must be from 1e-06 to 0.5 - at `$.search`",
        ),
        (
            lambda plain: plain["answer"].update(bound="me"),
            "outcome.json",
            f"{NOT_SAVED}Invalid enum value 'me' - at `$.answer.bound`",
        ),
        (
            lambda plain: plain["confirmed"].update(endpoints=[]),
            "outcome.json",
            "a result without any endpoint",
        ),
    ],
)
def test_a_search_that_was_made_up(change: Callable[[Any], None], name: str, line: str) -> None:
    assert refused(changed(change, name, found())) == line


def test_a_search_in_a_suite_that_was_made_up() -> None:
    def change(plain: Any) -> None:
        plain["checks"][0]["capacity"]["steps"][0]["left"] = -1

    line = "a search with less than no connections or time in one of its trials"
    assert refused(changed(change, outcome=suite_of(part_of(found())))) == line


@pytest.mark.parametrize("content", [b"\xff", b"[", b"[" * 100_000, b'{"saved": 1, "tcpgoon": "' + b"x" * 400])
@pytest.mark.parametrize("name", ["tcpgoon.json", "outcome.json"])
def test_what_is_no_json(name: str, content: bytes) -> None:
    assert refused(archived(members() | {name: content})).startswith(NOT_SAVED)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (bytes(23), "rows/0/start_s has 23 bytes: it has to have 24"),
        (bytes(25), "rows/0/start_s has 25 bytes: it has to have 24"),
        (b"\xff" * 24, "rows/0/start_s has a time that is none"),
    ],
)
def test_columns_that_are_none(content: bytes, line: str) -> None:
    assert refused(archived(members() | {"rows/0/start_s": content})) == line


def test_a_column_that_is_missing() -> None:
    content = members()
    del content["rows/0/end_s"]
    assert refused(archived(content)) == "no file that tcpgoon saved: there is no rows/0/end_s in it"


def test_an_endpoint_that_was_not_dialled() -> None:
    content = members() | {"rows/0/endpoint": bytes((0, 0, 1, 0, 0, 0))}
    assert refused(archived(content)) == "rows/0 has connections to an endpoint that was not dialled"


def test_what_is_packed_in_another_way() -> None:
    line = "tcpgoon.json is packed in a way that tcpgoon does not use"
    assert refused(archived(members(), zipfile.ZIP_LZMA)) == line


def test_what_is_not_packed_is_read_too() -> None:
    assert load(io.BytesIO(archived(members(), zipfile.ZIP_STORED))).to_dict() == RESULT.to_dict()


def test_what_would_fill_the_memory() -> None:
    """Nothing is unpacked before its size is known to be right."""
    bomb = archived(members() | {"rows/0/start_s": bytes(50_000_000)})
    assert refused(bomb) == "rows/0/start_s has 50,000,000 bytes: it has to have 24"


def test_a_text_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    data, length = saved(RESULT), len(msgspec.json.encode(RESULT.to_dict()))
    monkeypatch.setattr(saved_file, "MOST_BYTES", length - 1)

    assert refused(data) == f"outcome.json has {length:,} bytes: at most {length - 1:,} are read"
    with pytest.raises(SavedFileError) as caught:
        save(RESULT, io.BytesIO())
    assert str(caught.value) == f"what is to be saved has {length:,} bytes of text: at most {length - 1:,} can be"


def test_an_archive_that_lies_about_its_sizes() -> None:
    """The directory says less, or more, than there is."""
    data = saved(RESULT)
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(b"rows/0/unserved"))
    for size in (2, 3, 4, 2**31):
        lying = bytearray(data)
        lying[start + 24 : start + 28] = size.to_bytes(4, "little")
        if size != 3:
            assert refused(bytes(lying))


def test_a_member_that_ends_too_early() -> None:
    """Its checksum is that of what there is."""
    data = bytearray(archived(members() | {"rows/0/unserved": b"\0\0"}))
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(b"rows/0/unserved"))
    data[start + 24 : start + 28] = (3).to_bytes(4, "little")

    assert refused(bytes(data)) == "rows/0/unserved ends after 2 of 3 bytes"


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any) -> Table:
        raise MemoryError

    monkeypatch.setattr(saved_file, "unpacked", none_left)
    assert refused(saved(RESULT)) == "there is not enough memory to read it"


def test_how_many_rows_a_file_takes() -> None:
    check_size(20_000_000)
    with pytest.raises(SavedFileError):
        check_size(20_000_001)
