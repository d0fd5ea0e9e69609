"""What each client of a benchmark is asked, and the descriptors that it needs: the same for all of them."""

import argparse
import resource


def parser() -> argparse.ArgumentParser:
    """Of the arguments ADDRESS PORT CONNECTIONS; a client adds its own flags."""
    made = argparse.ArgumentParser()
    made.add_argument("address")
    made.add_argument("port", type=int)
    made.add_argument("connections", type=int)
    return made


def raise_descriptors() -> None:
    """As many as there may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
