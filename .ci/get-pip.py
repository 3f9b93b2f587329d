"""Stands in for the pip bootstrap script that ansible-test would download: pip comes from Python's own ensurepip."""

import subprocess
import sys

# A process of its own, because ensurepip switches pip's configuration off for the one that it runs in.
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]))
