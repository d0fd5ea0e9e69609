"""The version of this package, read by the build and printed by ``tcpgoon version``."""

VERSION = "0.1.0"
