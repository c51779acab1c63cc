#!/usr/bin/env python3
"""Fails when an object of the supervisor's side was compiled from a header of a network library.

Reads what the compiler itself reported (ninja -t deps), so a header that comes in by any detour shows. What a
precompiled header was made of the compiler reports only when it makes it, so that is added to each object that uses it.
"""
import argparse
import os
import re
import subprocess
import sys

SIDES = ("supervisor", "ipc", "common")
FORBIDDEN = re.compile(r"(^|/)(grpc|grpcpp|absl|google/protobuf|openssl)/|\.pb\.h$")
PRECOMPILED = re.compile(r"-include (\S+/cmake_pch\.hxx) .*-o (\S+\.o) ")
POISON = "supervisor/no_network_libraries.h"


def parse(text):
    """{object: [headers]} of the output of `ninja -t deps`."""
    objects, current = {}, None
    for line in text.splitlines():
        if line.startswith(" "):
            if current is not None:
                objects[current].append(line.strip())
        elif ": #deps " in line:
            current = line.split(": #deps ")[0]
            objects[current] = []
        else:
            current = None
    return objects


def ninja(args, *tool):
    run = subprocess.run([args.ninja, "-C", args.build, "-t", *tool], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{args.ninja} -t {tool[0]} failed (this check needs the Ninja generator): {run.stdout}{run.stderr}")
    return run.stdout


def add_precompiled(objects, commands, build):
    """Adds to each object the headers of the precompiled header that it was compiled with; what could not be found."""
    if " -o " not in commands:
        return ["no compile command was seen: repair this check"]
    faults = []
    for header, obj in PRECOMPILED.findall(commands):
        made_of = objects.get(os.path.relpath(header, build) + ".gch")
        if obj in objects and obj != header and side_of(obj):
            objects[obj] += made_of or []
            if not made_of:
                faults.append(f"{obj} uses {header}, of which ninja knows no headers")
    return faults


def side_of(obj):
    return next((side for side in SIDES if obj.startswith(side + "/")), None)


def within_project(path, build, source):
    """The path as seen from the project, so that the place of a checkout cannot look like a library."""
    full = os.path.normpath(os.path.join(build, path))
    for root in (build, source):
        if full.startswith(root + os.sep):
            return os.path.relpath(full, root)
    return full


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ninja", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    args = parser.parse_args()

    objects = parse(ninja(args, "deps"))
    seen, poisoned = dict.fromkeys(SIDES, 0), 0
    faults = add_precompiled(objects, ninja(args, "commands"), args.build)
    for obj, headers in objects.items():
        side = side_of(obj)
        if side is None or not headers or not os.path.exists(os.path.join(args.build, obj)):
            continue
        seen[side] += 1
        inside = [within_project(header, args.build, args.source) for header in headers]
        poisoned += side == "supervisor" and POISON in inside
        faults += [f"{obj} was compiled from {header}" for header in inside if FORBIDDEN.search(header)]

    faults += [f"no object of {side}/ was seen: build first, or repair this check"
               for side, count in seen.items() if count == 0]
    if seen["supervisor"] and not poisoned:
        faults.append(f"no object of supervisor/ includes {POISON}: sutra_poison() is not in use")
    if faults:
        sys.exit("\n".join(faults))
    print(", ".join(f"{count} objects of {side}/" for side, count in seen.items()) +
          f": no header of a network library; {poisoned} poisoned")


if __name__ == "__main__":
    main()
