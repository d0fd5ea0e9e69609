"""Where reports go: whole files or none, and what cannot be replaced is written to as it is."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tcpgoon.errors import UsageError
from tcpgoon.report.files import File, place_of


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing may be left but what a test names."""
    yield tmp_path
    assert list(tmp_path.glob(".tcpgoon-*")) == []


def problem(path: object) -> str:
    with pytest.raises(UsageError) as caught:
        place_of(str(path)).check()
    return str(caught.value)


def test_a_file_is_there_as_a_whole(folder: Path) -> None:
    path = folder / "report"
    place_of(str(path)).check()
    assert not path.exists()
    place_of(str(path)).write(["öne\r\n", "two\ud800"])
    assert path.read_bytes() == b"\xc3\xb6ne\r\ntwo\\ud800"


def test_a_new_file_has_the_mode_that_the_umask_leaves(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        place_of(str(folder / "report")).write(["x"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "report").stat().st_mode) == 0o640


def test_a_file_that_takes_the_place_of_another_has_its_mode(folder: Path) -> None:
    path = folder / "report"
    path.write_text("old")
    path.chmod(0o604)
    before = path.stat().st_ino
    place_of(str(path)).write(["new"])
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o604)
    assert path.stat().st_ino != before


def test_whoever_reads_sees_the_old_one_until_the_new_one_is_whole(folder: Path) -> None:
    path = folder / "report"
    path.write_text("old")
    seen = []

    def pieces() -> Iterator[str]:
        yield "ne"
        seen.append(path.read_text())
        yield "w"

    place_of(str(path)).write(pieces())
    assert (seen, path.read_text()) == (["old"], "new")


def test_what_breaks_off_leaves_the_old_one(folder: Path) -> None:
    path = folder / "report"
    path.write_text("old")

    def pieces() -> Iterator[str]:
        yield "ne"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place_of(str(path)).write(pieces())
    assert path.read_text() == "old"


def test_a_link_goes_on_leading_to_where_it_does(folder: Path) -> None:
    (folder / "link").symlink_to("report")
    for content in ("one", "two"):
        place_of(str(folder / "link")).write([content])
        assert (folder / "report").read_text() == content
        assert (folder / "link").is_symlink()


def test_a_pipe_is_written_to(folder: Path) -> None:
    path = folder / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    place_of(str(path)).check()
    place_of(str(path)).write(["a", "b"])
    reader.join()
    assert read == ["ab"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_devices_are_written_to() -> None:
    place_of("/dev/null").check()
    place_of("/dev/null").write(["x"])
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_full_disk_is_an_error_that_leaves_nothing() -> None:
    place_of("/dev/full").check()
    with pytest.raises(OSError, match="No space left on device"):
        place_of("/dev/full").write(["x"])


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1"])
def test_names_of_standard_output(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    place = place_of(name)
    place.check()
    place.write(["the ", "report"])
    assert (capfd.readouterr().out, place.is_stdout, place.identity) == ("the report", True, 1)


def test_a_link_to_standard_output(folder: Path) -> None:
    (folder / "link").symlink_to("/dev/stdout")
    assert place_of(str(folder / "link")).is_stdout
    assert not place_of("/dev/stderr").is_stdout
    assert not place_of(str(folder / "report")).is_stdout


def test_standard_output_that_is_a_file_is_gone_on_with(folder: Path) -> None:
    """Not replaced, and not begun anew: what stands there already stays."""
    program = (
        "from tcpgoon.report.files import place_of\n"
        "print('before')\nplace_of('/dev/stdout').write(['report\\n'])\nprint('after')"
    )
    with (folder / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True, timeout=60)
    assert (folder / "out").read_text() == "before\nreport\nafter\n"


def test_a_descriptor_that_we_were_given() -> None:
    reader, writer = os.pipe()
    place = place_of(f"/dev/fd/{writer}")
    place.check()
    place.write(["report"])
    os.close(writer)
    assert os.read(reader, 100) == b"report"
    os.close(reader)
    assert problem(f"/dev/fd/{writer}") == f"descriptor {writer} cannot be written: Bad file descriptor"


def test_what_cannot_be_written_is_said_before(folder: Path) -> None:
    (folder / "file").write_text("")
    (folder / "loop").symlink_to("loop")
    assert problem(folder) == f"{folder} cannot be written: it is a folder"
    missing = folder / "no\x1b[2J"
    assert problem(missing / "x") == (rf"{folder}/no\x1b[2J/x cannot be written: there is no folder {folder}/no\x1b[2J")
    assert problem(folder / "file" / "x") == (f"{folder}/file/x cannot be written: there is no folder {folder}/file")
    long = "x" * 300
    assert problem(folder / long) == f"{folder}/{long} cannot be written: File name too long"
    assert problem("a\0b") == r"'a\x00b' is no path of a file"
    assert problem("") == "'' is no path of a file"


@pytest.mark.skipif(not Path("/proc/self/oom_adj").exists(), reason="needs Linux's /proc")
def test_a_folder_that_takes_no_files_is_said_before() -> None:
    assert problem("/proc/report").startswith("/proc/report cannot be written: ")


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """One that everybody may enter, as that of the tests is not."""
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@contextmanager
def as_nobody() -> Iterator[None]:
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_without_rights(shared_folder: Path) -> None:
    ours, theirs = shared_folder / "ours", shared_folder / "theirs"
    ours.write_text("old")
    theirs.write_text("old and longer")
    os.chown(theirs, 65534, 65534)
    with as_nobody():
        assert problem(ours) == f"{ours} cannot be written: Permission denied"
        assert problem(shared_folder / "none") == f"{shared_folder}/none cannot be written: Permission denied"
        place_of(str(theirs)).check()
        place_of(str(theirs)).write(["new"])
    # The folder is not theirs, but the file is: it is written into.
    assert theirs.read_text() == "new"


def test_a_file_that_cannot_be_replaced_is_written_into(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one is that a container has mounted; no mount is at hand where tests run without rights."""
    path = folder / "report"
    path.write_text("old and longer")
    before = path.stat().st_ino

    def busy(self: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    place_of(str(path)).write(["new\r\n"])
    assert (path.read_bytes(), path.stat().st_ino) == (b"new\r\n", before)


def test_two_names_of_one_file(folder: Path) -> None:
    path = folder / "report"
    path.write_text("")
    (folder / "link").symlink_to("report")
    os.link(path, folder / "hard")
    places = [place_of(str(folder / name)).identity for name in ("report", "link", "hard", "../x")]
    assert places[0] == places[1] == places[2] != places[3]
    assert File(str(folder / "new")).identity == File(str(folder / "x" / ".." / "new")).identity
