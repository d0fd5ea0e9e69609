"""``python -m tcpgoon``: the command, where its script is not on the path."""

from tcpgoon.cli.main import main

main()
