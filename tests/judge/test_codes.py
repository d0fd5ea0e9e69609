"""The codes of findings: each has a title and a side."""

import re

from tcpgoon.judge.codes import TITLES, by_side
from tcpgoon.record.outcome import Side


def test_each_code_is_on_one_side_in_its_order() -> None:
    assert list(by_side()) == list(Side)
    assert [code for codes in by_side().values() for code in codes] == list(TITLES)


def test_the_first_digit_says_whose_side_it_is() -> None:
    assert {side: codes[0] for side, codes in by_side().items()} == {
        Side.CLIENT: "TG100",
        Side.PATH: "TG201",
        Side.TARGET_KERNEL: "TG301",
        Side.TARGET_APPLICATION: "TG401",
    }


def test_codes_and_titles_are_of_one_form() -> None:
    assert [code for code in TITLES if not re.fullmatch(r"TG[1-4]\d\d", code)] == []
    assert [title for title in TITLES.values() if not re.fullmatch(r"[A-Z][^.:]*", title)] == []
