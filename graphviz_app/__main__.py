"""`python -m graphviz_app`: the command line."""

import sys

from graphviz_app.cli import main

if __name__ == "__main__":
    sys.exit(main())
