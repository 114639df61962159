"""A compiler front that remembers the objects of Verilator's run-time library: half of the cost of a small build.

Verilator's makefiles put ``$OBJCACHE`` before every compiler call. Where ccache is installed it takes that place; where
it is not, this file does, as a plain script. It stores files of the run-time library only, whose content is fixed by
the version of Verilator; everything else goes straight to the compiler.

Environment: ``REMORA_RUNTIME_SOURCES`` is the library's folder, ``REMORA_RUNTIME_CACHE`` the folder to keep objects in,
and ``REMORA_RUNTIME_KEY`` names the versions of compiler and Verilator.
"""

import os
import subprocess
import sys


def main(command):
    """Run a compiler command, or copy its result from the cache."""
    source = command[-1]
    output = command[command.index("-o") + 1] if "-o" in command else None
    inside = os.path.realpath(source).startswith(os.path.realpath(os.environ["REMORA_RUNTIME_SOURCES"]) + os.sep)
    if output is None or not inside or not source.endswith(".cpp"):
        os.execvp(command[0], command)

    # Imported late: the two calls of three that end above should cost nothing.
    import fcntl
    import hashlib
    import shutil

    text = "\0".join([os.environ["REMORA_RUNTIME_KEY"], *command])
    folder = os.environ["REMORA_RUNTIME_CACHE"]
    stored = os.path.join(folder, hashlib.sha256(text.encode()).hexdigest()[:24] + ".o")
    if not os.path.exists(stored):
        os.makedirs(folder, exist_ok=True)
        # A build beside this one that wants the same object waits for it instead of compiling it too.
        with open(stored + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(stored):
                status = subprocess.call(command)
                if status:
                    return status
                # A rename is atomic: whoever looks sees the whole object or none.
                shutil.copyfile(output, stored + ".partial")
                os.replace(stored + ".partial", stored)
                return 0
    shutil.copyfile(stored, output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
