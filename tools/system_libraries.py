"""Names the shared libraries that Qt needs and this machine lacks; --install installs them where that can be.

PySide6's wheels carry Qt, but not the Linux distribution's own graphics libraries. Runs without Qt, and before it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from graphviz_app.qtcheck import missing_packages


def main(arguments: list[str]) -> int:
    """Return 0 where nothing is missing any more; print one sentence where something is."""
    missing = missing_packages()
    if not missing:
        return 0
    can_install = shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0
    if "--install" in arguments and can_install:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False, stdout=sys.stderr)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        subprocess.run(command, env=environment, check=False, stdout=sys.stderr)
        missing = missing_packages()
    if missing:
        sys.stderr.write(f"Qt needs packages that are not installed: apt-get install {' '.join(missing)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
