"""Names the shared libraries that Qt and Graphviz need and this machine lacks; --install installs them if it can.

Their wheels carry everything but the Linux distribution's own graphics libraries. Loads neither of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from graphviz_app.libraries import missing_packages


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
        sys.stderr.write(f"Packages are needed that are not installed: apt-get install {' '.join(missing)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
