"""Where reports go: whole files or none, and streams.

A file is written beside its place and then takes it, so that whoever reads it finds the old one or the new one, never
half of one; and what a full disk takes none of leaves the old one as it was. What is no plain file cannot be replaced:
a pipe, a device, or a descriptor that we were given is written to as it is. So is a file that alone is ours to write,
in a folder that is not, or that is mounted by itself, as containers have it.
"""

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from tcpgoon.errors import UsageError
from tcpgoon.plan.escapes import printable

STDOUT = "-"
"""The path that means standard output."""

_DESCRIPTOR = re.compile(r"(?:/dev/fd|/proc/(?:self|thread-self)/fd)/(\d{1,9})", re.ASCII)
_STANDARD = {STDOUT: 1, "/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40
_TRIAL = bytes(4096)
"""What is written before a run, to see whether the disk takes it."""

_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}
"""Why a folder lets no file take the place of another, although that can be written."""
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


class Place(Protocol):
    """Where a report is written to."""

    @property
    def identity(self) -> object:
        """Equal for two places that are the same."""
        ...

    @property
    def is_stdout(self) -> bool:
        """Whether it is standard output."""
        ...

    def check(self) -> None:
        """Raises `UsageError` where it cannot be written to, as far as that can be known before."""
        ...

    def write(self, pieces: Iterable[str | bytes]) -> None:
        """Write all ``pieces``. Raises `OSError`."""
        ...


def place_of(path: str) -> Place:
    """What ``path`` names; ``-`` is standard output. Raises `UsageError` where it can be no path."""
    if not path or "\0" in path:
        raise UsageError(f"{path!r} is no path of a file")
    descriptor = _descriptor_of(path)
    if descriptor is not None:
        return Stream(descriptor)
    return File(path)


class Stream:
    """A descriptor that this process was given."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @property
    def identity(self) -> object:
        """The descriptor."""
        return self.descriptor

    @property
    def is_stdout(self) -> bool:
        """Whether it is that of standard output."""
        return self.descriptor == 1

    def check(self) -> None:
        """Whether it is open."""
        try:
            os.fstat(self.descriptor)
        except OSError as exc:
            raise UsageError(f"descriptor {self.descriptor} cannot be written: {exc.strerror}") from exc

    def write(self, pieces: Iterable[str | bytes]) -> None:
        """After all that was printed there."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        with _opened(os.dup(self.descriptor)) as file:
            file.writelines(_encoded(pieces))


class File:
    """A file, or what else a path names, that is there or is to be."""

    def __init__(self, path: str) -> None:
        self._named = path
        # A link goes on leading to where it does.
        self._path = Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - Path raises for an unknown user

    @property
    def identity(self) -> object:
        """The path without links; or the file itself, which may have two names."""
        try:
            found = self._path.stat()
        except OSError:
            return self._path
        return found.st_dev, found.st_ino

    @property
    def is_stdout(self) -> bool:
        """Never by this name."""
        return False

    def check(self) -> None:
        """Whether it could be written now, tried with some bytes that are taken away again."""
        folder = self._path.parent
        try:
            if self._path.is_dir():
                raise UsageError(f"{self._shown} cannot be written: it is a folder")
            if not folder.is_dir():
                raise UsageError(f"{self._shown} cannot be written: there is no folder {printable(str(folder))}")
            self._try()
        except OSError as exc:
            raise UsageError(f"{self._shown} cannot be written: {exc.strerror}") from exc

    def write(self, pieces: Iterable[str | bytes]) -> None:
        """Whole, or not at all where that can be had."""
        if self._is_replaceable():
            self._replace(pieces)
        else:
            self._write_into(pieces)

    @property
    def _shown(self) -> str:
        return printable(self._named)

    def _is_replaceable(self) -> bool:
        """Whether another file can take its place: it is none yet, or a plain one, in a folder that is ours."""
        try:
            plain = stat.S_ISREG(self._path.stat().st_mode)
        except FileNotFoundError:
            return True
        return plain and os.access(self._path.parent, os.W_OK | os.X_OK)

    def _try(self) -> None:
        if self._path.exists() and not os.access(self._path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if self._is_replaceable():
            beside = self._beside()
            try:
                with beside.open("xb", buffering=0) as file:
                    file.write(_TRIAL)
            finally:
                beside.unlink(missing_ok=True)

    def _beside(self) -> Path:
        return self._path.with_name(f".tcpgoon-{secrets.token_hex(8)}.tmp")

    def _replace(self, pieces: Iterable[str | bytes]) -> None:
        beside = self._beside()
        try:
            with _opened(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)) as file:
                self._look_alike(file.fileno())
                file.writelines(_encoded(pieces))
                file.flush()
                _sync(file.fileno())
            self._take_place(beside)
        finally:
            beside.unlink(missing_ok=True)

    def _look_alike(self, descriptor: int) -> None:
        """The new file belongs to whom the old one does, and may be read by the same."""
        with suppress(OSError):
            old = self._path.stat()
            os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))

    def _take_place(self, beside: Path) -> None:
        try:
            beside.replace(self._path)
        except OSError as exc:
            if exc.errno not in _NOT_OURS or not self._path.is_file():
                raise
            with beside.open("rb") as written:
                self._write_into(written)
            return
        with suppress(OSError):  # the name has to be on the disk too; some file systems cannot be told
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _write_into(self, pieces: Iterable[str | bytes]) -> None:
        with _opened(os.open(self._path, os.O_WRONLY | os.O_TRUNC | os.O_NOCTTY | os.O_CLOEXEC)) as file:
            file.writelines(_encoded(pieces))


def _descriptor_of(path: str) -> int | None:
    """The descriptor of ours that ``path`` is a name of, or leads to by links; None: it is something else."""
    name = path
    for _ in range(_MOST_LINKS):
        if name in _STANDARD:
            return _STANDARD[name]
        if match := _DESCRIPTOR.fullmatch(name):
            return int(match[1])
        try:
            name = os.path.normpath(Path(name).parent / Path(name).readlink())
        except (OSError, ValueError):
            return None
    return None


def _opened(descriptor: int) -> IO[bytes]:
    return open(descriptor, "wb")


def _encoded(pieces: Iterable[str | bytes]) -> Iterator[bytes]:
    """Text is UTF-8; what of a name cannot be that is escaped."""
    for piece in pieces:
        yield piece.encode("utf-8", "backslashreplace") if isinstance(piece, str) else piece


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:
            raise
