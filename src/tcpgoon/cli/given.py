"""Which options are on the command line, rather than at their default."""

from collections.abc import Iterable

import click
from click.core import ParameterSource


def given(names: Iterable[str]) -> set[str]:
    """Those of the options ``names`` that the user gave."""
    source = click.get_current_context().get_parameter_source
    return {name for name in names if source(name) is not ParameterSource.DEFAULT}
