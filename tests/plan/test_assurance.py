from tcpgoon.plan.assurance import Assurance


def test_a_higher_level_includes_the_lower_ones() -> None:
    assert [(level.name, int(level)) for level in sorted(Assurance)] == [
        ("NONE", 0),
        ("HANDSHAKE", 1),
        ("ACKNOWLEDGED", 2),
        ("SERVED", 3),
    ]
