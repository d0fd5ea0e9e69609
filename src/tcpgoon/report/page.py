"""The pages about findings, as they come with the package: ``pages`` leads to the files of ``docs/findings/``."""

import re
from importlib import resources

_LINK_TO_A_FILE = re.compile(r"\[([^]]+)\]\((?!https?:)[^)]*\)")


def page(code: str) -> str:
    """The page about the finding ``code``, in Markdown."""
    return (resources.files(__package__) / "pages" / f"{code}.md").read_text(encoding="utf-8")


def without_links_to_files(markdown: str) -> str:
    """``markdown`` with the text alone of each link to another page: outside of the documentation it leads nowhere."""
    return _LINK_TO_A_FILE.sub(r"\1", markdown)
