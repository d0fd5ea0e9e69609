"""``tcpgoon completion``: what a shell has to read to complete our commands, flags and their values."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from tcpgoon.cli.command import Command, Example

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}

VARIABLE = "_TCPGOON_COMPLETE"
"""By this the script asks us what could come next; the name is click's."""


@click.command(
    cls=Command,
    short_help="Print what makes a shell complete our commands.",
    examples=(
        Example("tcpgoon completion bash >~/.local/share/bash-completion/completions/tcpgoon", "bash, from now on"),
        Example("tcpgoon completion zsh >~/.zsh/_tcpgoon", "zsh: into a folder of its fpath"),
        Example("tcpgoon completion fish >~/.config/fish/completions/tcpgoon.fish", "fish, from now on"),
        Example('eval "$(tcpgoon completion bash)"', "bash, this shell alone"),
    ),
)
@click.argument("shell", type=click.Choice(tuple(SHELLS)))
def completion(shell: str) -> None:
    """Print the script with which SHELL completes commands, flags and their values."""
    # Not `BashComplete.source`: it starts a bash to see how old it is.
    click.echo(ShellComplete.source(SHELLS[shell](click.Command("tcpgoon"), {}, "tcpgoon", VARIABLE)))
