"""A comparison as text, JSON and Markdown."""

import json as standard

from markdown_it import MarkdownIt

from tcpgoon.comparison.compare import compare
from tcpgoon.comparison.compared import Compared, Comparison, Tolerance
from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.knock import Fared
from tcpgoon.report.comparison import FORMATS, json, markdown, text
from tcpgoon.report.formats import report_of
from tests.comparison.runs import finding, knocked, ran, suite

OLD = ran(took_s=0.010, findings=[finding("TG204")], knocks=knocked(*[0.010] * 10))
NEW = ran(
    lost=20,
    took_s=0.030,
    verdict=Verdict.FAIL,
    findings=[finding("TG405")],
    knocks=knocked(*[0.010] * 10, fared=Fared.REFUSED),
)
WORSE = compare([OLD], NEW)

HOSTILE = "</td><script>alert(1)</script> | `x` @me *a* \x1b[2J\n::error::x"


def hostile() -> Comparison:
    part = Compared(
        name=HOSTILE, old=(Verdict.PASS,), new=Verdict.PASS, notes=(HOSTILE,), findings_new=(finding(HOSTILE),)
    )
    whole = Comparison(runs=1, tolerance=Tolerance(), parts=(part, part), problems=(HOSTILE,), notes=(HOSTILE,))
    assert whole.verdict is Verdict.FAIL
    return whole


def test_what_got_worse() -> None:
    assert text(WORSE) == "\n".join(
        (
            "                               before      now",
            "established                       100       80  worse",
            "peak                              100      100",
            "lost                                0       20  worse",
            "newcomers that were welcome  10 of 10  0 of 10  worse",
            "p50 establishment                10ms     30ms  worse (at least 30ms now, at most 10ms before)",
            "p90 establishment                10ms     30ms  worse (at least 30ms now, at most 10ms before)",
            "p50 newcomer                     10ms        -  unknown",
            "New finding: TG405 (target kernel, likely): about TG405",
            "Gone finding: TG204 (target kernel, likely): about TG204",
            "FAIL: worse: the verdict (PASS before, FAIL now), established, lost, newcomers that were welcome, "
            "p50 establishment, p90 establishment, TG405",
        )
    )


def test_several_runs_and_several_parts() -> None:
    olds = [suite(db=ran()), suite(db=ran(took_s=0.012)), suite(db=ran(verdict=Verdict.INTERRUPTED), web=ran())]
    assert text(compare(olds, suite(db=ran(took_s=0.011), web=ran(verdict=Verdict.INCONCLUSIVE), more=ran()))) == (
        "=== db ===\n"
        "                   before (the worst of 2)   now\n"
        "established                            100   100\n"
        "peak                                   100   100\n"
        "p50 establishment                     12ms  11ms\n"
        "p90 establishment                     12ms  11ms\n"
        "Note: old run 3 is left out: it is INTERRUPTED (r)\n"
        "=== web ===\n"
        "Note: more is new: there is nothing to compare it with\n"
        "INCONCLUSIVE: web: cannot be compared: the new run is INCONCLUSIVE (r)"
    )


def test_json_is_all_of_it() -> None:
    assert standard.loads(json(WORSE)) == WORSE.to_dict()
    assert standard.loads(json(hostile())) == hostile().to_dict()


def test_markdown() -> None:
    assert markdown(WORSE) == "\n".join(
        (
            "### FAIL: worse&#58; the verdict &#40;PASS before, FAIL now&#41;, established, lost, newcomers that were "
            "welcome, p50 establishment, p90 establishment, TG405",
            "",
            "| | before | now | |",
            "| --- | ---: | ---: | --- |",
            "| established | 100 | 80 | ❌ worse |",
            "| peak | 100 | 100 | same |",
            "| lost | 0 | 20 | ❌ worse |",
            "| newcomers that were welcome | 10 of 10 | 0 of 10 | ❌ worse |",
            "| p50 establishment | 10ms | 30ms | ❌ worse |",
            "| p90 establishment | 10ms | 30ms | ❌ worse |",
            "| p50 newcomer | 10ms | - | unknown |",
            "",
            "- New finding: TG405 &#40;target kernel, likely&#41;&#58; about TG405",
            "- Gone finding: TG204 &#40;target kernel, likely&#41;&#58; about TG204",
        )
    )


def test_what_cannot_be_compared_in_markdown() -> None:
    assert markdown(compare([ran()], ran(verdict=Verdict.INCONCLUSIVE))) == (
        "### INCONCLUSIVE: cannot be compared&#58; the new run is INCONCLUSIVE &#40;so it was&#41;\n\n"
        "cannot be compared&#58; the new run is INCONCLUSIVE &#40;so it was&#41;"
    )


def test_no_terminal_obeys_what_is_in_a_file() -> None:
    assert all(line.isprintable() for line in text(hostile()).split("\n"))
    assert all(line.isprintable() for line in json(hostile()).split("\n"))
    assert not any(line.startswith("::") for line in text(hostile()).split("\n"))


def test_what_is_in_a_file_is_only_text_in_markdown() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(hostile()))
    inline = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inline} <= {"text", "text_special"}
    assert "html_block" not in {token.type for token in tokens}
    rendered = MarkdownIt("commonmark").enable("table").render(markdown(hostile()))
    assert "<script" not in rendered
    assert "<code" not in rendered
    assert rendered.count("&lt;script&gt;") == markdown(hostile()).count("&#60;script")


def test_the_formats_are_found_by_name() -> None:
    assert {name: "".join(report_of(name, FORMATS)(WORSE)) for name in FORMATS} == {
        "text": f"{text(WORSE)}\n",
        "json": f"{json(WORSE).rstrip()}\n",
        "markdown": f"{markdown(WORSE)}\n",
    }
