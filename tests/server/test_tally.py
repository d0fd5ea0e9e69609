from tcpgoon.server.tally import Counts, Tally


def test_it_counts_what_is_held_and_the_most_that_was() -> None:
    tally = Tally.create(shared=False)
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


def test_two_that_share_the_memory_count_together() -> None:
    one = Tally.create(shared=True)
    other = Tally(one.fd, shared=True)
    one.count_accepted()
    other.count_accepted()
    assert one.counts() == other.counts() == Counts(accepted=2, peak=2, refused=0, held=2)
    one.close()


def test_the_line_of_counts_is_read_back() -> None:
    counts = Counts(accepted=12, peak=10, refused=5, held=3)
    assert str(counts) == "Accepted: 12, Held at most: 10, Refused: 5, Held now: 3"
    assert Counts.parse(f"Listening on 127.0.0.1:1\n{counts}\n") == counts
    assert Counts.parse("Listening on 127.0.0.1:1\n") is None
