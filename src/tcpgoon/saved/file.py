"""An outcome as a file, and the file as an outcome: a ZIP archive of its plain data and of the columns of its rows.

``tcpgoon.json`` says which version of the format it is and how many rows there are; ``outcome.json`` is what
`Result.to_dict` gives; ``rows/K/NAME`` is a column of part number K. Nothing is computed anew when it is read: verdict,
findings and metrics are those of the tcpgoon that judged the run, and a newer one does not change its mind about it.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO, Any, Literal, cast

import msgspec

from tcpgoon.capacity import Capacity, SearchPart
from tcpgoon.discovery.instance import Instance
from tcpgoon.errors import SavedFileError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.escapes import printable
from tcpgoon.record.counts import Counts
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved
from tcpgoon.result import Part, Result
from tcpgoon.results import EachResult, InstanceResult, Outcome, SuiteResult
from tcpgoon.saved.columns import packed, unpacked, write_pieces
from tcpgoon.version import VERSION

FORMAT = 1
"""The version of the file. A file of a later one is not read."""

MOST_ROWS = 20_000_000
"""In one file, all parts together: what is read is to fit into memory (1.4 GB), whatever a file says that it has."""

MOST_BYTES = 256 << 20
"""What ``outcome.json`` may take."""

MOST_NUMBER = 1e18
"""No time, size or share that was ever measured is beyond it."""

LONGEST_COMPLAINT = 300
"""Characters of what is wrong with a file; a text in it may be of any length."""

_HEAD, _OUTCOME = "tcpgoon.json", "outcome.json"
_LONGEST_HEAD = 1 << 20
_LEVEL = 1
"""Of compression. The highest needs twice the time for 5 % less."""

_LEVELS = [level for level in Assurance if level is not Assurance.NONE]

_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What is raised for an archive that is none, is cut short, was tampered with, or is encrypted."""

Kind = Literal["run", "each", "suite", "capacity"]


class _Version(msgspec.Struct):
    """The part of the head that every version has."""

    saved: int
    tcpgoon: str


class _Head(msgspec.Struct, kw_only=True):
    saved: int = FORMAT
    tcpgoon: str = VERSION
    kind: Kind
    rows: tuple[int | None, ...]
    """Of each part; None: it has no result."""


_Run = msgspec.defstruct(
    "_Run",
    [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(Result)
        if field.name != "table"
    ],
    kw_only=True,
)
"""A `Result` but for its table."""


_Capacity = msgspec.defstruct(
    "_Capacity",
    [
        *(
            (field.name, field.type) if field.required else (field.name, field.type, field.default)
            for field in msgspec.structs.fields(Capacity)
            if field.name != "confirmed"
        ),
        ("confirmed", _Run | None, None),
    ],
    kw_only=True,
)
"""A `Capacity`, with the run that confirmed its answer but for the table of that."""


class _Instance(msgspec.Struct, kw_only=True):
    instance: Instance
    verdict: Verdict
    reason: str
    result: _Run | None  # type: ignore[valid-type]


class _Each(msgspec.Struct, kw_only=True):
    lookup: str
    service: str
    registry: str
    results: tuple[_Instance, ...]
    others: tuple[Instance, ...]


class _Check(msgspec.Struct, kw_only=True):
    name: str
    verdict: Verdict
    reason: str
    result: _Run | None  # type: ignore[valid-type]

    capacity: _Capacity | None = None  # type: ignore[valid-type]


class _Suite(msgspec.Struct, kw_only=True):
    suite: str
    checks: tuple[_Check, ...]
    begun_at: str
    duration_s: float


_TYPES: dict[Kind, Any] = {"run": _Run, "each": _Each, "suite": _Suite, "capacity": _Capacity}
_KINDS: dict[type, Kind] = {Result: "run", EachResult: "each", SuiteResult: "suite", Capacity: "capacity"}


def save(outcome: Outcome, file: IO[bytes]) -> None:
    """Write ``outcome`` to ``file``, which need not be seekable. Raises `SavedFileError` where it is too large."""
    tables = [part.result.table if part.result else None for part in outcome.parts]
    head = _Head(kind=_KINDS[type(outcome)], rows=tuple(table.rows if table else None for table in tables))
    plain = msgspec.json.encode(outcome.to_dict())
    check_size(sum(rows or 0 for rows in head.rows))
    if len(plain) > MOST_BYTES:
        raise SavedFileError(f"what is to be saved has {len(plain):,} bytes of text: at most {MOST_BYTES:,} can be")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        archive.writestr(zipfile.ZipInfo(_HEAD), msgspec.json.encode(head))
        with archive.open(_member(_OUTCOME, len(plain)), "w") as member:
            member.write(plain)
        for number, table in enumerate(tables):
            _save_rows(archive, number, table or Table(0))


def saved(outcome: Outcome) -> bytes:
    """``outcome`` as the content of a file. Raises `SavedFileError` where it is too large."""
    file = io.BytesIO()
    save(outcome, file)
    return file.getvalue()


def check_size(rows: int) -> None:
    """Raise `SavedFileError` where that are too many ``rows`` for a file."""
    if rows > MOST_ROWS:
        raise SavedFileError(f"{rows:,} connections are more than can be saved: at most {MOST_ROWS:,}")


def _save_rows(archive: zipfile.ZipFile, number: int, table: Table) -> None:
    if table.rows:
        for name, pieces in packed(table):
            with archive.open(_member(f"rows/{number}/{name}"), "w") as member:
                write_pieces(pieces, member)


def _member(name: str, size: int = 0) -> zipfile.ZipInfo:
    """A member of that name, and of no time: the same outcome is the same file."""
    info = zipfile.ZipInfo(name)
    info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, size
    return info


def load(file: IO[bytes]) -> Outcome:
    """The outcome that was saved to ``file``, which is seekable; its verdict is the one that was given then.

    Raises `SavedFileError`, with one line that says what is wrong, for whatever is none.
    """
    try:
        return _load(_Archive(zipfile.ZipFile(file)))
    except SavedFileError as exc:
        raise SavedFileError(printable(str(exc))[:LONGEST_COMPLAINT]) from exc
    except _UNREADABLE as exc:
        raise SavedFileError(printable(f"no file that tcpgoon saved, or damaged: {exc}")[:LONGEST_COMPLAINT]) from exc
    except MemoryError as exc:
        raise SavedFileError("there is not enough memory to read it") from exc


def _load(archive: "_Archive") -> Outcome:
    head = _head(archive)
    check_size(sum(rows or 0 for rows in head.rows))
    plain = _decoded(archive.read_up_to(_OUTCOME, MOST_BYTES), _TYPES[head.kind], head.tcpgoon)
    runs = _runs(plain)
    if [rows is None for rows in head.rows] != [run is None for run in runs]:
        raise SavedFileError("it does not have the rows of each of its results")
    results = [
        None if run is None or rows is None else _result(run, rows, archive, f"rows/{number}")
        for number, (run, rows) in enumerate(zip(runs, head.rows, strict=True))
    ]
    return _outcome(plain, results)


def _head(archive: "_Archive") -> _Head:
    plain = archive.read_up_to(_HEAD, _LONGEST_HEAD)
    version = _decoded(plain, _Version)
    if version.saved != FORMAT:
        who = "a newer tcpgoon" if version.saved > FORMAT else "no tcpgoon that there was"
        raise SavedFileError(
            f"written by {who} ({version.tcpgoon}, in version {version.saved} of the format): "
            f"this is {VERSION}, which reads version {FORMAT}"
        )
    head = cast("_Head", _decoded(plain, _Head, version.tcpgoon))
    if any(rows is not None and rows < 0 for rows in head.rows):
        raise SavedFileError("it has less than no rows")
    return head


def _decoded(plain: bytes, kind: Any, written_by: str = VERSION) -> Any:
    try:
        _check_numbers(msgspec.json.decode(plain))
        return msgspec.json.decode(plain, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        by = f" (written by tcpgoon {written_by}; this is {VERSION})" if written_by != VERSION else ""
        raise SavedFileError(f"what it says is not what tcpgoon saves: {exc}{by}") from exc


def _check_numbers(plain: Any) -> None:
    """What is written down of a run can be written down: a report is to fail over none of its numbers."""
    match plain:
        case dict():
            values: Iterable[Any] = plain.values()
        case list():
            values = plain
        case _:
            return
    for value in values:
        if isinstance(value, float) and abs(value) > MOST_NUMBER:
            raise SavedFileError(f"what it says is not what tcpgoon saves: the number {value}")
        _check_numbers(value)


def _runs(plain: Any) -> list[Any]:
    """What is saved of the result of each part."""
    match plain:
        case _Each():
            return [one.result for one in plain.results]
        case _Suite():
            return [_run_of(one) for one in plain.checks]
        case _Capacity():
            found: Any = plain
            return [found.confirmed]
        case _:
            return [plain]


def _run_of(check: Any) -> Any:
    return check.capacity.confirmed if check.capacity else check.result


def _result(run: Any, rows: int, archive: "_Archive", folder: str) -> Result:
    fields = {name: getattr(run, name) for name in run.__struct_fields__}
    if not run.endpoints:
        raise SavedFileError("a result without any endpoint")
    if [level.assurance for level in run.metrics.levels] != _LEVELS or run.metrics.asked not in _LEVELS:
        raise SavedFileError("a result without its numbers at each level of assurance")
    if any(entry.why is Unserved.NONE for entry in run.metrics.unserved):
        raise SavedFileError("a result with connections that were not served for no reason")
    if rows not in (0, run.plan.connections):
        raise SavedFileError(f"{folder} has {rows:,} rows of {run.plan.connections:,} connections")
    table = unpacked(rows, archive, folder) if rows else Table(0)
    result = Result(table=table, **fields)
    if rows:
        _check_rows(result, table, folder)
    return result


def _check_rows(result: Result, table: Table, folder: str) -> None:
    """Those of another result are not to be taken for these."""
    if Counts.of(bytes(table.state)) != result.metrics.counts:
        raise SavedFileError(f"{folder} does not have as many rows in each state as its result says")
    if Rows(table).column("endpoint").max() >= len(result.dialled):
        raise SavedFileError(f"{folder} has connections to an endpoint that was not dialled")


def _outcome(plain: Any, results: list[Result | None]) -> Outcome:
    match plain:
        case _Each():
            return EachResult(
                lookup=plain.lookup,
                service=plain.service,
                registry=plain.registry,
                results=tuple(
                    InstanceResult(instance=one.instance, verdict=one.verdict, reason=one.reason, result=result)
                    for one, result in zip(plain.results, results, strict=True)
                ),
                others=plain.others,
            )
        case _Suite():
            return SuiteResult(
                suite=plain.suite,
                checks=tuple(_check(one, result) for one, result in zip(plain.checks, results, strict=True)),
                begun_at=plain.begun_at,
                duration_s=plain.duration_s,
            )
        case _Capacity():
            return _capacity(plain, results[0])
        case _:
            return cast("Result", results[0])


def _check(saved_of: Any, result: Result | None) -> Part:
    part = Part(name=saved_of.name, verdict=saved_of.verdict, reason=saved_of.reason, result=result)
    if saved_of.capacity is None:
        return part
    return SearchPart(**msgspec.structs.asdict(part), capacity=_capacity(saved_of.capacity, result))


def _capacity(saved_of: Any, confirmed: Result | None) -> Capacity:
    """Raises `SavedFileError` for what no search comes to."""
    fields = {name: getattr(saved_of, name) for name in saved_of.__struct_fields__}
    if not saved_of.endpoints:
        raise SavedFileError("a search without any endpoint")
    for step in saved_of.steps:
        times = (step.at_s, step.duration_s, step.per_s, step.establishment_p50_s, step.establishment_p99_s)
        if min(step.level, step.left, step.newcomer_s or 0, *(time or 0 for time in times)) < 0:
            raise SavedFileError("a search with less than no connections or time in one of its trials")
    if saved_of.answer.carries < 0:
        raise SavedFileError("a search that came to less than no connections")
    return Capacity(**{**fields, "confirmed": confirmed})


class _Archive:
    """A ZIP archive that is not trusted: no member is read before its size is known to be right."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename: info for info in archive.infolist()}

    def read(self, name: str, length: int) -> bytes:
        """As `Members` says."""
        info = self._info(name)
        if info.file_size != length:
            raise SavedFileError(f"{name} has {info.file_size:,} bytes: it has to have {length:,}")
        return self._read(info)

    def read_up_to(self, name: str, most: int) -> bytes:
        """The member ``name``, which has at most so many bytes."""
        info = self._info(name)
        if info.file_size > most:
            raise SavedFileError(f"{name} has {info.file_size:,} bytes: at most {most:,} are read")
        return self._read(info)

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise SavedFileError(f"no file that tcpgoon saved: there is no {name} in it")
        return self._members[name]

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SavedFileError(f"{info.filename} is packed in a way that tcpgoon does not use")
        with self._archive.open(info) as member:
            content = member.read(info.file_size + 1)  # one more, so that the checksum is looked at, too
        if len(content) != info.file_size:
            raise SavedFileError(f"{info.filename} ends after {len(content):,} of {info.file_size:,} bytes")
        return content
