"""The self-test of check-layers: a clean tree, and violations to plant in it."""
import json

# The one filter that may stand between a test source and its executable.
KNOWN_FILTER = 'list(FILTER RELEASE_TEST_SOURCES EXCLUDE REGEX "/tests/host/")'

SHORT = "namespace n {\n" + "void F() {\n}\n" * 30 + "}\n"

CLEAN = {
    "CMakeLists.txt": KNOWN_FILTER + "\n",
    "src/main.cc": '#include "cli/run.h"\nint main() { return y; }\n',
    "src/cli/run.h":
        '#include "deploy/go.h"\n#include <string>\nint y = x;\n',
    "src/deploy/go.h":
        '#include "store/keep.h"\n#include "service/s.h"\nint x = v + d;\n',
    "src/store/keep.h": '#include "base/value.h"\n#include <zstd.h>\nV v;\n',
    "src/service/s.h":
        '#include "os/door.h"\n#include <fmt/format.h>\nDoor d;\n',
    "src/os/door.h":
        "#include <unistd.h>\n#include <sys/stat.h>\nclass Door {\n"
        "  virtual void Open();\n};\n",
    "src/base/value.h": "#include <cstdint>\nstruct V { int a{0}; };\n",
    "src/base/short.h": SHORT,
    "src/os/caught.h": "void C() { try { G(); } catch (int) {} }\n",
    "tests/support/short.h": SHORT,
    "docs/architecture.md":
        "Virtual classes: `Door`.\n`catch` occurs in 1 files of `src/`.\n"
        "A new command touches 2 files: `src/cli/run.h` and `cli/run.h`.\n",
    "docs/behaviours.md":
        "| it boots | `host/boot_test.cc`: it boots |\n",
    "src/store/keep.cc": '#include "store/keep.h"\n',
    "tests/store/keep_test.cc":
        'TEST_CASE("doctest::skip in a string is no skip") {}\n',
    "tests/host/boot_test.cc": 'TEST_CASE("it boots") {}\n',
}


def long_function(signature, lines):
    return (f"namespace n {{\n{signature} {{\n" + "  x('{');  // }\n" *
            (lines - 2) + "}\n}\n")


TABLE = ("constexpr Row kTable[] = {\n" + "    {1, \"a\"},\n" * 60 + "};\n")

# (what is planted, files, the rules that must report; none: must stay silent)
PLANTED = [
    ("nothing", {}, []),
    ("an include from above",
     {"src/base/value.h": '#include "store/keep.h"\n'}, ["floor"]),
    ("an include from above in angle brackets",
     {"src/base/value.h": "#include <store/keep.h>\n"}, ["floor"]),
    ("an indented include from above",
     {"src/base/value.h": '  #  include "os/door.h"\n'}, ["floor"]),
    ("store knows service",
     {"src/store/keep.h": '#include "service/s.h"\n'}, ["floor"]),
    ("service knows store",
     {"src/service/s.h": '#include "store/keep.h"\n'}, ["floor"]),
    ("cli knows main.cc",
     {"src/cli/run.h": '#include "main.cc"\n'}, ["floor"]),
    ("an include past the rooms",
     {"src/store/keep.h": '#include "../service/s.h"\n'}, ["floor"]),
    ("a room that is not in the table",
     {"src/helpers/x.h": ""}, ["floor"]),
    *[(f"<{header}> outside os",
       {"src/deploy/go.h": f"#include <{header}>\n"}, ["system"])
      for header in ("unistd.h", "fcntl.h", "sys/stat.h", "signal.h",
                     "dirent.h", "poll.h", "linux/fs.h", "spawn.h", "pwd.h",
                     "dlfcn.h", "sched.h", "netdb.h", "curl/curl.h",
                     "csignal", "fstream", "filesystem")],
    ("a source without a test",
     {"src/store/more.cc": ""}, ["untested"]),
    ("a test in a folder that no glob reaches",
     {"tests/host/deep/x_test.cc": ""}, ["uncompiled"]),
    ("a filter that drops tests",
     {"CMakeLists.txt": KNOWN_FILTER + "\nlist(FILTER RELEASE_TEST_SOURCES "
      'EXCLUDE REGEX "slow")\n'}, ["uncompiled"]),
    ("a removed test",
     {"CMakeLists.txt": "list(REMOVE_ITEM RELEASE_TEST_SOURCES a.cc)\n"},
     ["uncompiled"]),
    ("a disabled ctest entry",
     {"CMakeLists.txt": "set_tests_properties(a PROPERTIES DISABLED ON)\n"},
     ["disabled"]),
    ("a test that is not compiled",
     {"tests/store/new_test.cc": "",
      "build/compile_commands.json": json.dumps(
          [{"directory": "/", "file": f"@ROOT@/{name}"}
           for name in CLEAN if name.endswith(".cc")])}, ["uncompiled"]),
    ("a skipped test",
     {"tests/store/keep_test.cc":
      'TEST_CASE("x" *\n          doctest::skip()) {}\n'}, ["disabled"]),
    ("a test that may fail",
     {"tests/store/keep_test.cc":
      'TEST_CASE("x" * doctest::may_fail()) {}\n'}, ["disabled"]),
    ("a test commented out",
     {"tests/store/keep_test.cc": '// TEST_CASE("x") {}\n'}, ["disabled"]),
    ("a test compiled out",
     {"tests/store/keep_test.cc": "#if 0\n#endif\n"}, ["disabled"]),
    ("500 lines", {"src/base/value.h": "int x;\n" * 500}, []),
    ("501 lines", {"src/base/value.h": "int x;\n" * 501}, ["long-file"]),
    ("a function of 80 lines",
     {"src/base/value.h": long_function("void F(int a)", 80)}, []),
    ("a function of 81 lines",
     {"src/base/value.h": long_function("void F(int a)", 81)},
     ["long-function"]),
    ("a long method",
     {"src/base/value.h": "class A {\n public:\n  explicit A(int a)\n"
      "      : a_(a), b_{1} {\n" + "    x();\n" * 80 + "  }\n};\n"},
     ["long-function"]),
    ("a long operator",
     {"src/base/value.h":
      long_function("bool operator==(const A& a) const", 81)},
     ["long-function"]),
    ("a long test case",
     {"tests/store/keep_test.cc": long_function('TEST_CASE("a")', 81)},
     ["long-function"]),
    ("two functions of 51 lines among few",
     {"src/base/value.h": long_function("void F()", 51) * 2},
     ["long-functions"]),
    ("most functions of 11 lines",
     {"src/base/value.h": long_function("void F()", 11) * 35},
     ["long-functions"]),
    ("a class of 150 lines",
     {"src/base/value.h": "class A {\n" + "  int a;\n" * 148 + "};\n"}, []),
    ("a class of 151 lines",
     {"src/base/value.h": "class A final : B {\n" + "  int a;\n" * 149 + "};\n"},
     ["long-class"]),
    ("a header that includes the one above it in its room",
     {"src/archive/parser.h": '#include "archive/reader.h"\nReader r;\n',
      "src/archive/reader.h": "class Reader;\n"}, ["order"]),
    ("an include of which nothing is used",
     {"src/deploy/more.h": '#include "os/door.h"\nint x;\n'},
     ["unused-include"]),
    ("an include of which a method is used",
     {"src/deploy/more.h": '#include "os/door.h"\nint x = y->Open();\n'}, []),
    *[(f"a headless sentence in {folder}",
       {f"{folder}/{name}": f"{sign} Where it stands it is refused.\n"},
       ["headless"])
      for folder, name, sign in (
          ("src", "base/more.h", "//"), ("tests", "store/more.h", "//"),
          ("scripts", "more", "#"), ("scripts", "more.cmake", "#"))],
    ("a headless sentence in a docstring",
     {"scripts/more.py": 'x = 1\n""' '"Checks it. What differs is printed.""' '"\n'},
     ["headless"]),
    ("a sentence that wraps before a headless word, and a short one",
     {"src/base/more.h": "// Returns true if the link is gone, and\n"
      "// nothing else.  Prints\n// What.\n"}, []),
    ("one headless sentence in fifty",
     {"src/base/more.h": "// The subject comes first.\n" * 49 +
      "// Whoever asks is answered.\n"}, []),
    ("a class that is virtual and not in the document",
     {"src/os/more.h": "struct More {\n  virtual ~More();\n};\n"}, ["claim"]),
    ("one catch more than the document says",
     {"src/os/more.h": "void F() { try { G(); } catch (int) {} }\n"}, ["claim"]),
    ("a document that names a file that does not exist",
     {"docs/architecture.md": CLEAN["docs/architecture.md"] +
      "See `src/os/gone.h`.\n"}, ["claim"]),
    ("a document that miscounts the files it names",
     {"docs/architecture.md":
      CLEAN["docs/architecture.md"].replace("2 files", "3 files")}, ["claim"]),
    ("a document that makes no countable claim",
     {"docs/architecture.md": "All is well.\n"}, ["claim"] * 3),
    ("a promise whose test file does not exist",
     {"docs/behaviours.md": "| it | `store/gone_test.cc` |\n"}, ["behaviour"]),
    ("a promise whose test does not exist",
     {"docs/behaviours.md": "| it | `store/keep_test.cc`: no such test |\n"},
     ["behaviour"]),
    ("a long table", {"src/base/value.h": TABLE}, []),
    ("a long table and a long function after it",
     {"src/base/value.h": TABLE + long_function("int F()", 81)},
     ["long-function"]),
]
