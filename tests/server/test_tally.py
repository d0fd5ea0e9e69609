import subprocess
import sys

from tcpgoon.server.tally import Counts, Tally


def test_it_counts_what_is_held_and_the_most_that_was() -> None:
    tally = Tally.create()
    for _ in range(3):
        tally.count_accepted()
    tally.count_ended()
    tally.count_ended()
    tally.count_accepted()
    tally.count_refused()
    tally.count_starved()
    tally.close()
    tally.close()
    assert tally.counts() == Counts(accepted=4, peak=3, refused=1, held=2, starved=1)


def test_what_all_workers_count_is_added_up() -> None:
    whole = Tally.create(workers=3)
    first, second, third = (Tally(whole.fd, 3, worker) for worker in range(3))
    for one in (first, second, second, third):
        one.count_accepted()
    third.count_refused()
    first.count_starved()
    assert [one.counts() for one in (whole, first, second, third)] == [
        Counts(accepted=4, peak=4, refused=1, held=4, starved=1)
    ] * 4
    second.count_ended()
    first.count_ended()
    third.count_accepted()
    whole.close()
    assert whole.counts() == third.counts() == Counts(accepted=5, peak=4, refused=1, held=3, starved=1)


def test_what_was_held_at_different_times_is_no_peak() -> None:
    whole = Tally.create(workers=2)
    for worker in (0, 1):
        one = Tally(whole.fd, 2, worker)
        one.count_accepted()
        one.count_ended()
    assert whole.counts() == Counts(accepted=2, peak=1, refused=0, held=0)
    whole.close()


def test_what_others_count_meanwhile_is_never_read_in_part() -> None:
    # Two workers in turn take one and end the other's: who added up readings of two moments would see two held.
    whole = Tally.create(workers=2)
    script = f"""if True:
        from tcpgoon.server.tally import Tally
        one, other = Tally({whole.fd}, 2, 0), Tally({whole.fd}, 2, 1)
        for _ in range(20_000):
            one.count_accepted()
            other.count_ended()
    """
    seen = set()
    with subprocess.Popen([sys.executable, "-c", script], pass_fds=[whole.fd]) as counting:
        while counting.poll() is None:
            seen.add(whole.counts().held)
    assert seen <= {0, 1}
    assert whole.counts() == Counts(accepted=20_000, peak=1, refused=0, held=0)
    whole.close()


def test_the_line_of_counts_is_read_back() -> None:
    counts = Counts(accepted=12, peak=10, refused=5, held=3)
    assert str(counts) == "Accepted: 12, Held at most: 10, Refused: 5, Held now: 3"
    assert Counts.parse(f"Listening on 127.0.0.1:1\n{counts}\n") == counts
    assert Counts.parse("Listening on 127.0.0.1:1\n") is None
