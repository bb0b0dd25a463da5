#!/usr/bin/env python3
"""Exports into directories of many file systems: killed in the middle, met by a second run, begun twice at once, completed.
With a library that answers as NFS, SMB, FUSE, WSL and sandboxed kernels do (other_disk.c), and on real file systems that
are mounted for it, where the machine allows it.

usage: file_systems.py BCDA [--library OTHER_DISK_LIBRARY] [--real] [--quick]
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from proof import LARGE, SLOW, Proof
from soak import OK, Cases, Skipped, demand, existing

# Each profile of other_disk.c: how many runs may fail while its failures last, and the words that their messages have.
PROFILES = {
    "nfs": (0, ()),
    "nfs-root-squash": (0, ()),
    "nfs-stale": (3, ("Stale file handle; the file server does not know it any more; try again",)),
    "smb": (0, ()),
    "smb-scanned": (0, ()),
    "smb-denied": (3, ("Permission denied; check its owner and mode",)),
    "smb-text-busy": (0, ()),
    "fuse": (0, ()),
    "fuse-inodes": (0, ()),
    "exfat": (0, ()),
    "wsl": (0, ()),
    "gvisor": (0, ()),
    "seccomp": (0, ()),
}
MEBIBYTE = 1 << 20


def like(proof, library, name, quick):
    """An export on a file system that answers like this one."""
    place = pathlib.Path(tempfile.mkdtemp(dir=proof.directory))
    env = {"LD_PRELOAD": str(library), "OTHER_DISK": name, "OTHER_DISK_COUNTS": str(place / "counts"),
           "OTHER_DISK_FAILURES": str(place / "failures")}
    most, remedies = PROFILES[name]
    failures = proof.disturbed(more_env=env, most_failures=most, remedies=remedies)
    answers = [line.split() for line in (place / "counts").read_text().splitlines()]
    passing = (place / "failures").stat().st_size if (place / "failures").exists() else 0
    demand(passing or any(number != "0" for _, number in answers), "the library has answered nothing")
    demand(passing or not most, "no call has failed for a while")
    if not quick and not most:
        proof.together(more_env=env)
    shutil.rmtree(place)
    told = [f"{number} {call}" for call, number in answers if number != "0"] + [f"{passing} that passed"] * bool(passing)
    return f"ok, {failures} runs failed as they may; other answers in the last run: {', '.join(told)}"


# ---- Real file systems -----------------------------------------------------------------------------------------------

IMAGE = 512 * MEBIBYTE


def command(*arguments):
    """Skips the case if the machine does not have the command, or does not allow it."""
    found = shutil.which(str(arguments[0])) or shutil.which(str(arguments[0]), path="/usr/sbin:/sbin")
    if not found:
        raise Skipped(f"{arguments[0]} is not installed")
    try:
        run = subprocess.run([found, *map(str, arguments[1:])], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise Skipped(f"{arguments[0]} did not end") from None
    if run.returncode != 0:
        words = (run.stderr or run.stdout).decode(errors="replace").strip().splitlines()
        raise Skipped(f"{arguments[0]}: {words[0] if words else run.returncode}")
    return run.stdout.decode().strip()


class Place:
    """What a file system is made of: an image, a mount point, and directories beside them."""

    def __init__(self, directory):
        self.base = pathlib.Path(tempfile.mkdtemp(dir=directory))
        self.image, self.mount = self.base / "image", self.base / "mount"
        self.mount.mkdir()
        self.device = None

    def new_image(self, size=IMAGE):
        with open(self.image, "wb") as file:
            file.truncate(size)
        return self.image

    def folder(self, name):
        made = self.base / name
        made.mkdir()
        return made


def loop(kind, *make, options=""):
    def mounted(place):
        command(*make, place.new_image())
        command("mount", "-t", kind, "-o", "loop" + options, place.image, place.mount)
    return mounted


def tmpfs(place):
    command("mount", "-t", "tmpfs", "-o", f"size={IMAGE}", "tmpfs", place.mount)


def ext4_full(place):
    command("mkfs.ext4", "-q", "-m", "0", place.new_image(32 * MEBIBYTE))
    command("mount", "-o", "loop", place.image, place.mount)


def overlay(place):
    # The upper directory of an overlay cannot be on another overlay.
    folders = [place.folder(name) for name in ("lower", "upper", "work")]
    command("mount", "-t", "overlay", "-o", "lowerdir={},upperdir={},workdir={}".format(*folders), "overlay", place.mount)


def fuse_overlay(place):
    folders = [place.folder(name) for name in ("lower", "upper", "work")]
    command("fuse-overlayfs", "-o", "lowerdir={},upperdir={},workdir={}".format(*folders), place.mount)


def bindfs(*options):
    def mounted(place):
        command("bindfs", *options, place.folder("source"), place.mount)
    return mounted


def fuse_image(program, *make, options=(), device=False):
    """`device`: the program wants a block device, not an image."""
    def mounted(place):
        command(*make, place.new_image())
        if device:
            place.device = command("losetup", "--find", "--show", place.image)
        command(program, *options, place.device or place.image, place.mount)
    return mounted


REAL = {
    "tmpfs": tmpfs,
    "ext4": loop("ext4", "mkfs.ext4", "-q"),
    "ext4 without a journal": loop("ext4", "mkfs.ext4", "-q", "-O", "^has_journal"),
    "xfs": loop("xfs", "mkfs.xfs", "-q"),
    "btrfs": loop("btrfs", "mkfs.btrfs", "-q"),
    "vfat": loop("vfat", "mkfs.vfat", "-F", "32"),
    "exfat": loop("exfat", "mkfs.exfat"),
    "overlay": overlay,
    "FUSE: bindfs": bindfs(),
    "FUSE: bindfs, all files are of nobody": bindfs("--force-user=nobody", "--chown-ignore", "--chmod-ignore"),
    "FUSE: bindfs, without links": bindfs("--hide-hard-links", "--multithreaded"),
    "FUSE: fuse-overlayfs": fuse_overlay,
    "FUSE: vfat": fuse_image("fusefat", "mkfs.vfat", "-F", "32", options=("-o", "rw+")),
    "FUSE: exfat": fuse_image("mount.exfat-fuse", "mkfs.exfat", device=True),
    "FUSE: exfat of another user": fuse_image("mount.exfat-fuse", "mkfs.exfat", options=("-o", "uid=1000,umask=0"), device=True),
    "FUSE: ntfs-3g": fuse_image("ntfs-3g", "mkfs.ntfs", "-q", "-F", "-f"),
    "FUSE: fuse2fs, ext4": fuse_image("fuse2fs", "mkfs.ext4", "-q", options=("-o", "fakeroot")),
}


@contextlib.contextmanager
def mounted(directory, mount):
    if os.geteuid() != 0:
        raise Skipped("only root can mount file systems")
    place = Place(directory)
    try:
        mount(place)
        if not os.path.ismount(place.mount):
            raise Skipped("it was not mounted, although its program says so")
        yield place
    finally:
        if os.path.ismount(place.mount):
            subprocess.run(["umount", place.mount], check=True, capture_output=True, timeout=60)
        if place.device:
            subprocess.run(["losetup", "--detach", place.device], check=True, capture_output=True, timeout=60)
        shutil.rmtree(place.base)


def on(proof, mount):
    with mounted(proof.directory, mount) as place:
        proof.disturbed(place.mount)
        proof.together(place.mount)
    return "ok"


def on_full_disk(proof):
    """The disk is full when the export begins, and when it is under way; then there is space again."""
    with mounted(proof.directory, ext4_full) as place:
        out, filler = proof.new_directory(place.mount), place.mount / "filler"
        for left in (0, 4096, 65536, MEBIBYTE, 3 * MEBIBYTE):
            fill(filler, left)
            run = proof.run(out)
            demand(run.code != OK, "an export on a full disk succeeded")
            proof.failed_well(run, ("No space left on device; free some space",))
            if out.exists():
                proof.check(out)
        filler.unlink()
        proof.complete(out)
    return "ok, 5 runs failed as they may"


def fill(path, left):
    """A file that leaves so many bytes of its file system free."""
    path.unlink(missing_ok=True)
    with open(path, "wb", buffering=0) as file:
        free = os.statvfs(path.parent)
        os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left - 65536))
        while left == 0:
            try:
                file.seek(0, os.SEEK_END)
                file.write(bytes(1024))
            except OSError:
                return


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("--library", type=existing)
    parser.add_argument("--real", action="store_true", help="also on real file systems")
    parser.add_argument("--quick", action="store_true", help="with small files")
    options = parser.parse_args()
    cases = Cases("file systems")
    with Proof(options.bcda, cases.directory, SLOW if options.quick else LARGE) as proof:
        for name in PROFILES if options.library else ():
            cases.run(f"like {name}", lambda name=name: like(proof, options.library, name, options.quick))
        for name, mount in REAL.items() if options.real else ():
            cases.run(name, lambda mount=mount: on(proof, mount))
    if options.real:
        with Proof(options.bcda, cases.directory, SLOW) as proof:
            cases.run("ext4 that is full", lambda: on_full_disk(proof))
    return cases.report()


if __name__ == "__main__":
    sys.exit(main())
