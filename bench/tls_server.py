"""Becomes the server of the TLS benchmark: nginx in one process; its port is printed once it listens.

python -m bench.tls_server FOLDER ADDRESS

FOLDER has `CERTIFICATE`, and takes what nginx writes.
"""

import ctypes
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from bench import asked
from bench.build import CannotMeasure

CERTIFICATE = "certificate.pem"
"""The file with the certificate and its key."""

_BACKLOG = 65_535  # the kernel lowers it to net.core.somaxconn
_PATIENCE_S = 10
_PR_SET_PDEATHSIG = 1
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen {address}:{port} ssl backlog={backlog};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
    }}
}}
"""


def nginx() -> str:
    """Its path. Raises `CannotMeasure` where there is none."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if not found:
        raise CannotMeasure("no nginx: install it, for example 'apt install nginx-light'")
    return found


def serve(folder: Path, address: str) -> None:
    """Become nginx, and leave behind who says where once it listens."""
    port, configuration = _free_port(address), folder / "nginx.conf"
    places = {"folder": folder, "certificate": folder / CERTIFICATE}
    configuration.write_text(_CONFIGURATION.format(**places, address=address, port=port, backlog=_BACKLOG))
    asked.raise_descriptors()
    if os.fork() == 0:
        announce(address, port)
        return
    # Whoever started it may be killed before it can end this.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.execv(nginx(), ["nginx", "-p", str(folder), "-c", str(configuration)])


def announce(address: str, port: int) -> None:
    """Print ``port`` once somebody listens there; nothing where nobody does."""
    end_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end_s:
        with socket.socket() as one:
            if one.connect_ex((address, port)) == 0:
                print(port, flush=True)
                return
        time.sleep(0.01)


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
