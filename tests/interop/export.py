"""Exports with the settings of the environment, and prints the records as the package reads them."""

from __future__ import annotations

import sys

import bcda

with bcda.Client() as client:
    result = client.export(progress=False)
for record in result.records(raw=True):
    sys.stdout.buffer.write(record + b"\n")
