"""How many can it carry? One search on connections that are held all the time."""

from tcpgoon.runs.capacity.find import find_capacity

__all__ = ["find_capacity"]
