#!/usr/bin/env python3
"""A check that cannot fail is a defect: plants a violation for each check of the boundary and sees it caught."""
import os
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
    def check(self, deps):
        """Runs the check with a ninja that prints `deps`, {object: [headers]}."""
        listing = ""
        for obj, headers in deps.items():
            self.write("build/" + obj, "")
            listing += f"{obj}: #deps {len(headers)}, deps mtime 1 (VALID)\n"
            listing += "".join(f"    {header}\n" for header in headers) + "\n"
        self.write("listing", listing)
        ninja = self.write("ninja", f"#!/bin/sh\ncat {self.dir}/listing\n")
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
