"""Suites: many checks in one file, read and looked at as a whole before anything is dialled."""
