"""What `bcda completion SHELL` prints, in that shell: test_completion.py BCDA bash|zsh|fish

The shell runs on a terminal and gets the keys of a user. Which flags there are is read from --help.
"""

import os
import pathlib
import pty
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from help_pages import commands, flags_of, output

BCDA, SHELL = sys.argv[1:3]
SKIPPED = 77  # for ctest

# What is typed before the Tab key, and the arguments that the command then gets.
CASES = {
    "exp": ["export"],
    "help exp": ["help", "export"],
    "export --client-secret-f": ["export", "--client-secret-file"],
    "export --durability pr": ["export", "--durability", "process"],
    "export --durability=pr": ["export", "--durability=process"],
    "export --client-secret-file sec": ["export", "--client-secret-file", "secret.txt"],
    "export --ca-file=aut": ["export", "--ca-file=authority of tests.pem"],
    "export --out=claim": ["export", "--out=claims"],
    "export --tables claim_li": ["export", "--tables", "claim_line"],
    "export --tables claim_line,phar": ["export", "--tables", "claim_line,pharmacy_claim"],
    "export --types Cov": ["export", "--types", "Coverage"],
    "resume cl": ["resume", "claims"],
    "fetch man": ["fetch", "manifest.json"],
    "decrypt sec": ["decrypt", "secret.txt"],
    "tables --describe phar": ["tables", "--describe", "pharmacy_claim"],
    "tables --format nd": ["tables", "--format", "ndjson"],
    "tables --table claim --table phar": ["tables", "--table", "claim", "--table", "pharmacy_claim"],
    "profiles ab": ["profiles", "ab2d"],
    "sandbox --era oct": ["sandbox", "--era", "oct2019"],
    "completion fi": ["completion", "fish"],
    "export --url https://example.org --profile ab": ["export", "--url", "https://example.org", "--profile", "ab2d"],
}

# Each word of a call to bcda goes into a file of its own line; zsh also notes each match that it has.
START = {
    "bash": """PS1='$ '
        bind 'set bell-style none'
        bcda() { printf '%s\\n' "$@" end >>calls; }
        source ./script""",
    "zsh": """PS1='$ ' LISTMAX=100000
        autoload -Uz compinit && compinit -u -D
        bcda() { print -rl -- "$@" end >>calls }
        source ./script
        compadd() {
          local -a noted
          [[ " $* " == *" -"[OAD]" "* ]] || builtin compadd -O noted "$@"
          (( ! $#noted )) || print -rl -- $noted >>matches
          builtin compadd "$@"
        }""",
    "fish": """function bcda; printf '%s\\n' $argv end >>calls; end
        function fish_prompt; echo '$ '; end
        source ./script""",
}
PROGRAM = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}


class Terminal:
    """A shell that reads keys from a terminal."""

    def __init__(self, directory):
        self.directory = directory
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(directory)
            environment = {"HOME": directory, "PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}
            os.execvpe(PROGRAM[SHELL][0], PROGRAM[SHELL], environment)
        self.pid, self.shown = pid, b""
        threading.Thread(target=self.read, daemon=True).start()
        self.type("\n".join(line.strip() for line in START[SHELL].splitlines()) + "\n")
        self.call("ready", "")

    def read(self):
        try:
            while part := os.read(self.terminal, 65536):
                self.shown += part
        except OSError:
            pass  # the shell has ended

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def wait_for(self, name, what):
        file = pathlib.Path(self.directory, name)
        for _ in range(600):
            if file.exists() and what in (lines := file.read_text().splitlines()):
                return lines
            time.sleep(0.05)
        raise AssertionError(f"the shell does nothing; it shows {self.shown[-2000:]!r}")

    def call(self, typed, keys="\t"):
        """The arguments of bcda after `typed` and `keys`, without the slash behind a directory."""
        pathlib.Path(self.directory, "calls").unlink(missing_ok=True)
        self.type(f"bcda {typed}{keys}\n")
        return [word.rstrip("/") for word in self.wait_for("calls", "end")[:-1]]

    def matches(self, typed):
        """The matches that zsh has for `typed`."""
        pathlib.Path(self.directory, "matches").unlink(missing_ok=True)
        self.type(f"bcda {typed}\t\x15")  # and Control-U
        self.call("ready", "")
        return set(pathlib.Path(self.directory, "matches").read_text().splitlines())

    def close(self):
        self.type("\x15exit\n")
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


class Completion(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.script = pathlib.Path(cls.directory, "script")
        cls.script.write_text(output(BCDA, "completion", SHELL))
        for name in ["secret.txt", "authority of tests.pem", "manifest.json", "clean.txt", "clear.csv"]:
            pathlib.Path(cls.directory, name).touch()
        pathlib.Path(cls.directory, "claims").mkdir()
        cls.terminal = Terminal(cls.directory)

    @classmethod
    def tearDownClass(cls):
        cls.terminal.close()
        shutil.rmtree(cls.directory)

    def offered(self, line):
        if SHELL == "zsh":
            return self.terminal.matches(line)
        if SHELL == "fish":
            words = output("fish", "--no-config", "-c", f"source {self.script}; complete -C {shlex.quote('bcda ' + line)}")
            return {word.split("\t")[0] for word in words.splitlines()}
        words = shlex.join(["bcda", *line.split(), *([""] if line.endswith(" ") or not line else [])])
        call = f"source {self.script}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _bcda"
        call += '; printf "%s\\n" "${COMPREPLY[@]}"'
        return set(output("bash", "-c", call).splitlines())

    def test_the_script_is_loaded_without_a_word(self):
        arguments = ["--no-config"] if SHELL == "fish" else ["-f"] if SHELL == "zsh" else ["--norc"]
        if SHELL == "zsh":
            load = f"autoload -Uz compinit; compinit -u -D; source {self.script}"
        else:
            load = f"source {self.script}"
        done = subprocess.run([SHELL, *arguments, "-c", load], capture_output=True, text=True, cwd=self.directory)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_commands(self):
        self.assertEqual(self.offered(""), {*commands(BCDA), "help"})
        self.assertEqual(self.offered("help "), {*commands(BCDA)} | ({"help"} if SHELL != "fish" else set()))
        self.assertEqual(self.offered("-"), flags_of(BCDA))

    def test_each_command_has_all_its_flags(self):
        for command in commands(BCDA):
            with self.subTest(command):
                flags = flags_of(BCDA, command)
                self.assertIn("--help", flags)
                self.assertEqual({flag.rstrip("=") for flag in self.offered(command + " -")}, flags)

    def test_keys(self):
        for typed, expected in CASES.items():
            with self.subTest(typed):
                self.assertEqual(self.terminal.call(typed), expected)


if __name__ == "__main__":
    if not shutil.which(SHELL):
        print(f"{SHELL} is not installed")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
