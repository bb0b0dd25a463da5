"""The manual page, which `bcda man` prints: test_manual.py BCDA"""

import os
import re
import shutil
import subprocess
import sys
import unittest

from help_pages import commands, flags_of, output

BCDA = sys.argv[1]


def section(page, macro):
    """The text from the heading `macro` to the next heading."""
    return re.split(r"^\.S[HS] ", page[page.index(macro) + len(macro) :], maxsplit=1, flags=re.MULTILINE)[0]


class Manual(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.page = output(BCDA, "man")
        cls.plain = cls.page.replace("\\-", "-")

    def test_each_command_names_all_its_flags(self):
        for command in commands(BCDA):
            with self.subTest(command):
                text = section(self.plain, f'.SS "bcda {command} ')
                self.assertEqual(set(re.findall(r"\\fB(--?[a-z-]+)\\fR", text)), flags_of(BCDA, command))

    def test_each_flag_is_described(self):
        described = set()
        for line in re.findall(r"^\.TP\n(.*)", self.plain, re.MULTILINE):
            described.update(re.findall(r"\\fB(--?[a-z-]+)\\fR", line))
        for command in commands(BCDA):
            self.assertEqual(flags_of(BCDA, command) - described, set(), command)

    def test_each_flag_of_a_setting_is_described_once(self):
        flags = re.findall(r"^\.TP\n\\fB(--[a-z-]+)\\fR", self.plain.split("\n.SH OPTIONS")[1], re.MULTILINE)
        self.assertIn("--url", flags)
        self.assertEqual(len(flags), len(set(flags)))

    def test_the_exit_codes_are_those_of_help(self):
        codes = output(BCDA, "--help").split("Exit codes: ")[1]
        self.assertIn(" ".join(codes.split()), " ".join(section(self.plain, ".SH EXIT STATUS\n").split()))

    def test_the_date_is_that_of_the_sources(self):
        page = output(BCDA, "man", env={**os.environ, "SOURCE_DATE_EPOCH": "1"})
        self.assertIn("\n.TH BCDA 1 1970-01-01 ", page)

    def complaints(self, *words):
        if not shutil.which(words[0]):
            self.skipTest(words[0] + " is not installed")
        done = subprocess.run(words, input=self.page, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        return done.stderr if words[0] == "man" else done.stdout + done.stderr

    def test_man_has_no_warnings(self):
        self.assertEqual(self.complaints("man", "--warnings", "--local-file", "-"), "")

    def test_mandoc_has_no_warnings(self):
        self.assertEqual(self.complaints("mandoc", "-T", "lint", "-W", "warning"), "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
