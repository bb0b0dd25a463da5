"""Exports with the settings given as NAME=VALUE, and prints the seconds from making the client to the last file."""

import sys
import time

import bcda

settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
begin = time.perf_counter()
with bcda.Client(env=False, **settings) as client:
    client.export(progress=lambda event: None)
print(time.perf_counter() - begin)
