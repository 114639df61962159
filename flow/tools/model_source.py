"""Joins the C++ files of a model and its main into one, in which what runs only once is compiled without optimisation.

More than half of what Verilator writes settles the model once, at the start. Verilator's makefile calls this file as a
plain script, in place of its own that joins files.
"""

import sys

SLOW = "Slow.cpp"
"""How Verilator ends the names of files of what runs once."""


def joined(arguments):
    """Text of the file: macros as ``-Dname=value`` and names of files, in any order."""
    macros = [argument[2:].replace("=", " ", 1) for argument in arguments if argument.startswith("-D")]
    files = [argument for argument in arguments if not argument.startswith("-D")]
    fast, slow = ([file for file in files if file.endswith(SLOW) == wanted] for wanted in (False, True))
    lines = [f"#define {macro}" for macro in macros] + [f'#include "{file}"' for file in fast]
    # Restored at the end, where the compiler makes instances of templates, of the fast functions too.
    lines += ["#pragma GCC push_options", '#pragma GCC optimize ("O0")']
    lines += [f'#include "{file}"' for file in slow]
    return "\n".join([*lines, "#pragma GCC pop_options", ""])


if __name__ == "__main__":
    sys.stdout.write(joined(sys.argv[1:]))
