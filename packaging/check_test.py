"""Each check of check.py fails on a file made for it, and none fails on a good one."""

from __future__ import annotations

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import check

GOOD = r"""
#include <stdlib.h>
#include <string.h>
int bcda_good(const char* text) {
  char copy[64];
  strcpy(copy, text);
  return atoi(copy);
}
"""
HARD = ["-O2", "-fPIC", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now"]
NEEDS_UNWINDER = ["-Wl,--push-state,--no-as-needed", "-lgcc_s", "-Wl,--pop-state"]


class CheckTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def problems(
        self, *flags: str, name: str = "libbcda.so", code: str = GOOD, target: str = "", limit: int | None = None
    ) -> str:
        source = self.directory / "source.cpp"
        source.write_text('extern "C" {' + code + "}")
        made = self.directory / name
        kind = [] if name == "bcda" else ["-shared"]
        needed = NEEDS_UNWINDER if name != "bcda" else []
        command = ["gcc", *HARD, *kind, *flags, str(source), "-o", str(made), *needed]
        subprocess.run(command, check=True, capture_output=True)
        return "\n".join(check.problems(made, check.Target(target or f"{machine()}-linux-gnu.2.99"), limit))

    def test_good_files_pass(self) -> None:
        assert self.problems() == ""
        assert self.problems(name="bcda", code=GOOD + "int main() { return bcda_good(__FILE__); }") == ""

    def test_a_foreign_symbol(self) -> None:
        assert "not ours: deflate" in self.problems(code=GOOD + "void deflate() {}")
        assert "not ours: bcda_sandbox_x" in self.problems(code=GOOD + "void bcda_sandbox_x() {}")

    def test_a_program_of_a_distribution_may_show_symbols(self) -> None:
        code = GOOD + "int main() { return bcda_good(__FILE__); }"
        assert "not ours" in self.problems("-rdynamic", name="bcda", code=code)
        assert self.problems("-rdynamic", name="bcda", code=code, target="distribution") == ""

    def test_no_symbol_at_all(self) -> None:
        assert "shows nothing of ours" in self.problems("-fvisibility=hidden")

    def test_an_unknown_name(self) -> None:
        assert "does not know" in self.problems(name="libother.so")

    def test_a_new_glibc(self) -> None:
        assert "newer than its target" in self.problems(target=f"{machine()}-linux-gnu.2.1")

    def test_a_foreign_library(self) -> None:
        needs = self.problems("-Wl,--no-as-needed", "-lstdc++")
        assert "needs libstdc++.so.6, which not every system has" in needs

    def test_the_c_library_of_another_system(self) -> None:
        assert "needs libc.so.6, which not every system has" in self.problems(target=f"{machine()}-linux-musl")

    def test_the_c_plus_plus_library(self) -> None:
        code = GOOD + 'struct Type; extern Type name __asm__("_ZTISt9exception"); void* bcda_type() { return &name; }'
        needs = self.problems("-Wl,--no-as-needed", "-lstdc++", code=code)
        assert re.search(r"needs GLIBCXX_[\d.]+.* of the system's C\+\+ library", needs)

    def test_an_unwinder_of_its_own(self) -> None:
        source = self.directory / "bare.c"
        source.write_text(GOOD)
        made = self.directory / "libbcda.so"
        subprocess.run(["gcc", *HARD, "-shared", str(source), "-o", str(made)], check=True)
        assert "unwinder" in "\n".join(check.problems(made, check.Target(f"{machine()}-linux-gnu.2.99")))

    def test_a_run_path(self) -> None:
        assert "RUNPATH" in self.problems("-Wl,-rpath,/opt")
        assert "RPATH" in self.problems("-Wl,-rpath,/opt", "-Wl,--disable-new-dtags")

    def test_text_relocations(self) -> None:
        code = GOOD + 'asm(".text\\n.quad bcda_good\\n");'
        assert "text relocations" in self.problems("-Wl,-z,notext", code=code)

    def test_lazy_binding(self) -> None:
        assert "binds lazily" in self.problems("-Wl,-z,lazy")

    def test_no_relro(self) -> None:
        assert "no RELRO" in self.problems("-Wl,-z,norelro")

    def test_an_executable_stack(self) -> None:
        assert "executable stack" in self.problems("-Wl,-z,execstack")

    def test_a_fixed_address(self) -> None:
        code = GOOD + "int main() { return bcda_good(__FILE__); }"
        assert "no PIE" in self.problems("-no-pie", name="bcda", code=code)

    def test_no_stack_protector(self) -> None:
        assert "stack protector" in self.problems("-fno-stack-protector")

    def test_no_fortify(self) -> None:
        assert "_FORTIFY_SOURCE" in self.problems("-U_FORTIFY_SOURCE")

    def test_its_size(self) -> None:
        assert "MiB, more than" in self.problems(limit=4000)

    def test_another_machine(self) -> None:
        other = "aarch64" if machine() == "x86_64" else "x86_64"
        assert "is not for" in self.problems(target=f"{other}-linux-gnu.2.99")

    def test_a_path_of_the_machine(self) -> None:
        code = GOOD + f'const char* bcda_path() {{ return "{check.ROOT}/x"; }}'
        assert "names a path" in self.problems(code=code)


def machine() -> str:
    return subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    unittest.main()
