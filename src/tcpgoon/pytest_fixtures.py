"""What the fixtures of the pytest plugin give: `Tcpgoon` and `TcpServer`.

Where a test fails it is the test's line that pytest shows, and the text says what was found and what to do: none of our
frames are in the traceback (``__tracebackhide__``), but for those of a bug.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Literal, NoReturn, Self, TypeVar, Unpack, overload

import pytest

from tcpgoon import api
from tcpgoon.capacity import Capacity
from tcpgoon.errors import Unanswerable, UsageError
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.bounds import Held, HeldInTrials, with_requirements
from tcpgoon.options.named import Options
from tcpgoon.options.spelled import converted
from tcpgoon.plan.escapes import printable
from tcpgoon.report.failure import NOBODYS, failure
from tcpgoon.report.properties import Property, properties
from tcpgoon.result import Result
from tcpgoon.results import EachResult
from tcpgoon.runs.stop import Stop
from tcpgoon.server import ServerProcess
from tcpgoon.server.config import Knobs, config_of

_Refused = UsageError | Unanswerable

_O = TypeVar("_O", bound=Result | EachResult | Capacity)


class Tcpgoon:
    """What the fixture ``tcpgoon`` gives: it asks, and whatever comes of it becomes part of the test's report.

    The figures are properties of the test (``tcpgoon.peak``; of a second question ``tcpgoon.2.peak``), which pytest
    writes into its JUnit file; the text report is shown beside the output of a test that failed.
    """

    def __init__(self, item: pytest.Item, *, skips: bool = False) -> None:
        self._item = item
        self._skips = skips
        self._asked = 0

    @overload
    def assert_holds(
        self, target: str, connections: int | str, *, each: Literal[False] = ..., **held: Unpack[Held]
    ) -> Result: ...

    @overload
    def assert_holds(
        self, target: str, connections: int | str, *, each: Literal[True], **held: Unpack[Held]
    ) -> EachResult: ...

    def assert_holds(
        self, target: str, connections: int | str, *, each: bool = False, **held: Unpack[Held]
    ) -> Result | EachResult:
        """Fail the test unless ``target`` carries so many ``connections`` at once; what came of it, where it does.

        Options are those of `tcpgoon.run`, such as ``hold="30s"`` and ``probe="postgres"``. Bounds are requirements in
        a word: ``p99="50ms"`` is ``require=["p99 establishment < 50ms"]``; there are p50, p90, p99, answer, newcomer,
        established, peak, lost and retransmitted. ``each=True`` asks each instance of a target that is looked up.

        A question that could not be asked or answered fails the test, too; with ``tcpgoon_inconclusive = skip`` in
        pytest's configuration it skips it. Raises `tcpgoon.UsageError` for one that is none.
        """
        __tracebackhide__ = True
        came = _ask(target, connections, each, held, Stop())
        return self._refuse(came) if isinstance(came, _Refused) else self._passed(came)

    @overload
    async def assert_holds_async(
        self, target: str, connections: int | str, *, each: Literal[False] = ..., **held: Unpack[Held]
    ) -> Result: ...

    @overload
    async def assert_holds_async(
        self, target: str, connections: int | str, *, each: Literal[True], **held: Unpack[Held]
    ) -> EachResult: ...

    async def assert_holds_async(
        self, target: str, connections: int | str, *, each: bool = False, **held: Unpack[Held]
    ) -> Result | EachResult:
        """The same as `assert_holds`, without keeping the event loop busy: the target may be served by it."""
        __tracebackhide__ = True
        stop = Stop()
        came = await api.in_thread(lambda: _ask(target, connections, each, held, stop), stop)
        return self._refuse(came) if isinstance(came, _Refused) else self._passed(came)

    def assert_capacity_at_least(
        self,
        target: str,
        connections: int | str,
        *,
        most: int | str | None = None,
        confirm_hold: str = "10s",
        time_limit: str | None = None,
        recovery: bool = False,
        **held: Unpack[HeldInTrials],
    ) -> Capacity:
        """Fail the test unless a search finds that ``target`` carries so many ``connections`` or more; what it found.

        It goes no further than ``connections``, or than ``most``, which says how many it carries besides. Options are
        those of `tcpgoon.find_capacity`, bounds the words of `assert_holds`: p50, p90, p99, answer, newcomer. What
        fails or skips the test, and what is raised, is as there.
        """
        __tracebackhide__ = True
        ask = partial(_search, target, connections, most, held, Stop())
        came = ask(confirm_hold=confirm_hold, time_limit=time_limit, recovery=recovery)
        return self._refuse(came) if isinstance(came, _Refused) else self._passed(came)

    async def assert_capacity_at_least_async(
        self,
        target: str,
        connections: int | str,
        *,
        most: int | str | None = None,
        confirm_hold: str = "10s",
        time_limit: str | None = None,
        recovery: bool = False,
        **held: Unpack[HeldInTrials],
    ) -> Capacity:
        """The same as `assert_capacity_at_least`, without keeping the event loop busy."""
        __tracebackhide__ = True
        stop = Stop()
        ask = partial(_search, target, connections, most, held, stop)
        came = await api.in_thread(
            lambda: ask(confirm_hold=confirm_hold, time_limit=time_limit, recovery=recovery), stop
        )
        return self._refuse(came) if isinstance(came, _Refused) else self._passed(came)

    def run(self, target: str, **options: Unpack[Options]) -> Result:
        """The same as `tcpgoon.run`: whatever the verdict is, the test goes on."""
        __tracebackhide__ = True
        try:
            return self._recorded(api.run(target, **options))
        except (UsageError, Unanswerable) as exc:
            raise exc.with_traceback(None) from None

    def run_each(self, target: str, **options: Unpack[Options]) -> EachResult:
        """The same as `tcpgoon.run_each`: whatever the verdict is, the test goes on."""
        __tracebackhide__ = True
        try:
            return self._recorded(api.run_each(target, **options))
        except (UsageError, Unanswerable) as exc:
            raise exc.with_traceback(None) from None

    def _passed(self, outcome: _O) -> _O:
        """``outcome``, where it is a PASS."""
        __tracebackhide__ = True
        self._recorded(outcome)
        if outcome.verdict is Verdict.INCONCLUSIVE:
            self._give_up(failure(outcome))
        if outcome.verdict is not Verdict.PASS:
            pytest.fail(failure(outcome))
        return outcome

    def _refuse(self, exc: _Refused) -> NoReturn:
        """Nothing came of it."""
        __tracebackhide__ = True
        if isinstance(exc, UsageError):
            raise exc.with_traceback(None) from None
        reason = printable(str(exc))
        said = f"{Verdict.INCONCLUSIVE}: {reason}"
        self._record([("verdict", str(Verdict.INCONCLUSIVE)), ("reason", reason)], said)
        self._give_up(f"{said}\n{NOBODYS}")

    def _give_up(self, text: str) -> NoReturn:
        __tracebackhide__ = True
        if self._skips:
            pytest.skip(text.partition("\n")[0])
        pytest.fail(text)

    def _recorded(self, outcome: _O) -> _O:
        self._record(properties(outcome), api.render(outcome))
        return outcome

    def _record(self, found: Iterable[Property], report: str) -> None:
        self._asked += 1
        prefix = "tcpgoon" if self._asked == 1 else f"tcpgoon.{self._asked}"
        self._item.user_properties += [(f"{prefix}.{name}", value) for name, value in found]
        self._item.add_report_section("call", prefix, report)


def _ask(
    target: str, connections: int | str, each: bool, held: Mapping[str, Any], stop: Stop
) -> Result | EachResult | _Refused:
    """What came of it; or why nothing did, which is not raised here: pytest would show how it came about."""
    ask: Callable[..., Result | EachResult] = api.run_each if each else api.run
    try:
        return ask(target, stop=stop, **{**with_requirements(held), "connections": connections})
    except (UsageError, Unanswerable) as exc:
        return exc


def _search(
    target: str, connections: int | str, most: int | str | None, held: Mapping[str, Any], stop: Stop, **search: Any
) -> Capacity | _Refused:
    """What a search came to; or why it came to nothing."""
    try:
        least = converted("connections", connections)
        beyond = least if most is None else converted("connections", most)
        return api.find_capacity(target, most=beyond, at_least=least, stop=stop, **search, **with_requirements(held))
    except (UsageError, Unanswerable) as exc:
        return exc


class TcpServer:
    """What the fixture ``tcp_server`` gives: the bundled server, in a process of its own that ends with the test.

    It is one without faults (``tcp_server.address``), started when it is first needed; and, called with knobs, one with
    faults: ``tcp_server(max_connections=100, above="reset").address``. There may be any number of them.
    """

    def __init__(self) -> None:
        self._servers = ExitStack()
        self._plain: ServerProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()

    def __call__(self, **knobs: Unpack[Knobs]) -> ServerProcess:
        """A server with these knobs, the fields of `tcpgoon.server.ServerConfig`; it listens already.

        Raises `tcpgoon.UsageError` for knobs that are none, and where it cannot listen.
        """
        __tracebackhide__ = True
        try:
            return self._servers.enter_context(ServerProcess(config_of(knobs)))
        except UsageError as exc:
            raise exc.with_traceback(None) from None

    @property
    def host(self) -> str:
        """The address that the server without faults listens on."""
        return self._without_faults.host

    @property
    def port(self) -> int:
        """Its port: one that was free."""
        return self._without_faults.port

    @property
    def address(self) -> str:
        """Both, as a target is written: ``127.0.0.1:40123``."""
        return self._without_faults.address

    @property
    def _without_faults(self) -> ServerProcess:
        if self._plain is None:
            self._plain = self()
        return self._plain
