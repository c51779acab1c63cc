#!/usr/bin/env python3
"""A check that cannot fail is a defect: plants a violation for each check of the boundary and sees it caught."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, CMAKE, CXX, READELF = sys.argv[1:5]
HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


class Planted(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class LinkClosure(Planted):
    def configure(self, links):
        self.write("CMakeLists.txt", f"""
cmake_minimum_required(VERSION 3.25)
project(planted LANGUAGES NONE)
include({SOURCE}/cmake/Boundary.cmake)
foreach(name agent one two three)
  add_library(${{name}} INTERFACE)
endforeach()
add_library(gRPC::grpc++ INTERFACE IMPORTED)
sutra_assert_closure(agent)
{links}
""")
        return run(CMAKE, "-S", self.dir, "-B", self.dir + "/build")

    def test_a_clean_closure_passes(self):
        code, text = self.configure("target_link_libraries(agent INTERFACE one two three)")
        self.assertEqual(code, 0, text)
        self.assertIn("agent links 3 libraries", text)

    def test_a_network_library_three_steps_away_is_fatal_and_the_way_is_named(self):
        code, text = self.configure("""target_link_libraries(agent INTERFACE one two three)
target_link_libraries(one INTERFACE $<LINK_ONLY:two>)
target_link_libraries(two INTERFACE gRPC::grpc++)""")
        self.assertNotEqual(code, 0, text)
        self.assertIn("links gRPC::grpc++ (agent -> two -> )", text)

    def test_plain_names_paths_and_conditions_count_too(self):
        for link in ("ssl", "-lcrypto", "/usr/lib/libprotobuf.a", "$<$<CONFIG:Debug>:absl::strings>"):
            code, text = self.configure(f"target_link_libraries(agent INTERFACE one two three {link})")
            self.assertNotEqual(code, 0, link)
            self.assertIn("The supervisor may link no network library", text)

    def test_a_walk_that_sees_nothing_is_fatal(self):
        code, text = self.configure("target_link_libraries(agent INTERFACE one two)")
        self.assertNotEqual(code, 0)
        self.assertIn("it checked nothing", text)

    def test_a_missing_target_is_fatal(self):
        code, text = self.configure("""target_link_libraries(agent INTERFACE one two three)
sutra_assert_closure(nobody)""")
        self.assertNotEqual(code, 0)
        self.assertIn("there is no target nobody", text)


class Poison(Planted):
    def compile(self, text):
        source = self.write("planted.cpp", text)
        return run(CXX, "-std=c++20", "-fsyntax-only", "-include",
                   SOURCE + "/supervisor/no_network_libraries.h", source)

    def test_a_clean_source_compiles(self):
        code, text = self.compile("#include <string>\nint main() {}\n")
        self.assertEqual(code, 0, text)

    def test_naming_a_network_library_does_not_compile(self):
        for line in ("namespace grpc {}", "namespace absl {}", "namespace google::protobuf {}",
                     "#ifndef GRPC_GRPC_H\n#endif", "#ifndef OPENSSL_MACROS_H\n#endif"):
            code, text = self.compile(line + "\n")
            self.assertNotEqual(code, 0, line)
            self.assertIn("poisoned", text)


class Headers(Planted):
    def check(self, deps, commands=""):
        """Runs the check with a ninja that prints `deps`, {object: [headers]}, and the commands of the build."""
        listing = ""
        for obj, headers in deps.items():
            self.write("build/" + obj, "")
            listing += f"{obj}: #deps {len(headers)}, deps mtime 1 (VALID)\n"
            listing += "".join(f"    {header}\n" for header in headers) + "\n"
        self.write("listing", listing)
        self.write("commands", commands or "c++ -o comms/CMakeFiles/x.dir/d.cpp.o -c d.cpp\n")
        ninja = self.write("ninja", f"""#!/bin/sh
case "$*" in *deps) cat {self.dir}/listing;; *) cat {self.dir}/commands;; esac
""")
        os.chmod(ninja, 0o755)
        return run(sys.executable, HERE + "/check_headers.py", "--ninja", ninja, "--build", self.dir + "/build",
                   "--source", self.dir)

    @property
    def clean(self):
        return {"supervisor/CMakeFiles/s.dir/a.cpp.o": [self.dir + "/supervisor/no_network_libraries.h"],
                "ipc/CMakeFiles/i.dir/b.cpp.o": ["/usr/include/string.h"],
                "common/CMakeFiles/c.dir/c.cpp.o": ["/usr/include/string.h"],
                "comms/CMakeFiles/x.dir/d.cpp.o": ["/usr/include/grpcpp/grpcpp.h"]}

    def test_a_clean_build_passes(self):
        code, text = self.check(self.clean)
        self.assertEqual(code, 0, text)

    def test_a_network_header_is_named_with_its_object(self):
        for header in ("/usr/include/grpc/grpc.h", "/usr/include/absl/base/config.h", "proto/grid.pb.h",
                       "/usr/include/google/protobuf/message.h", "/usr/include/openssl/ssl.h"):
            for obj in list(self.clean)[:3]:
                deps = self.clean
                deps[obj].append(header)
                code, text = self.check(deps)
                self.assertNotEqual(code, 0, header)
                self.assertIn(f"{obj} was compiled from {header}", text)

    def test_what_a_precompiled_header_was_made_of_counts(self):
        """The compiler does not report it with the object that uses it."""
        deps = self.clean
        deps["CMakeFiles/p.dir/cmake_pch.hxx.gch"] = ["/usr/include/openssl/ssl.h"]
        use = "c++ -include {}/CMakeFiles/p.dir/cmake_pch.hxx -o {} -c source.cpp\n"
        code, text = self.check(deps, use.format(self.dir + "/build", "comms/CMakeFiles/x.dir/d.cpp.o"))
        self.assertEqual(code, 0, text)
        for obj in list(self.clean)[:3]:
            code, text = self.check(deps, use.format(self.dir + "/build", obj))
            self.assertNotEqual(code, 0, text)
            self.assertIn(f"{obj} was compiled from /usr/include/openssl/ssl.h", text)

    def test_a_precompiled_header_that_is_not_known_is_a_failure(self):
        code, text = self.check(self.clean, f"c++ -include {self.dir}/build/p/cmake_pch.hxx -o {list(self.clean)[0]} -c x.cpp\n")
        self.assertNotEqual(code, 0)
        self.assertIn("of which ninja knows no headers", text)

    def test_a_build_without_commands_is_a_failure(self):
        code, text = self.check(self.clean, "true\n")
        self.assertNotEqual(code, 0)
        self.assertIn("no compile command was seen", text)

    def test_no_objects_of_a_side_is_a_failure(self):
        for obj in list(self.clean)[:3]:
            deps = self.clean
            del deps[obj]
            code, text = self.check(deps)
            self.assertNotEqual(code, 0)
            self.assertIn(f"no object of {obj.split('/')[0]}/ was seen", text)

    def test_a_supervisor_without_the_poison_is_a_failure(self):
        deps = self.clean
        deps["supervisor/CMakeFiles/s.dir/a.cpp.o"] = ["/usr/include/string.h"]
        code, text = self.check(deps)
        self.assertNotEqual(code, 0)
        self.assertIn("sutra_poison() is not in use", text)

    def test_a_directory_without_a_ninja_build_is_a_failure(self):
        code, text = run(sys.executable, HERE + "/check_headers.py", "--ninja", "false", "--build", self.dir,
                         "--source", self.dir)
        self.assertNotEqual(code, 0)
        self.assertIn("needs the Ninja generator", text)


class Rooms(Planted):
    """A small house of six rooms that passes; each test spoils one thing."""

    def setUp(self):
        super().setUp()
        for room, library, files, libs in (
                ("common", "sutra_common", {"text": ""}, ""),
                ("ipc", "sutra_ipc", {"codec": "common/text.h"}, "LIBS sutra_common"),
                ("supervisor/core", "sutra_core", {"step": "common/text.h"}, "LIBS sutra_common"),
                ("supervisor", "sutra_supervisor", {"loop": "supervisor/core/step.h"}, "LIBS sutra_core"),
                ("comms", "sutra_comms", {"link": "ipc/codec.h"}, "LIBS sutra_ipc"),
                ("ctl", "sutra_ctl", {"report": "ipc/codec.h"}, "LIBS sutra_ipc dl")):
            for name, included in files.items():
                self.write(f"{room}/{name}.h", "#pragma once\n")
                self.write(f"{room}/{name}.cpp", f'#include "{room}/{name}.h"\n' +
                           (f'#include "{included}"\n' if included else ""))
            sources = " ".join(name + ".cpp" for name in files)
            self.write(f"{room}/CMakeLists.txt", f"sutra_library({library}\n  {sources}\n  {libs})\n")
        self.write("tests/unit/a_test.cpp", "")
        self.architecture(["common", "ipc", "proto", "supervisor", "supervisor/core", "comms", "ctl", "tests/unit"])

    def architecture(self, rooms):
        self.write("ARCHITECTURE.md", "# A\n\n```rooms\n" + "".join(f"{room}  holds it\n" for room in rooms) + "```\n")

    def append(self, name, text):
        with open(os.path.join(self.dir, name), "a", encoding="utf-8") as file:
            file.write(text)

    def check(self):
        return run(sys.executable, HERE + "/check_rooms.py", "--source", self.dir)

    def expect_fault(self, fault):
        code, text = self.check()
        self.assertNotEqual(code, 0, text)
        self.assertIn(fault, text)

    def test_a_clean_house_passes(self):
        code, text = self.check()
        self.assertEqual(code, 0, text)
        self.assertIn("6 rooms, 5 arrows", text)

    def test_an_include_that_libs_does_not_name(self):
        self.append("supervisor/loop.h", '#include "common/text.h"\n')
        self.expect_fault("supervisor/loop.h includes common/text.h, but LIBS of sutra_supervisor does not name sutra_common")

    def test_a_library_that_no_include_needs(self):
        self.write("comms/CMakeLists.txt", "sutra_library(sutra_comms link.cpp LIBS sutra_ipc sutra_common)\n")
        self.expect_fault("LIBS of sutra_comms names sutra_common, but none of its files")

    def test_a_program_is_judged_by_its_own_libs(self):
        self.write("ctl/main.cpp", '#include "ctl/report.h"\n#include "common/text.h"\n')
        self.append("ctl/CMakeLists.txt", "sutra_executable(sutra-agentctl main.cpp LIBS sutra_ctl)\n")
        self.expect_fault("ctl/main.cpp includes common/text.h, but LIBS of sutra-agentctl does not name sutra_common")

    def test_an_include_upward_closes_a_circle(self):
        self.append("supervisor/core/step.h", '#include "supervisor/loop.h"\n')
        self.write("supervisor/core/CMakeLists.txt",
                   "sutra_library(sutra_core step.cpp LIBS sutra_common sutra_supervisor)\n")
        self.expect_fault("in a circle: supervisor -> supervisor/core -> supervisor")

    def test_the_sides_do_not_include_each_other(self):
        for room, include in (("supervisor", "comms/link.h"), ("comms", "ctl/report.h"), ("ctl", "supervisor/loop.h"),
                              ("common", "ipc/codec.h"), ("ipc", "supervisor/core/step.h"), ("supervisor", "grid.pb.h"),
                              ("supervisor/core", "tests/unit/a_test.cpp")):
            self.setUp()
            name = next(name for name in os.listdir(os.path.join(self.dir, room)) if name.endswith(".h"))
            self.append(f"{room}/{name}", f'#include "{include}"\n')
            self.expect_fault(f"{room}/{name} includes {include}: {room.split('/')[0]}/ may include only")

    def test_grpcs_headers_are_those_of_proto(self):
        self.append("comms/link.h", "#include <grpcpp/grpcpp.h>\n")
        self.expect_fault("includes grpcpp/grpcpp.h, but LIBS of sutra_comms does not name sutra_proto")

    def test_a_file_of_another_room_compiled(self):
        self.write("ctl/CMakeLists.txt", "sutra_library(sutra_ctl report.cpp ../ipc/codec.cpp LIBS sutra_ipc)\n")
        self.expect_fault("ctl/CMakeLists.txt compiles ../ipc/codec.cpp, which is not a file of ctl")

    def test_a_file_that_nobody_compiles(self):
        self.write("ctl/forgotten.cpp", "")
        self.expect_fault("ctl/forgotten.cpp is not compiled by ctl/CMakeLists.txt")

    def test_a_header_that_is_not_there(self):
        self.append("ctl/report.h", '#include "report.h"\n')
        self.expect_fault("ctl/report.h includes report.h, which is no file of the project")

    def test_a_room_without_library_names_the_headers_it_depends_on(self):
        self.write("supervisor/launcher/main.cpp", '#include "supervisor/core/step.h"\n')
        self.write("supervisor/launcher/CMakeLists.txt", "set(sources ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)\n")
        self.expect_fault("launcher/main.cpp includes supervisor/core/step.h, which supervisor/launcher/CMakeLists.txt")

    def test_the_page_lists_each_room_and_no_other(self):
        self.architecture(["common", "ipc", "proto", "supervisor", "comms", "ctl", "tests/unit", "attic"])
        self.expect_fault("ARCHITECTURE.md does not list the room supervisor/core")
        self.expect_fault("ARCHITECTURE.md lists attic, which is no room")
        self.write("ARCHITECTURE.md", "# A\n")
        self.expect_fault("ARCHITECTURE.md has no block of rooms")

    def test_an_empty_house_is_a_failure(self):
        for side in ("common", "ipc", "supervisor", "comms", "ctl"):
            shutil.rmtree(os.path.join(self.dir, side))
        self.expect_fault("no room was seen under supervisor/")
        self.expect_fault("nothing was checked")


class Needed(Planted):
    def build(self, *flags):
        source = self.write("planted.cpp", "int main() {}\n")
        binary = os.path.join(self.dir, "planted")
        code, text = run(CXX, source, "-o", binary, "-static-libstdc++", "-static-libgcc", *flags)
        self.assertEqual(code, 0, text)
        return binary

    def check(self, role, binary, *flags):
        return run(sys.executable, HERE + "/check_needed.py", "--readelf", READELF, *flags, role, binary)

    def test_clean_binaries_pass(self):
        code, text = self.check("supervisor", self.build())
        self.assertEqual(code, 0, text)
        code, text = self.check("launcher", self.build("-static"))
        self.assertEqual(code, 0, text)

    def test_a_library_too_many_is_named(self):
        binary = self.build("-Wl,--no-as-needed", "-lresolv")
        for flags in ((), ("--sanitized",)):
            code, text = self.check("supervisor", binary, *flags)
            self.assertNotEqual(code, 0)
            self.assertIn("needs libresolv.so.2", text)

    def test_the_shared_cxx_library_is_for_sanitized_builds_only(self):
        source = self.write("planted.cpp", "int main() {}\n")
        binary = os.path.join(self.dir, "shared")
        run(CXX, source, "-o", binary, "-Wl,--no-as-needed", "-lstdc++")
        self.assertNotEqual(self.check("supervisor", binary)[0], 0)
        self.assertEqual(self.check("supervisor", binary, "--sanitized")[0], 0)

    def test_a_supervisor_without_any_entry_is_a_failure(self):
        code, text = self.check("supervisor", self.build("-static"))
        self.assertNotEqual(code, 0)
        self.assertIn("nothing was checked", text)

    def test_a_dynamic_launcher_is_a_failure(self):
        code, text = self.check("launcher", self.build())
        self.assertNotEqual(code, 0)
        self.assertIn("is not static", text)

    def test_a_missing_or_strange_file_is_a_failure(self):
        for path in (self.dir + "/nothing", self.write("text", "no program\n")):
            for role in ("supervisor", "launcher"):
                self.assertNotEqual(self.check(role, path)[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
