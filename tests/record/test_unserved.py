from tcpgoon.record.unserved import UNPROVEN, Unserved


def test_the_numbers_are_those_of_saved_rows() -> None:
    assert {kind.name: kind.value for kind in Unserved} == {
        "NONE": 0,
        "REFUSED": 1,
        "ENDED": 2,
        "ENDLESS": 3,
        "NO_TLS": 4,
        "UNTRUSTED": 5,
        "SILENT": 6,
        "UNACKED": 7,
        "UNEXPECTED": 8,
        "LATE": 9,
    }


def test_what_a_limit_of_the_target_looks_like_is_never_the_fault_of_the_question() -> None:
    assert set(Unserved) - UNPROVEN == {
        Unserved.NONE,
        Unserved.REFUSED,
        Unserved.ENDED,
        Unserved.UNACKED,
        Unserved.LATE,
    }
