#!/usr/bin/env bash
# Dask distributed 2026.8.0: LocalCluster(dashboard_address=None) starts no dashboard, but the scheduler still listens for
# HTTP, on port 8787 of all places, and serves its pages of health and counts there. A second cluster of the same kind
# warns that the port is taken and takes another one.
# The documentation says that None disables the dashboard.
# Expected before the run: nothing listens for HTTP.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet distributed==2026.8.0
cat > listens.py << 'END'
import sys
import urllib.request
import warnings
from importlib.metadata import version

from distributed import LocalCluster

if __name__ == "__main__":
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**options) as first:
        port = first.scheduler.http_server.port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as page:
            answer = page.read().decode()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            with LocalCluster(**options) as second:
                other = second.scheduler.http_server.port
    taken = [str(each.message).splitlines()[0] for each in found if "already in use" in str(each.message)]
    print(f"distributed {version('distributed')}: with dashboard_address=None port {port} answers '{answer}'")
    print(f"a second cluster listens on another port: {other != port}; it warns: {taken}")
    sys.exit(0 if answer == "ok" and other != port and taken else "it has changed")
END
venv/bin/python listens.py
