"""What is put before a command: fewer descriptors, a network of its own."""

import sys


def few_descriptors(limit: int, which: str = "-n") -> list[str]:
    """With a limit of descriptors, the hard one too unless ``which`` says otherwise."""
    return ["sh", "-c", f'ulimit {which} {limit} && exec "$@"', "sh"]


def isolated(commands: str, host: str = "127.0.0.1", flags: str = "") -> list[str]:
    """In a network namespace of its own, after ``commands``, with a server on port 7000 of ``host``.

    The server's standard input is a pipe that closes with the shell, so that it never stays behind.
    """
    server = f"{sys.executable} -m tcpgoon server --host {host} --port 7000 --while-stdin-open {flags}"
    script = f"""
    set -e
    ip link set lo up
    {commands}
    mkfifo "$dir/lifeline" "$dir/listening"
    {server} <"$dir/lifeline" >"$dir/listening" &
    exec 8>"$dir/lifeline" 9<"$dir/listening"
    read -r line <&9
    status=0
    "$@" 8>&- 9<&- || status=$?
    exec 8>&-
    wait
    exit $status
    """
    return ["unshare", "--net", "sh", "-c", f"dir=$(mktemp -d); trap 'rm -rf \"$dir\"' EXIT; {script}", "sh"]


FEW_PORTS = "echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range"
