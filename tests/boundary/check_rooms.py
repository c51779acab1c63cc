#!/usr/bin/env python3
"""Fails when the rooms of the product are not what the build files and ARCHITECTURE.md say.

A room is a directory with sources. Its CMakeLists.txt compiles all of its own files and no others; LIBS of its library
names exactly the rooms whose headers its files include; no room is above itself; ARCHITECTURE.md lists every room.
"""
import argparse
import os
import re
import sys

SIDES = ("common", "ipc", "supervisor", "comms", "ctl")  # of the product; proto/ holds what protoc generates for comms
PROTO = "proto"
# Beneath each side, the sides that it may include besides itself.
MAY_INCLUDE = {"common": (), "ipc": ("common",), "supervisor": ("common", "ipc"), "ctl": ("common", "ipc"),
               "comms": ("common", "ipc", PROTO)}
SOURCES = (".cpp", ".cc", ".c")
HEADERS = (".h", ".h.in")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<((?:grpc|grpcpp|absl|google/protobuf)/[^>]+)>)', re.MULTILINE)
# What proto/ gives to those who link it: the generated headers, and gRPC's own.
OF_PROTO = re.compile(r"^\w+(\.grpc)?\.pb\.h$|^(grpc|grpcpp|absl|google/protobuf)/")
CALL = re.compile(r"\b(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
BLOCK = re.compile(r"^```rooms\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Target:
    """A library or a program of a room: its sources as the CMakeLists.txt has them, and what it links."""

    def __init__(self, name, library):
        self.name, self.library, self.sources, self.links = name, library, [], []


class Room:
    def __init__(self, path, files, text):
        self.path, self.files, self.text, self.targets = path, files, text, {}

    @property
    def side(self):
        return self.path.split("/")[0]

    @property
    def library(self):
        return next((target for target in self.targets.values() if target.library), None)

    def compiled(self):
        """The sources named in the CMakeLists.txt, wherever they stand in it (a custom command names them too)."""
        here = re.sub(r"\$\{CMAKE_CURRENT_SOURCE_DIR\}/", "", self.text)
        return [word for word in re.split(r"[\s()\"]+", here) if word.endswith(SOURCES)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_targets(room):
    for function, arguments in CALL.findall(room.text):
        words = arguments.split()
        if function in ("sutra_library", "sutra_executable", "add_library", "add_executable") and words:
            target = Target(words[0], function.endswith("library"))
            cut = words.index("LIBS") if "LIBS" in words else len(words)
            target.sources, target.links = words[1:cut], words[cut + 1:]
            room.targets[target.name] = target
        elif function == "target_link_libraries" and words and words[0] in room.targets:
            room.targets[words[0]].links += words[1:]


def read_rooms(source):
    rooms = {}
    for side in SIDES:
        for directory, _, names in sorted(os.walk(os.path.join(source, side))):
            files = sorted(name for name in names if name.endswith(SOURCES + HEADERS))
            if not files:
                continue
            lists = os.path.join(directory, "CMakeLists.txt")
            text = re.sub(r"#[^\n]*", "", read(lists)) if os.path.exists(lists) else ""
            room = Room(os.path.relpath(directory, source), files, text)
            read_targets(room)
            rooms[room.path] = room
    return rooms


def owner_of(include, rooms, source):
    """The room that a header lies in; None: no file of the project."""
    if OF_PROTO.match(include):
        return PROTO
    room = os.path.dirname(include)
    name = os.path.basename(include)
    if room in rooms and (name in rooms[room].files or name + ".in" in rooms[room].files):
        return room
    return "tests" if include.startswith("tests/") and os.path.exists(os.path.join(source, include)) else None


def includes_of(room, name, source):
    return [ours or theirs for ours, theirs in INCLUDE.findall(read(os.path.join(source, room.path, name)))]


def check_sources(room):
    compiled = room.compiled()
    for word in compiled:
        if word not in room.files:
            yield f"{room.path}/CMakeLists.txt compiles {word}, which is not a file of {room.path}"
    for name in room.files:
        if name.endswith(SOURCES) and name not in compiled:
            yield f"{room.path}/{name} is not compiled by {room.path}/CMakeLists.txt"


def check_links(room, rooms, source, library_of, seen):
    """Includes against LIBS. A program's sources are judged by the program's LIBS, all else by the library's."""
    room_of = {name: path for path, name in library_of.items()}
    programs = {name: target for target in room.targets.values() if not target.library for name in target.sources}
    used = {}
    for name in room.files:
        target = programs.get(name, room.library)
        for include in includes_of(room, name, source):
            seen["includes"] += 1
            where = f"{room.path}/{name} includes {include}"
            owner = owner_of(include, rooms, source)
            if owner is None:
                yield f"{where}, which is no file of the project"
                continue
            if owner == room.path and target is room.library:
                continue
            if owner != room.path and owner.split("/")[0] not in MAY_INCLUDE[room.side] + (room.side,):
                yield f"{where}: {room.side}/ may include only {', '.join((room.side,) + MAY_INCLUDE[room.side])}"
            elif target is None:
                # Built by a command of its own: the command depends on each header.
                if include not in room.text:
                    yield f"{where}, which {room.path}/CMakeLists.txt does not name"
            elif library_of.get(owner) is None:
                yield f"{where}, but {owner} has no library"
            elif library_of[owner] not in target.links:
                yield f"{where}, but LIBS of {target.name} does not name {library_of[owner]}"
            used.setdefault(target.name if target else None, set()).add(library_of.get(owner))
    for target in room.targets.values():
        for link in target.links:
            if link in room_of and link not in used.get(target.name, ()) and link != library_of.get(room.path):
                yield (f"{room.path}/CMakeLists.txt: LIBS of {target.name} names {link}, but none of its files "
                       f"includes a header of {room_of[link]}/")


def check_cycles(rooms, library_of):
    """Upward is what closes a circle: a room that links one that is, over any number of steps, above it."""
    room_of = {name: path for path, name in library_of.items()}
    above, done = [], set()

    def walk(path):
        if path in above:
            circle = above[above.index(path):] + [path]
            yield "rooms include each other in a circle: " + " -> ".join(circle)
            return
        if path in done or path not in rooms:
            return
        above.append(path)
        library = rooms[path].library
        for link in library.links if library else ():
            if link in room_of:
                yield from walk(room_of[link])
        above.pop()
        done.add(path)

    for path in rooms:
        yield from walk(path)


def check_architecture(rooms, source):
    page = os.path.join(source, "ARCHITECTURE.md")
    block = BLOCK.search(read(page)) if os.path.exists(page) else None
    if block is None:
        return ["ARCHITECTURE.md has no block of rooms (```rooms, one line a room: path, what it holds)"]
    listed = [line.split(None, 1) for line in block.group(1).splitlines() if line.strip()]
    faults = [f"ARCHITECTURE.md does not say what {words[0]} holds" for words in listed if len(words) < 2]
    tests = os.path.join(source, "tests")
    there = set(rooms) | {PROTO}
    for name in os.listdir(tests) if os.path.isdir(tests) else ():
        if os.path.isdir(os.path.join(tests, name)) and not name.startswith(("_", ".")):
            there.add("tests/" + name)
    named = {words[0].rstrip("/") for words in listed}
    faults += [f"ARCHITECTURE.md does not list the room {path}" for path in sorted(there - named)]
    faults += [f"ARCHITECTURE.md lists {path}, which is no room" for path in sorted(named - there)]
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True)
    source = parser.parse_args().source

    rooms = read_rooms(source)
    library_of = {path: room.library.name for path, room in rooms.items() if room.library}
    library_of[PROTO] = "sutra_proto"
    seen, faults = {"includes": 0}, []
    for room in rooms.values():
        faults += check_sources(room)
        faults += check_links(room, rooms, source, library_of, seen)
    faults += check_cycles(rooms, library_of)
    faults += check_architecture(rooms, source)
    arrows = sum(len(set(room.library.links) & set(library_of.values())) for room in rooms.values() if room.library)
    faults += [f"no room was seen under {side}/: repair this check" for side in SIDES
               if not any(room.side == side for room in rooms.values())]
    if seen["includes"] == 0 or arrows == 0:
        faults.append(f"{seen['includes']} includes and {arrows} arrows between rooms were seen: nothing was checked")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(rooms)} rooms, {arrows} arrows between them, {seen['includes']} includes: none goes upward, "
          "no room is bypassed")


if __name__ == "__main__":
    main()
