"""A compiler front that remembers the objects of Verilator's run-time library: half of the cost of a small build.

Verilator's makefiles put ``$OBJCACHE`` before every compiler call. Where ccache is installed it takes that place; where
it is not, this file does, as a plain script. It stores files of the run-time library only, whose content is fixed by
the version of Verilator. A model goes straight to the compiler, from the second of a kind on with the library's headers
precompiled: of a small model they take a fifth of the compiler's time.

Environment: ``REMORA_RUNTIME_SOURCES`` is the library's folder, ``REMORA_RUNTIME_CACHE`` the folder to keep objects in,
and ``REMORA_RUNTIME_KEY`` names the versions of compiler and Verilator.
"""

import os
import subprocess
import sys

HEADERS = ("verilated.h", "verilated_dpi.h", "verilated_vpi.h")
"""Of the library, in the order in which a model reads them."""
MODEL = "__ALL.cpp"
"""How the name of the one C++ file of a model ends."""


def main(command):
    """Run a compiler command, or copy its result from the cache."""
    source = command[-1]
    output = command[command.index("-o") + 1] if "-o" in command else None
    inside = os.path.realpath(source).startswith(os.path.realpath(os.environ["REMORA_RUNTIME_SOURCES"]) + os.sep)
    if output and source.endswith(MODEL):
        command = with_headers(command, (source, output))
    if output is None or not inside or not source.endswith(".cpp"):
        os.execvp(command[0], command)

    # Imported late: the calls that end above should cost nothing.
    import fcntl
    import shutil

    folder = os.environ["REMORA_RUNTIME_CACHE"]
    stored = os.path.join(folder, digest(command) + ".o")
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


def digest(command):
    """Name of what a command of this compiler makes of this version of the library."""
    import hashlib

    text = "\0".join([os.environ["REMORA_RUNTIME_KEY"], *command])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def with_headers(command, names):
    """The command that compiles a model, told to read precompiled headers first.

    The first command of its kind only writes the header that reads them all, and the second precompiles it: whoever
    builds once does not pay for more. The result is the same either way, and whatever fails here leaves the command as
    it is.

    Args:
        names: of the model's source and of its object, which all else in commands of one kind does not depend on.
    """
    options = [each for each in command[1:] if each not in ("-c", "-o", "-MMD", *names)]
    kind = [command[0], *options]
    header = os.path.join(os.environ["REMORA_RUNTIME_CACHE"], f"headers-{digest(kind)}.h")
    # Another compiler looks whether a header is newer, and then refuses.
    if "clang" in os.environ["REMORA_RUNTIME_KEY"]:
        return command
    try:
        if not os.path.exists(header):
            os.makedirs(os.path.dirname(header), exist_ok=True)
            partial = f"{header}.{os.getpid()}"
            with open(partial, "w") as stream:
                stream.writelines(f'#include "{name}"\n' for name in HEADERS)
            os.replace(partial, header)
        elif os.path.exists(f"{header}.gch") or precompiled(kind, header):
            return [*command, "-include", header]
    except OSError:
        pass
    return command


def precompiled(kind, header):
    """Precompile a header, whoever asks first; returns whether that went well."""
    import fcntl

    with open(f"{header}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(f"{header}.gch"):
            return True
        partial = f"{header}.partial"
        status = subprocess.call([*kind, "-x", "c++-header", "-o", partial, header], stderr=subprocess.DEVNULL)
        if status == 0:
            os.replace(partial, f"{header}.gch")
        elif os.path.exists(partial):
            os.remove(partial)
        return status == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
