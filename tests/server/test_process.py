import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.errors import ListenError, TcpgoonError
from tcpgoon.server import Counts, ServerConfig, ServerProcess, process
from tcpgoon.server.process import config_flags

Dial = Callable[[object], socket.socket]
Answer = Callable[[socket.socket], str]


def test_it_serves_and_tells_what_it_counted(dial: Dial, answer: Answer) -> None:
    with ServerProcess(ServerConfig(banner=b"\x00-ready\r\n", max_connections=1), flags=["--above", "reset"]) as server:
        assert [answer(dial(server)), answer(dial(server))] == ["\x00-ready\r\n", "reset"]
    assert server.counts == Counts(accepted=1, peak=1, refused=1, held=1)
    assert server.errors == ""
    assert server.end() == 0


def test_ipv6(dial: Dial, answer: Answer) -> None:
    with ServerProcess(ServerConfig(host="::1", banner=b"!")) as server:
        assert server.host == "::1"
        assert answer(dial(server)) == "!"


def test_all_knobs_become_flags() -> None:
    assert config_flags(ServerConfig()) == []
    assert config_flags(
        ServerConfig(
            host="::1",
            port=1,
            max_connections=2,
            above="stop",
            backlog=3,
            echo=True,
            banner=b"-\n",
            reset_after_s=0.25,
            accept_delay_s=1,
            never_accept=True,
            workers=4,
            duration_s=0,
        )
    ) == [
        "--host=::1",
        "--port=1",
        "--max-connections=2",
        "--above=stop",
        "--backlog=3",
        "--echo",
        "--banner=-\\n",
        "--reset-after=0.250000s",
        "--accept-delay=1.000000s",
        "--never-accept",
        "--workers=4",
        "--duration=0.000000s",
    ]


def test_a_longest_banner_of_the_worst_bytes_fits_a_command_line(dial: Dial) -> None:
    banner = b"\xff" * 16_384
    with ServerProcess(ServerConfig(banner=banner)) as server:
        assert dial(server).recv(20_000, socket.MSG_WAITALL | socket.MSG_PEEK)[:10] == banner[:10]


def test_where_it_cannot_listen_its_own_line_is_the_error() -> None:
    with ServerProcess() as server:
        line = f"^cannot listen on 127.0.0.1:{server.port}: the port is busy: take another one, or 0 for any$"
        with pytest.raises(ListenError, match=line), ServerProcess(ServerConfig(port=server.port)):
            pass


def test_a_start_that_takes_too_long_is_an_error() -> None:
    server = ServerProcess(start_timeout_s=0)
    with pytest.raises(TcpgoonError, match=r"^the server did not listen within 0 s \(exit status 0\)$"), server:
        pass
    assert not Path(f"/proc/{server.pid}").exists()


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.1)
    with ServerProcess() as server:
        os.kill(server.pid, signal.SIGSTOP)
    assert server.end() == -signal.SIGKILL
    assert server.counts is None


def test_before_it_is_started_it_has_no_process() -> None:
    with pytest.raises(RuntimeError, match=r"^the process is started by `with`$"):
        _ = ServerProcess().pid


@pytest.mark.parametrize("workers", [1, 2])
def test_it_does_not_outlive_a_killed_parent(workers: int, dial: Dial) -> None:
    program = (
        "import signal, sys\n"
        "from tcpgoon.server import ServerConfig, ServerProcess\n"
        f"with ServerProcess(ServerConfig(workers={workers})) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pidfd = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(5_000), "the server lives on"
    os.close(pidfd)
