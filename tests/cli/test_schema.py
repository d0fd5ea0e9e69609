"""``tcpgoon schema``."""

import json

import pytest

from tcpgoon.cli.main import main
from tcpgoon.options.suites.schema import suite_schema


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["schema"])
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out) == suite_schema()
