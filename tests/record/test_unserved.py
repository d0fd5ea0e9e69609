from tcpgoon.record.unserved import Unserved


def test_the_numbers_are_those_of_saved_rows() -> None:
    assert {kind.name: kind.value for kind in Unserved} == {
        "NONE": 0,
        "REFUSED": 1,
        "ENDED": 2,
        "ENDLESS": 3,
        "NO_TLS": 4,
        "UNTRUSTED": 5,
    }
