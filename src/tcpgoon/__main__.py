"""``python -m tcpgoon``: the command, where its script is not on the path."""

from tcpgoon.cli.entry import main

main()
