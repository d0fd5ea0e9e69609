"""Plots as SVG, made by pygal, to be put into an HTML page.

A page that runs no script obeys nobody: so there is none in it, nor a style of its own, and no text but ours. How a
plot looks is said by the page's one style sheet, by the names of what is shown, so that it is right in light, in dark
and on paper. pygal is a library of Python alone: one that brings a browser's engine with it draws more, and takes the
whole process with it, verdict and all, where memory or threads are short.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, NamedTuple

import pygal
from markupsafe import Markup
from pygal.style import Style

from tcpgoon.record.steps import round_step

# It puts a finder of plugins, which we need not, before all later imports; Python 3.11 warns of its kind at each.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

WIDE, NARROW, HEIGHT = 1000, 486, 260
"""The coordinates of a plot as wide as the page, and of one as wide as half of it, one to a pixel on a large screen."""

MOST_X_LABELS = 8
MOST_Y_LABELS = 5

_FONT = Style(label_font_size=12, major_label_font_size=12)
"""What pygal needs to know of how the page looks: how much room labels take."""

_DECIMALS = re.compile(r"\d+\.\d+")
_KEPT = {"class", "d", "x", "y", "width", "height", "transform", "cx", "cy", "r", "points"}
_DROPPED = {"defs", "script", "style", "title", "desc"}
_OVERLAYS = {"text-overlay", "tooltip-overlay", "titles", "legends"}


class Layer(NamedTuple):
    """One of the things that a plot shows: its name, and the class by which the style sheet colours it."""

    name: str
    colour: str
    values: Sequence[Any]
    """Numbers, or None where there is none."""


class Axis(NamedTuple):
    """What stands at an axis: a label for each value, or how to print one."""

    labels: Sequence[str]
    format: Callable[[float], str]


def areas(layers: Sequence[Layer], axis: Axis, about: str) -> Markup:
    """Counts over time, laid on one another."""
    top = max(map(sum, zip(*(_known(layer.values) for layer in layers), strict=True)), default=0)
    chart = pygal.StackedLine(fill=True, show_dots=False, **_common(WIDE, top, axis, whole=True))
    return _drawn(chart, layers, about)


def bars(layers: Sequence[Layer], axis: Axis, about: str) -> Markup:
    """Counts by bin, laid on one another."""
    top = max(map(sum, zip(*(_known(layer.values) for layer in layers), strict=True)), default=0)
    chart = pygal.StackedBar(margin_left=4, **_common(NARROW, top, axis, whole=True))
    return _drawn(chart, layers, about)


def lines(layers: Sequence[Layer], axis: Axis, about: str) -> Markup:
    """Times over time; with gaps where there is none."""
    top = max((value for layer in layers for value in _known(layer.values)), default=0)
    # A line needs two points: what has gaps on both sides is seen by its dot alone.
    chart = pygal.Line(allow_interruptions=True, dots_size=1.8, **_common(NARROW, top, axis, whole=False))
    return _drawn(chart, layers, about)


def dots(layers: Sequence[Layer], at: Sequence[float], axis: Axis, about: str) -> Markup:
    """Times at numbers ``at`` of connections; the labels of the axis are not used."""
    top = max((value for layer in layers for value in _known(layer.values)), default=0)
    marks = _ticks(max(at), whole=True)
    common = _common(NARROW, top, axis, whole=False) | {"x_labels": marks, "x_labels_major": marks}
    chart = pygal.XY(stroke=False, dots_size=4, xrange=(0, marks[-1]), x_value_formatter="{:,.0f}".format, **common)
    pairs = [[(x, y) for x, y in zip(at, layer.values, strict=True) if y is not None] for layer in layers]
    return _drawn(chart, [layer._replace(values=found) for layer, found in zip(layers, pairs, strict=True)], about)


def curves(
    layers: Sequence[Layer], at: Sequence[float], mark: float | None, of_time: Callable[[float], str], about: str
) -> Markup:
    """Times at numbers ``at`` of connections as lines over the whole width; at ``mark`` a line upright."""
    top = max((value for layer in layers for value in _known(layer.values)), default=0)
    marks = _ticks(max(at, default=0), whole=True)
    common = _common(WIDE, top, Axis((), of_time), whole=False) | {"x_labels": marks, "x_labels_major": marks}
    chart = pygal.XY(dots_size=2.5, xrange=(0, marks[-1]), x_value_formatter="{:,.0f}".format, **common)
    pairs = [[(x, y) for x, y in zip(at, layer.values, strict=True) if y is not None] for layer in layers]
    drawn = [layer._replace(values=found) for layer, found in zip(layers, pairs, strict=True)]
    if mark is not None:
        drawn.append(Layer("mark", "lost", [(mark, 0), (mark, common["range"][1])]))
    return _drawn(chart, drawn, about)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value or 0 for value in values]


def _common(width: int, top: float, axis: Axis, *, whole: bool) -> dict[str, Any]:
    """What all charts are told; ``top`` is the greatest value."""
    ticks = _ticks(top, whole=whole)
    return {
        "width": width,
        "height": HEIGHT,
        "js": (),
        "show_legend": False,
        "style": _FONT,
        "margin": 8,
        "margin_right": 28,  # half of the last label
        "spacing": 6,
        "y_labels": ticks,
        "range": (0, ticks[-1]),
        "value_formatter": axis.format,
        "x_labels": list(axis.labels),
        "x_labels_major": _some(axis.labels),
        "show_minor_x_labels": False,
        "truncate_label": -1,
    }


def _ticks(top: float, *, whole: bool) -> list[float]:
    step = round_step(top, MOST_Y_LABELS) if top > 0 else 1.0
    step = max(1.0, step) if whole else step
    return [number * step for number in range(max(1, ceil(round(top / step, 9))) + 1)]


def _some(labels: Sequence[str]) -> list[str]:
    """As many of ``labels`` as have room, at equal distance."""
    return list(labels[:: max(1, ceil(round_step(max(1, len(labels) - 1), MOST_X_LABELS)))])


def _drawn(chart: Any, layers: Sequence[Layer], about: str) -> Markup:
    for layer in layers:
        chart.add(layer.name, list(layer.values))
    root = ET.fromstring(chart.render())  # noqa: S314 - what pygal has made of numbers and of labels of ours
    box = root.attrib["viewBox"]
    _slim(root, [layer.colour for layer in layers])
    root.attrib = {"class": "plot", "viewBox": box, "role": "img", "aria-label": about}
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - nobody else's text is in it


def _slim(node: ET.Element, colours: Sequence[str]) -> None:
    """Leave what is seen, without namespaces; in tenths of a pixel."""
    node.tag = node.tag.rpartition("}")[2]
    node.attrib = {name: _DECIMALS.sub(_rounded, value) for name, value in node.attrib.items() if name in _KEPT}
    classes = [colours[int(name[6:])] if name.startswith("color-") else name for name in node.get("class", "").split()]
    if classes:
        node.set("class", " ".join(name for name in classes if name not in ("reactive", "tooltip-trigger")))
    for child in list(node):
        if child.tag.rpartition("}")[2] in _DROPPED or _OVERLAYS & set(child.get("class", "").split()):
            node.remove(child)
        else:
            _slim(child, colours)
            if _is_empty(child):
                node.remove(child)


def _is_empty(node: ET.Element) -> bool:
    """Whether nothing of it is seen: a group of nothing, a bar without height."""
    return (node.tag == "g" and not len(node)) or (node.tag == "rect" and node.get("height") == "0")


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")
