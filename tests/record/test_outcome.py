import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.outcome import FIN, OWNER_DIED, ClosedBy, Phase, Side, ended_by, error_name, side_of

BEFORE_A_PACKET = (Phase.SOCKET, Phase.BIND, Phase.CONNECT)


@pytest.mark.parametrize(
    ("error", "phase", "side"),
    [
        # Our kernel gave no socket: this process, this host, its memory, its policy.
        (errno.EMFILE, Phase.SOCKET, Side.CLIENT),
        (errno.ENFILE, Phase.SOCKET, Side.CLIENT),
        (errno.ENOBUFS, Phase.SOCKET, Side.CLIENT),
        (errno.EAFNOSUPPORT, Phase.SOCKET, Side.CLIENT),
        # Our kernel gave no address or port.
        (errno.EADDRNOTAVAIL, Phase.BIND, Side.CLIENT),
        (errno.EADDRINUSE, Phase.BIND, Side.CLIENT),
        (errno.EACCES, Phase.BIND, Side.CLIENT),
        # connect() came back at once, and no SYN has left: ports, routes (also "prohibit" and "unreachable"), firewall.
        (errno.EADDRNOTAVAIL, Phase.CONNECT, Side.CLIENT),
        (errno.ENETUNREACH, Phase.CONNECT, Side.CLIENT),
        (errno.EHOSTUNREACH, Phase.CONNECT, Side.CLIENT),
        (errno.EACCES, Phase.CONNECT, Side.CLIENT),
        (errno.EPERM, Phase.CONNECT, Side.CLIENT),
        (errno.ETIMEDOUT, Phase.CONNECT, Side.CLIENT),
        (errno.ECONNRESET, Phase.CONNECT, Side.CLIENT),
        # The answer to a SYN: a RST is the target's kernel's.
        (errno.ECONNREFUSED, Phase.HANDSHAKE, Side.TARGET_KERNEL),
        (errno.ECONNRESET, Phase.HANDSHAKE, Side.TARGET_KERNEL),
        (errno.EPIPE, Phase.HANDSHAKE, Side.TARGET_KERNEL),
        # Silence, and what ICMP errors become.
        (errno.ETIMEDOUT, Phase.HANDSHAKE, Side.PATH),
        (errno.EHOSTUNREACH, Phase.HANDSHAKE, Side.PATH),
        (errno.ENETUNREACH, Phase.HANDSHAKE, Side.PATH),
        (errno.EHOSTDOWN, Phase.HANDSHAKE, Side.PATH),
        (errno.ENETDOWN, Phase.HANDSHAKE, Side.PATH),
        (errno.ENETRESET, Phase.HANDSHAKE, Side.PATH),
        (errno.ENOPROTOOPT, Phase.HANDSHAKE, Side.PATH),
        (errno.EPROTO, Phase.HANDSHAKE, Side.PATH),
        # What we do not understand is ours.
        (errno.EADDRNOTAVAIL, Phase.HANDSHAKE, Side.CLIENT),
        (errno.ENOMEM, Phase.HANDSHAKE, Side.CLIENT),
        (FIN, Phase.HANDSHAKE, Side.CLIENT),
        (4711, Phase.HANDSHAKE, Side.CLIENT),
        # Established, then ended: by a FIN or a RST of the application, or by the path.
        (FIN, Phase.HELD, Side.TARGET_APPLICATION),
        (errno.ECONNRESET, Phase.HELD, Side.TARGET_APPLICATION),
        (errno.EPIPE, Phase.HELD, Side.TARGET_APPLICATION),
        (errno.ETIMEDOUT, Phase.HELD, Side.PATH),
        (errno.EHOSTUNREACH, Phase.HELD, Side.PATH),
        (errno.ECONNREFUSED, Phase.HELD, Side.CLIENT),
        (errno.ENOMEM, Phase.HELD, Side.CLIENT),
        (4711, Phase.HELD, Side.CLIENT),
        # A process of ours died.
        (OWNER_DIED, Phase.WORKER, Side.CLIENT),
        # It has not ended.
        (0, Phase.NONE, Side.CLIENT),
    ],
    ids=lambda value: error_name(value) if type(value) is int else getattr(value, "name", None),
)
def test_whose_side_an_end_points_to(error: int, phase: Phase, side: Side) -> None:
    assert side_of(error, phase) is side


@pytest.mark.parametrize(
    ("error", "closed_by", "side"),
    [
        (errno.ECONNRESET, ClosedBy.PEER, Side.TARGET_KERNEL),
        (errno.ETIMEDOUT, ClosedBy.US, Side.TARGET_KERNEL),
        (errno.ETIMEDOUT, ClosedBy.PATH, Side.PATH),
        (errno.EHOSTUNREACH, ClosedBy.PATH, Side.PATH),
        (errno.ENOMEM, ClosedBy.US, Side.CLIENT),
    ],
)
def test_whose_side_a_phantom_points_to(error: int, closed_by: ClosedBy, side: Side) -> None:
    assert side_of(error, Phase.PHANTOM, closed_by) is side


@pytest.mark.parametrize("phase", BEFORE_A_PACKET, ids=lambda phase: phase.name)
def test_a_refusal_before_a_packet_has_left_is_ours(phase: Phase) -> None:
    assert side_of(errno.ECONNREFUSED, phase) is Side.CLIENT


@given(
    error=st.integers(0, 65_535).filter(lambda error: error != errno.ECONNREFUSED),
    phase=st.sampled_from(BEFORE_A_PACKET),
)
def test_before_a_packet_has_left_only_we_can_have_said_no(error: int, phase: Phase) -> None:
    assert side_of(error, phase) is Side.CLIENT


@given(error=st.integers(0, 65_535), closed_by=st.sampled_from(ClosedBy))
def test_that_a_process_of_ours_died_is_ours_whatever_the_number(error: int, closed_by: ClosedBy) -> None:
    assert side_of(error, Phase.WORKER, closed_by) is Side.CLIENT


@given(
    error=st.integers(0, 65_535).filter(lambda error: error not in errno.errorcode and error != FIN),
    phase=st.sampled_from(Phase),
)
def test_the_target_is_never_blamed_for_what_we_do_not_understand(error: int, phase: Phase) -> None:
    assert side_of(error, phase) is Side.CLIENT


@pytest.mark.parametrize(
    ("error", "closed_by"),
    [
        (FIN, ClosedBy.PEER),
        (errno.ECONNRESET, ClosedBy.PEER),
        (errno.EPIPE, ClosedBy.PEER),
        (errno.ETIMEDOUT, ClosedBy.PATH),
        (errno.EHOSTUNREACH, ClosedBy.PATH),
        (errno.ENETUNREACH, ClosedBy.PATH),
        (errno.ECONNABORTED, ClosedBy.US),
        (4711, ClosedBy.US),
    ],
)
def test_who_ended_it(error: int, closed_by: ClosedBy) -> None:
    assert ended_by(error) is closed_by


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (FIN, "FIN"),
        (errno.ECONNREFUSED, "ECONNREFUSED"),
        (errno.ETIMEDOUT, "ETIMEDOUT"),
        (4711, "errno 4711"),
        (65_535, "errno 65535"),
    ],
)
def test_the_name_of_an_error(error: int, name: str) -> None:
    assert error_name(error) == name


def test_the_numbers_that_the_table_keeps() -> None:
    """A row that was saved is read by a later version: these do not change."""
    assert FIN == 0
    assert {phase.name: int(phase) for phase in Phase} == {
        "NONE": 0,
        "SOCKET": 1,
        "BIND": 2,
        "CONNECT": 3,
        "HANDSHAKE": 4,
        "HELD": 5,
        "PHANTOM": 6,
        "DOUBTFUL": 7,
        "WORKER": 8,
    }
    assert {who.name: int(who) for who in ClosedBy} == {"NOBODY": 0, "US": 1, "PEER": 2, "PATH": 3}
    assert [str(side) for side in Side] == ["client", "path", "target kernel", "target application"]
