from tcpgoon.engine.gates import Alone, Gate
from tcpgoon.testing import FakeClock


def test_who_is_alone_waits_for_nobody() -> None:
    clock, done = FakeClock(5.0), list[str]()

    def look() -> None:
        done.append("looked")
        clock.pass_until(7.0)

    gates = Alone(clock, {Gate.PROVE: look})
    assert [gates.opened_s(gate) for gate in Gate] == [None] * 6
    gates.arrive(Gate.DIAL)
    assert (gates.opened_s(Gate.DIAL), gates.opened_s(Gate.ASK), done) == (5.0, None, [])
    gates.arrive(Gate.PROVE)
    gates.looked(7.0, 0.5)
    assert (gates.opened_s(Gate.PROVE), done, gates.is_over) == (7.0, ["looked"], False)
