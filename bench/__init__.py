"""Measures tcpgoon beside a bare loop: ``python -m bench``. No part of the package, and not of the tests."""
