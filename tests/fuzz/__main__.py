"""``python -m tests.fuzz [NAME...]``: feed each parser bytes for a while. What breaks it is left in ``build/fuzz/``."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tests.fuzz.parsers import PARSERS

FINDINGS = Path("build") / "fuzz"

MOST_BYTES = 16_384
"""Of an input: more than any seed has."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PARSERS)))
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(1), help="How long each is fuzzed.")
@click.option("--here", is_flag=True, hidden=True, help="In this process, which ends with it.")
def main(names: tuple[str, ...], seconds: int, here: bool) -> None:
    """Feed the parsers what a registry could send, or a file could have in it, guided by what of them is run by it."""
    if here:
        _fuzz(names[0], seconds)
    # Each in a process of its own: what fuzzes ends the process that it is in.
    broken = [name for name in names or PARSERS if _is_broken(name, seconds)]
    sys.exit(f"broken, see {FINDINGS}/: {', '.join(broken)}" if broken else 0)


def _is_broken(name: str, seconds: int) -> bool:
    click.echo(f"=== {name}")
    return subprocess.run([sys.executable, "-m", "tests.fuzz", "--here", f"--seconds={seconds}", name]).returncode != 0


def _fuzz(name: str, seconds: int) -> None:
    import atheris  # of the group "fuzz", which few have

    FINDINGS.mkdir(parents=True, exist_ok=True)
    with _corpus(name) as corpus:
        atheris.instrument_all()
        options = {
            "max_total_time": seconds,
            "max_len": MOST_BYTES,
            "timeout": 10,  # seconds that one input may take
            "rss_limit_mb": 2_048,
            "artifact_prefix": f"{FINDINGS}/{name}-",
            "verbosity": 0,
            "print_final_stats": 1,
        }
        words = [f"-{option}={value}" for option, value in options.items()]
        atheris.Setup([sys.argv[0], *words, str(corpus)], PARSERS[name].harness)
        atheris.Fuzz()


@contextmanager
def _corpus(name: str) -> Iterator[Path]:
    """A folder with the seeds, to which what is found interesting is added."""
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(PARSERS[name].seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        yield Path(folder)


if __name__ == "__main__":
    main()
