"""The times of a run, connection by connection: what the distributions of its metrics are made of."""

from typing import NamedTuple

import numpy as np

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.rows import Rows, Seconds

TOGETHER_S = 1e-6
"""What was answered within so much of the end of the TLS handshake was answered by the handshake."""


class Samples(NamedTuple):
    """Seconds, one for each connection that has such a time; in the order of the rows."""

    establishment: Seconds
    """``connect()`` to writable, of those that reached the level asked for."""
    establishment_known: Seconds
    """The least that those took: the kernel's time where no SYN was repeated, without what user space adds."""
    handshake_rtt: Seconds
    """From SYN to SYN-ACK, as the kernel saw it.

    Those that needed more than one SYN are left out where others did not: the kernel may count from the first one.
    """
    lateness: Seconds
    """What user space adds to that, where no SYN had to be repeated."""
    tls: Seconds
    """The TLS handshakes."""
    answers: Seconds
    """From the beginning of the probe to its answer, without the TLS handshake; none where that was all."""


def samples(rows: Rows, asked: Assurance) -> Samples:
    """The times of ``rows``, where the level ``asked`` for was to be reached."""
    took_s, reached = response_s(rows), rows.reached(asked)
    rtt_s, tls_s = rows.column("rtt_us") / 1e6, rows.column("tls_s")
    timed = rows.timed_by_kernel
    at_once = timed & (rows.column("retransmits") == 0)
    return Samples(
        establishment=took_s[reached],
        establishment_known=known_s(rows)[reached],
        handshake_rtt=rtt_s[timed],
        lateness=np.maximum((took_s - rtt_s)[at_once], 0),
        tls=tls_s[tls_s > 0].astype(np.float64),
        answers=_answers(rows),
    )


def response_s(rows: Rows) -> Seconds:
    """``connect()`` to writable of all rows; it means nothing for those that were never established."""
    took_s: Seconds = rows.column("established_s") - rows.column("start_s")
    return took_s


def known_s(rows: Rows) -> Seconds:
    """How long dials took, by the kernel where it knows; what user space adds is left out."""
    took_s, rtt_s = response_s(rows), rows.column("rtt_us") / 1e6
    by_kernel = (rtt_s > 0) & (rows.column("retransmits") == 0)
    return np.where(by_kernel, np.minimum(took_s, rtt_s), took_s)


def _answers(rows: Rows) -> Seconds:
    asked_s, served_s, tls_s = (rows.column(name) for name in ("asked_s", "served_s", "tls_s"))
    answered = rows.established & (asked_s > 0) & (served_s > 0)
    answer_s: Seconds = (served_s - asked_s - tls_s)[answered]
    by_tls_alone = bool((tls_s[answered] > 0).all() and (answer_s <= TOGETHER_S * (1 + tls_s[answered])).all())
    return answer_s[:0] if by_tls_alone else np.maximum(answer_s, 0)
