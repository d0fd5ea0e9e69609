"""``tcpgoon schema``."""

import json

import pytest

from tcpgoon.cli.main import main
from tcpgoon.options.suites.schema import suite_schema
from tcpgoon.report.json import schema as result_schema


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], suite_schema()), (["suite"], suite_schema()), (["result"], json.loads(result_schema()))],
)
def test_it_is_printed(words: list[str], expected: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["schema", *words])
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out) == expected
