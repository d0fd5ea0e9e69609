"""Prints a `Comparison` as a table of fixed width."""

import statistics

from bench.comparison import Comparison, Row

_WIDTHS = (30, 26, 26, 44, 10)


def lines(comparison: Comparison) -> list[str]:
    """The table: a title, a head, and a line for each row."""
    head = ("median (min–max)", comparison.left, comparison.right, "right ÷ left: median (each pair)", "to reach", "")
    return [comparison.title, "", _line(head), *(_line(_cells(row)) for row in comparison.rows), ""]


def _cells(row: Row) -> tuple[str, ...]:
    bar = row.bar
    to_reach = f"{bar.bound} {bar.value:g}{' ×' if bar.on == 'ratio' else ''}" if bar else ""
    verdict = {None: "", True: "ok", False: "MISSED"}[row.reached]
    return row.name, _spread(row.left, row.style), _spread(row.right, row.style), _ratios(row), to_reach, verdict


def _spread(values: list[float], style: str) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):{style}} ({min(values):{style}}–{max(values):{style}})"


def _ratios(row: Row) -> str:
    if not row.ratios:
        return ""
    return f"{statistics.median(row.ratios):.2f} ({' '.join(f'{ratio:.2f}' for ratio in row.ratios)})"


def _line(cells: tuple[str, ...]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join([*padded, *cells[len(_WIDTHS) :]]).rstrip()
