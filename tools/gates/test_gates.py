"""Each gate lets what is right pass and refuses what is wrong."""

import os
import shutil
import subprocess
import tempfile
import unittest

import banned
import csource
import floors
import format as layout
import hardening
import instructions
import sizes
import tidy

HERE = os.path.dirname(os.path.abspath(__file__))


class Tree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="trawl-gates-")
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def refused(self, gate, path, text, *words):
        self.write(path, text)
        complaints = "\n".join(gate.check(self.root))
        os.remove(os.path.join(self.root, path))
        self.assertTrue(complaints, f"let through: {text[:200]}")
        for word in words:
            self.assertIn(word, complaints)

    def passes(self, gate, path, text):
        self.write(path, text)
        self.assertEqual(list(gate.check(self.root)), [])
        os.remove(os.path.join(self.root, path))


class Floors(Tree):
    def test_down_and_own_pass(self):
        self.passes(floors, "src/search/a.c", '#include "search/b.h"\n#include "base/str.h"\n')
        self.passes(floors, "src/exec/local/a.c", '#include "exec/executor.h"\n')
        self.passes(floors, "src/api/a.c", '#include <stdio.h>\n#include "trawl/trawl.h"\n')

    def test_up_is_refused(self):
        self.refused(floors, "src/base/a.c", '#include "space/b.h"\n', "a.c:1", "higher floor")

    def test_sideways_is_refused(self):
        self.refused(floors, "src/store/a.h", 'int x;\n# include "search/b.h"\n', "a.h:2", "sibling")

    def test_unknown_floor_and_bare_name_are_refused(self):
        self.refused(floors, "src/cellar/a.c", "int x;\n", "no floor")
        self.refused(floors, "src/base/a.c", '#include "cellar/b.h"\n', "no floor")
        self.refused(floors, "src/base/a.c", '#include "str.h"\n', "name their floor")

    def test_private_headers_stay_private(self):
        self.passes(floors, "src/sched/a.c", '#include "sched/internal.h"\n')
        self.refused(floors, "src/api/a.c", '#include "sched/internal.h"\n', "private")

    def test_comments_are_no_includes(self):
        self.passes(floors, "src/base/a.c", '/*\n#include "api/b.h"\n*/\n')

    def test_public_names_come_from_the_public_headers(self):
        self.refused(floors, "src/base/a.c", "int trawl_open(void);\n", "trawl_open")
        self.write("include/trawl/trawl.h", "int trawl_open(void);\n")
        self.passes(floors, "src/base/a.c", "int trawl_open(void)\n{\n}\n")
        self.refused(floors, "include/trawl/b.h", '#include "base/str.h"\n', "private")


def function(lines, above=""):
    return above + "static int f(int a,\n             int b)\n{\n" + "    a++;\n" * (lines - 2) + "}\n"


class Sizes(Tree):
    def test_functions(self):
        self.passes(sizes, "src/base/a.c", function(60))
        self.refused(sizes, "src/base/a.c", function(61), "f has 61 lines")
        self.passes(sizes, "src/base/a.c", function(61, "/* long: one table */\n"))
        self.refused(sizes, "src/base/a.c", function(61, "/* long: one table */\n\n"), "61 lines")
        self.refused(sizes, "src/base/a.c", function(121, "/* long: one table */\n"), "exception")

    def test_exceptions(self):
        self.write("tools/gates/exceptions.txt", "src/base/a.c:f  generated table\n")
        self.passes(sizes, "src/base/a.c", function(121, "/* long: one table */\n"))
        self.refused(sizes, "src/base/a.c", function(10), "no longer needed")
        self.write("tools/gates/exceptions.txt", "src/base/a.c:f\n")
        self.refused(sizes, "src/base/a.c", function(121, "/* long: x */\n"), "no reason")

    def test_files(self):
        self.passes(sizes, "src/base/a.c", "int x;\n" * 600)
        self.refused(sizes, "src/base/a.c", "int x;\n" * 601, "601 lines")
        self.passes(sizes, "src/base/a.c", "/* large: one table */\n" + "int x;\n" * 601)
        self.refused(sizes, "src/base/a.c", "/* large: x */\n" + "int x;\n" * 1200, "exception")
        self.refused(sizes, "src/base/a.h", "int x;\n" * 401, "header of 401")

    def test_names(self):
        for name in ("src/base/util.c", "src/misc/a.c", "tests/helpers.h"):
            self.refused(sizes, name, "int x;\n", "does not say")

    def test_functions_are_found(self):
        text = ("/* why */\nstruct a *__attribute__((noinline))\nfind(int x)\n{\n}\n\n"
                'int b(void)\n{\n    return "}\\n{"[0];\n}\n')
        self.assertEqual([(f[0], f[1], f[2]) for f in csource.functions(text)],
                         [("find", 4, 5), ("b", 8, 10)])


class Banned(Tree):
    def test_everywhere(self):
        for call in ("strcpy(a, b);", "x = atoi (s);", "system(s);", "sprintf(a, b);"):
            self.refused(banned, "src/bin/a.c", f"void f(void)\n{{\n    {call}\n}}\n", "a.c:3")

    def test_scanf_without_a_limit(self):
        self.refused(banned, "src/api/a.c", 'sscanf(s, "%d %s", &a, b);\n', "%s")
        self.passes(banned, "src/api/a.c", 'sscanf(s, "%d %99s", &a, b);\n')

    def test_text_comments_and_members_pass(self):
        self.passes(banned, "src/base/a.c", '/* strcpy(a, b) */ const char *s = "strcpy(a)";\n')
        self.passes(banned, "src/base/a.c", "ops->system(x); my_strcpy(a);\n")

    def test_who_may_print_and_leave(self):
        self.passes(banned, "src/api/a.c", 'printf("x");\n')
        self.passes(banned, "src/bin/a.c", "exit(1);\n")
        self.passes(banned, "src/exec/a.c", "_exit(127);\n")
        self.passes(banned, "src/exec/supervisor/a.c", "puts(x);\n")
        self.refused(banned, "src/sched/a.c", 'printf("x");\n', "only api and bin")
        self.refused(banned, "src/sched/a.c", "fputs(x, stdout);\n", "only api and bin")
        self.refused(banned, "src/exec/a.c", "exit(1);\n", "leaves")
        self.refused(banned, "src/base/a.c", "_exit(1);\n", "leaves")
        self.refused(banned, "src/base/a.c", "abort();\n", "leaves")

    def test_poisoned_does_not_compile(self):
        header = os.path.join(HERE, "../../src/base/banned.h")
        for compiler in ("gcc", "clang"):
            for call, right in (("snprintf(b, 2, \"x\")", True), ("sprintf(b, \"x\")", False),
                                ("strcpy(b, \"x\")", False), ("system(\"x\")", False),
                                ("setlocale(0, \"x\")", False)):
                path = self.write("a.c", f"void f(char *b);\nvoid f(char *b)\n{{\n    (void){call};\n}}\n")
                ran = subprocess.run([compiler, "-O2", "-D_FORTIFY_SOURCE=2", "-fsyntax-only",
                                      "-include", header, path], stderr=subprocess.PIPE)
                self.assertEqual(ran.returncode == 0, right, f"{compiler}: {call}")


class Layout(Tree):
    def test_layout(self):
        shutil.copy(os.path.join(HERE, "../../.clang-format"), self.root)
        self.passes(layout, "src/base/a.c", "int f(void)\n{\n    return 1;\n}\n")
        self.refused(layout, "src/base/a.c", "int f(void) { return 1; }\n", "a.c:1")


class Built(Tree):
    """hardening.py and tidy.py, on something compiled for the purpose."""

    SOURCE = ('#include <stdio.h>\n#include <stdlib.h>\nint main(int n, char **v)\n{\n    char b[64];\n'
              '    snprintf(b, (size_t)atoi(v[n - 1]), "%s", v[0]);\n    return puts(b);\n}\n')
    FLAGS = ["-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2",
             "-Wl,-z,relro", "-Wl,-z,now"]

    def compile(self, flags, name="trawl"):
        path = self.write("a.c", self.SOURCE)
        subprocess.run(["gcc", *flags, path, "-o", os.path.join(self.root, name)], check=True,
                       stderr=subprocess.DEVNULL)
        return "\n".join(hardening.check(self.root))

    def test_hardened_passes(self):
        self.assertEqual(self.compile(self.FLAGS), "")

    def test_each_weakness_is_seen(self):
        for flags, word in ((["-no-pie"], "position independent"), (["-Wl,-z,norelro"], "RELRO"),
                            (["-Wl,-z,lazy"], "BIND_NOW"), (["-Wl,-z,execstack"], "executable stack"),
                            (["-fno-stack-protector"], "stack protector"),
                            (["-U_FORTIFY_SOURCE"], "fortified"), (["-Wl,-rpath,/x"], "library path")):
            self.assertIn(word, self.compile(self.FLAGS + flags))

    def test_fat_supervisor_is_seen(self):
        self.assertIn("links", self.compile(self.FLAGS + ["-Wl,--no-as-needed", "-lpthread", "-luv"],
                                            "trawl-supervisor"))

    def test_stray_exports_are_seen(self):
        path = self.write("b.c", "int trawl_a(void)\n{\n    return 1;\n}\nint stray(void)\n{\n    return 1;\n}\n")
        subprocess.run(["gcc", "-shared", "-fPIC", path, "-o", os.path.join(self.root, "libtrawl.so")],
                       check=True)
        complaints = "\n".join(hardening.check(self.root))
        self.assertIn("exports stray", complaints)
        self.assertNotIn("exports trawl_a", complaints)

    def test_tidy(self):
        shutil.copy(os.path.join(HERE, "../../.clang-tidy"), self.root)
        where = os.getcwd()
        self.addCleanup(os.chdir, where)
        os.chdir(self.root)

        def ask(body):
            path = self.write("src/a.c", f"int f(int *p);\nint f(int *p)\n{{\n    {body}\n}}\n")
            self.write("build/compile_commands.json",
                       f'[{{"directory": "{self.root}", "file": "{path}", "command": "cc -c {path}"}}]')
            return "\n".join(tidy.check("build"))
        self.assertEqual(ask("return *p;"), "")
        self.assertIn("core.NullDereference", ask("p = 0;\n    return *p;"))
        self.assertIn("core.NullDereference", ask("p = 0;\n    return *p;"))  # as kept
        self.assertEqual(ask("return *p;"), "")


class Instructions(unittest.TestCase):
    def test_rows(self):
        self.assertEqual(instructions.rows("# head\n\n 12  counted exp 8  # why\n"),
                         [(12, ["counted", "exp", "8"])])
        for line in ("counted exp", "12", "1.5 counted", "-3 counted", "0 counted"):
            with self.assertRaisesRegex(ValueError, "instructions.txt:2"):
                instructions.rows("# head\n" + line)

    def test_one_too_many_is_refused(self):
        table = [(100, ["a"]), (100, ["b"]), (100, ["c"])]
        lines = list(instructions.verdicts(table, [(100, ""), (101, ""), (None, "broke")]))
        self.assertEqual(lines[0], "1..3")
        self.assertEqual([line.split(" - ")[0] for line in lines[1:4]], ["ok 1", "not ok 2", "not ok 3"])
        self.assertIn("101 instructions, 100 at most", lines[2])
        self.assertIn("broke", lines[4])


if __name__ == "__main__":
    unittest.main()
