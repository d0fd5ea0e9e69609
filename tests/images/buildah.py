"""Debian's buildah: it builds and runs images without a daemon, an overlay, or a registry to ask."""

import ast
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.images.base import KEPT, base_archive
from tests.images.documented import DockerRun

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 480
BASE = "localhost/base"
IMAGE = "localhost/tcpgoon"
WHERE_FROM = {"cert", "default-timeout", "extra-index-url", "index-url", "proxy", "retries", "timeout", "trusted-host"}
"""The settings of pip that are those of this machine."""
_CONTAINERFILE = """\
FROM scratch
ADD {archive} /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""
# buildah makes the root of the file system private to itself, and in a chroot that is no mount point. So one is made of
# it, in a namespace of its own; what is mounted in there is seen nowhere else, and the last line takes away the first.
_WITH_A_ROOT = """\
root=$1 folder=$2; shift 2
mount --rbind / "$root" && mount --make-rslave "$root" || exit
chroot "$root" env --chdir="$folder" "$@"; status=$?
umount --lazy "$root"; exit $status
"""


class Store:
    """Images and containers in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # vfs: a copy for each layer, slow and large, and possible in any container.
        configuration = folder / "storage.conf"
        configuration.write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/images"\n'
        )
        self._before = [] if root_is_mounted() else with_a_root(folder / "root")
        self._containers: dict[tuple[str, ...], str] = {}
        # Its own defaults are above what root may have in some containers.
        limits = folder / "containers.conf"
        limits.write_text(f"[containers]\ndefault_ulimits = {json.dumps(own_limits())}\n")
        self._env = {
            **os.environ,
            "CONTAINERS_CONF": str(limits),
            "CONTAINERS_STORAGE_CONF": str(configuration),
            "BUILDAH_ISOLATION": "chroot",
        }

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command did, whatever that was."""
        return subprocess.run(
            [*self._before, *words],
            cwd=REPOSITORY,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def do(self, *words: str) -> str:
        """What a command printed that has to succeed."""
        done = self.call(*words)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def build_base(self) -> None:
        """What `Dockerfile` is built on here."""
        archive = base_archive()
        containerfile = self.folder / "Base"
        containerfile.write_text(_CONTAINERFILE.format(archive=archive.name))
        flags = ["--network=host", "--tag", BASE, "--file", str(containerfile)]
        self.do("buildah", "build", *flags, str(archive.parent))

    def build_image(self) -> None:
        """The image, by the command of the README; with what this machine tells pip about packages and certificates."""
        flags = ["--pull-never", "--isolation=chroot", "--network=host", *pip_volumes(self.folder)]
        self.do("make", "image", "IMAGE_BUILDER=buildah", f"BASE={BASE}", f"IMAGE_FLAGS={' '.join(flags)}")

    def inspect(self) -> dict[str, Any]:
        """The image, in the words of the image specification."""
        found: dict[str, Any] = json.loads(self.do("buildah", "inspect", "--type", "image", IMAGE))
        return found

    def run(self, wanted: DockerRun, *, entrypoint: Sequence[str] | None = None) -> subprocess.CompletedProcess[str]:
        """What ``docker run`` would do; a container's own user, folder and variables are those of the image."""
        if entrypoint is None:
            entrypoint = self.inspect()["OCIv1"]["config"]["Entrypoint"]
        words = [*entrypoint, *wanted.arguments]
        return self.call("buildah", "run", *wanted.of_process, self._container(wanted), "--", *words)

    def _container(self, wanted: DockerRun) -> str:
        """One that is as wanted. It is a copy of all files, and so kept for who wants the same."""
        flags = tuple(wanted.of_container)
        if flags not in self._containers:
            self._containers[flags] = self.do("buildah", "from", "--pull-never", *flags, IMAGE).strip()
        return self._containers[flags]

    def sizes(self) -> list[int]:
        """The bytes of each layer: first that of the base, then ours."""
        return [layer["size"] for layer in json.loads(self.inspect()["Manifest"])["layers"]]


@contextmanager
def new_store() -> Iterator[Store]:
    """A store that goes with the block."""
    KEPT.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="store-", dir=KEPT))
    try:
        yield Store(folder)
    finally:
        shutil.rmtree(folder)


def own_limits() -> list[str]:
    """The limits of this process, in the words of buildah; of processes no more than Debian 12's begins with."""
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, processes = resource.getrlimit(resource.RLIMIT_NPROC)
    fewer = 32768 if processes == resource.RLIM_INFINITY else min(processes, 32768)
    return [f"nofile={descriptors}:{descriptors}", f"nproc={fewer}:{fewer}"]


def root_is_mounted() -> bool:
    """Whether / is where something is mounted: in a chroot it is any folder."""
    return any(line.split()[4] == "/" for line in Path("/proc/self/mountinfo").read_text().splitlines())


def with_a_root(folder: Path) -> list[str]:
    """What is put before a command, so that to it / is where something is mounted."""
    folder.mkdir()
    unshared = ["unshare", "--mount", "--propagation", "unchanged"]
    return [*unshared, "sh", "-c", _WITH_A_ROOT, "sh", str(folder), str(REPOSITORY)]


def pip_volumes(folder: Path) -> Iterator[str]:
    """Flags that tell pip in there where pip has its packages from here, by its files and its variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    settings = {}
    # The later win.
    for section in ("global", "user", "site", "install", ":env:"):
        for line in lines:
            name, _, value = line.partition("=")
            if name.startswith(f"{section}.") and (option := name.removeprefix(f"{section}.")) in WHERE_FROM:
                settings[option] = " ".join(ast.literal_eval(value).split())
    authorities = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
    if authorities:
        settings["cert"] = "/etc/pip.pem"
        yield f"--volume={authorities}:/etc/pip.pem:ro"
    configuration = folder / "pip.conf"
    configuration.write_text("[global]\n" + "".join(f"{option} = {value}\n" for option, value in settings.items()))
    yield f"--volume={configuration}:/etc/pip.conf:ro"
