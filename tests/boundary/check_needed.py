#!/usr/bin/env python3
"""Fails when the supervisor's binary needs a shared library beyond the C library, or the launcher needs any."""
import argparse
import re
import subprocess
import sys

C_LIBRARY = re.compile(r"^(libc\.so\.6|libm\.so\.6|ld-linux[^/]*\.so\.\d+)$")
# A sanitized build links the C++ runtime as shared libraries, because the sanitizers' own need it.
SANITIZER = re.compile(r"^(libasan|libubsan|libtsan|liblsan|libstdc\+\+|libgcc_s)\.so\.\d+$")


def readelf(tool, option, path):
    run = subprocess.run([tool, "-W", option, path], capture_output=True, text=True)
    if run.returncode != 0 or "Error:" in run.stderr:
        sys.exit(f"readelf {option} {path} failed: {run.stdout}{run.stderr}")
    return run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readelf", required=True)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("role", choices=["supervisor", "launcher"])
    parser.add_argument("binary")
    args = parser.parse_args()

    needed = re.findall(r"\(NEEDED\)\s+Shared library: \[(.*?)\]", readelf(args.readelf, "-d", args.binary))
    segments = re.findall(r"^\s+(INTERP|LOAD)\s", readelf(args.readelf, "-l", args.binary), re.MULTILINE)
    if "LOAD" not in segments:
        sys.exit(f"{args.binary} has no LOAD segment: it is no program, or this check must be repaired")

    if args.role == "launcher":
        if needed or "INTERP" in segments:
            sys.exit(f"{args.binary} is not static: it needs {needed or 'an interpreter'}")
        print(f"{args.binary} is static")
        return

    if not needed:
        sys.exit(f"{args.binary} needs no library at all: nothing was checked")
    extra = [name for name in needed
             if not C_LIBRARY.match(name) and not (args.sanitized and SANITIZER.match(name))]
    if extra:
        sys.exit(f"{args.binary} needs {', '.join(extra)}; the supervisor may need only the C library")
    print(f"{args.binary} needs only {', '.join(needed)}")


if __name__ == "__main__":
    main()
