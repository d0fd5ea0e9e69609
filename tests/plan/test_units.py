import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.units import format_bytes, format_duration, parse_count, parse_duration_s, parse_percent, parse_rate

A_YEAR_US = 366 * 86_400 * 1_000_000

texts = st.text() | st.text(alphabet="0123456789.smhdwyuµnkM/+-e \t٣²", max_size=12)
"""Anything, and much that is nearly right."""


@pytest.mark.parametrize(
    ("text", "plain_unit", "seconds"),
    [
        ("5s", None, 5.0),
        ("250ms", None, 0.25),
        ("319µs", None, 0.000319),
        ("319us", None, 0.000319),
        ("1m30s", None, 90.0),
        ("1h0m0.5s", None, 3600.5),
        ("1.5s", None, 1.5),
        (" 5s\n", None, 5.0),
        ("366d", None, 31_622_400.0),
        ("0", None, 0.0),
        ("0.0", None, 0.0),
        ("0", "ms", 0.0),
        ("10", "ms", 0.01),
        ("10", "s", 10.0),
        (".5", "s", 0.5),
        ("5.", "s", 5.0),
        ("5s", "ms", 5.0),
    ],
)
def test_durations(text: str, plain_unit: str | None, seconds: float) -> None:
    assert parse_duration_s(text, plain_unit) == seconds


@pytest.mark.parametrize(
    ("text", "plain_unit", "line"),
    [
        ("5", None, "'5' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("soon", "ms", "'soon' is not a duration: write it like 250ms, 5s or 1m30s, or a bare number of ms"),
        ("", "ms", "'' is not a duration: write it like 250ms, 5s or 1m30s, or a bare number of ms"),
        ("-5", "ms", "'-5' is out of range: a duration is between 0 and a year"),
        ("5 s", None, "'5 s' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("5S", None, "'5S' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("1,5s", None, "'1,5s' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("1.2.3s", None, "'1.2.3s' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("1e3s", None, "'1e3s' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("inf", None, "'inf' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("nan", "s", "'nan' is not a duration: write it like 250ms, 5s or 1m30s, or a bare number of s"),
        ("-1s", None, "'-1s' is out of range: a duration is between 0 and a year"),
        ("-1us", None, "'-1us' is out of range: a duration is between 0 and a year"),
        ("366d1s", None, "'366d1s' is out of range: a duration is between 0 and a year"),
    ],
)
def test_what_is_not_a_duration_is_one_clear_line(text: str, plain_unit: str | None, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_duration_s(text, plain_unit)


@pytest.mark.parametrize("text", ["9" * 400 + "s", "9" * 5_000 + "h", "9" * 30 + "y"])
def test_a_duration_beyond_all_numbers_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match=r"^'9+[shy]' is not a duration: "):
        parse_duration_s(text)


@pytest.mark.parametrize("text", ["5s-3s", "1s!!2s", "10s,5s", "5s/2s"])
def test_what_stands_between_two_durations_is_not_passed_over(text: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(repr(text))} is not a duration: "):
        parse_duration_s(text)


def test_a_slip_of_the_finger_is_not_a_month() -> None:
    with pytest.raises(PlanError, match=r"^'10mm' is not a duration: "):
        parse_duration_s("10mm")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("100", 100),
        (" 100 ", 100),
        ("100.0", 100),
        ("10k", 10_000),
        ("10K", 10_000),
        ("0.1k", 100),
        ("1.5m", 1_500_000),
        ("2.3M", 2_300_000),
    ],
)
def test_counts(text: str, count: int) -> None:
    parsed = parse_count(text)

    assert (parsed, type(parsed)) == (count, int)


@pytest.mark.parametrize(
    "text", ["", "many", "-1", "+1", "1.5", "0.0001k", ".5k", "5.k", "1 k", "1kk", "1g", "1e3", "0x10", "nan", "²"]
)
def test_what_is_not_a_count_is_one_clear_line(text: str) -> None:
    line = f"{text!r} is not a number of connections: write it like 100, 10k or 1.5m"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_count(text)


@given(thousands=st.integers(0, 100_000), rest=st.integers(0, 999))
@example(thousands=1, rest=1)
@example(thousands=1, rest=5)
def test_thousands_with_three_decimals_are_whole_numbers(thousands: int, rest: int) -> None:
    assert parse_count(f"{thousands}.{rest:03d}k") == thousands * 1_000 + rest


@given(st.integers(0, 10**17))
@example(2**53 + 1)
def test_a_count_is_not_rounded(count: int) -> None:
    assert parse_count(str(count)) == count


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("100", 100.0),
        ("100/s", 100.0),
        (" 5k/s ", 5_000.0),
        ("5 /s", 5.0),
        ("0.5/s", 0.5),
        ("1.5M/s", 1_500_000.0),
        ("600/min", 10.0),
        ("600/m", 10.0),
        ("36k/h", 10.0),
        ("0/s", 0.0),
    ],
)
def test_rates(text: str, per_second: float) -> None:
    assert parse_rate(text) == per_second


@pytest.mark.parametrize(
    "text", ["", "/s", "fast", "-1/s", "1/d", "1/S", "1/ s", "1/s/s", "1//s", "1s", "1e3/s", "inf", "5/"]
)
def test_what_is_not_a_rate_is_one_clear_line(text: str) -> None:
    line = f"{text!r} is not a rate: write it like 100/s, 5k/s or 600/min"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (4e-7, "0s"),
        (-4e-7, "0s"),
        (0.000001, "1µs"),
        (0.000319, "319µs"),
        (0.0009994, "999µs"),
        (0.0009996, "1ms"),
        (0.001, "1ms"),
        (0.049892, "49.892ms"),
        (0.0501, "50.1ms"),
        (0.9999994, "999.999ms"),
        (0.9999996, "1s"),
        (1, "1s"),
        (1.25, "1.25s"),
        (59.9999996, "1m0s"),
        (62.5, "1m2.5s"),
        (3_599.000001, "59m59.000001s"),
        (3_600, "1h0m0s"),
        (90_061.000001, "25h1m1.000001s"),
        (-0.25, "-250ms"),
        (-90, "-1m30s"),
    ],
)
def test_a_duration_is_printed_in_its_natural_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, A_YEAR_US))
@example(A_YEAR_US)
def test_a_duration_that_is_printed_is_read_back(microseconds: int) -> None:
    seconds = microseconds / 1_000_000

    assert parse_duration_s(format_duration(seconds)) == seconds


@given(st.floats(0, 366 * 86_400))
def test_a_duration_is_printed_to_the_nearest_microsecond(seconds: float) -> None:
    # Half a microsecond, and what the floats of a year cannot tell apart.
    assert abs(parse_duration_s(format_duration(seconds)) - seconds) <= 0.5e-6 + seconds * 1e-15


@pytest.mark.parametrize(
    "parse",
    [
        parse_duration_s,
        lambda text: parse_duration_s(text, "ms"),
        parse_count,
        parse_rate,
    ],
    ids=["duration", "duration with a plain unit", "count", "rate"],
)
@given(text=texts)
@example(text="9" * 5_000)
@example(text="9" * 5_000 + "k")
@example(text="\udc80")
def test_no_text_raises_anything_but_a_plan_error(parse: Callable[[str], float], text: str) -> None:
    try:
        parsed = parse(text)
    except PlanError:
        return
    assert parsed >= 0


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 KB"),
        (4_200, "4.2 KB"),
        (999_999, "1,000.0 KB"),
        (1_000_000, "1.0 MB"),
        (23_759_556_000, "23.8 GB"),
        (5_000_000_000_000, "5,000.0 GB"),
    ],
)
def test_bytes_in_their_natural_unit(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("text", "share"), [("25%", 0.25), ("0.1%", 0.001), (" 150 % ", 1.5), ("0%", 0.0), (".5%", 0.005)]
)
def test_percentages(text: str, share: float) -> None:
    assert parse_percent(text) == share


@pytest.mark.parametrize("text", ["", "%", "25", "-1%", "1e2%", "nan%", "1%%", "٢%", "1" * 19 + "%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_percent(text)
    assert str(caught.value) == f"{text!r} is not a percentage: write it like 25% or 0.1%"
