"""What --help lists, for the tests of what is made from the same commands."""

import re
import subprocess


def output(*words, **options):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def commands(bcda):
    return re.findall(r"^  ([a-z]+) ", output(bcda, "--help").split("Subcommands:")[1], re.MULTILINE)


def flags_of(bcda, *command):
    """{"-q", "--quiet", "--out", ...}"""
    names = re.findall(r"^  (-[^ \n]*)", output(bcda, *command, "--help"), re.MULTILINE)
    return {re.sub("{.*", "", name) for line in names for name in line.split(",")}
