"""`python -m graphviz_app`: the command line."""

import sys


def _look_elsewhere_first() -> None:
    """`-m` puts the working directory before all others, and one of the user's files there may be called `rich.py`."""
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _look_elsewhere_first()
    from graphviz_app.cli import main

    status = main()
    if status:
        # With PYTHONINSPECT, Python shows every SystemExit.
        sys.exit(status)
