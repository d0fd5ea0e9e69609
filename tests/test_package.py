"""What ``import tcpgoon`` gives, and what it costs."""

import subprocess
import sys

import pytest

import tcpgoon
from tcpgoon.discovery import resolution


def test_the_public_names() -> None:
    assert {"Found", "Result", "Verdict", "render", "resolve", "run", "run_async", "run_each"} < set(tcpgoon.__all__)
    assert all(getattr(tcpgoon, name) is not None for name in tcpgoon.__all__)
    assert tcpgoon.resolve is resolution.resolve
    assert tcpgoon.Found is resolution.Found
    assert set(tcpgoon.__all__) <= set(dir(tcpgoon))


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'tcpgoon' has no attribute 'resolv'"):
        _ = tcpgoon.resolv  # type: ignore[attr-defined]


def imported(code: str) -> set[str]:
    """The modules that ``code`` imports, the slow ones of them."""
    slow = ("click", "dns", "kubernetes", "msgspec", "numpy", "requests", "rich", "ssl", "tcpgoon.discovery")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\nhere = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - here))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(slow) & set(done.stdout.split())


def test_importing_it_imports_nothing_else() -> None:
    assert imported("import tcpgoon") == set()


def test_looking_up_imports_no_library_that_it_does_not_use() -> None:
    assert imported("import tcpgoon; tcpgoon.resolve") == {"msgspec", "tcpgoon.discovery"}
