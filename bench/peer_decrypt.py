#!/usr/bin/env python3
"""Decrypts one file with Python's `cryptography`, as users do with a script.

  peer_decrypt.py KEY.pem WRAPPED-KEY LABEL FILE >OUT
  peer_decrypt.py KEY.pem WRAPPED-KEY LABEL FILE OUT

The first form does what the service's own example did: it has the file in memory, decrypts it in one piece, and prints
it as text. The second one is what a careful user would write: it works in pieces of 1 MiB, and removes OUT if the tag
does not fit.
"""

import os
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NONCE, TAG, PIECE = 12, 16, 1 << 20


def unwrap(pem: str, wrapped: str, label: str) -> algorithms.AES:
    private = load_pem_private_key(Path(pem).read_bytes(), None)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label.encode())
    return algorithms.AES(private.decrypt(bytes.fromhex(wrapped), oaep))


def opened(key: algorithms.AES, path: str) -> bytes:
    with open(path, "rb") as file:
        nonce, sealed = file.read(NONCE), file.read()
    decryptor = Cipher(key, modes.GCM(nonce, sealed[-TAG:])).decryptor()
    return decryptor.update(sealed[:-TAG]) + decryptor.finalize()


def open_in_pieces(key: algorithms.AES, path: str, out: str) -> None:
    with open(path, "rb") as sealed, open(out, "wb") as plain:
        left = os.fstat(sealed.fileno()).st_size - NONCE - TAG
        decryptor = Cipher(key, modes.GCM(sealed.read(NONCE))).decryptor()
        while left > 0:
            piece = sealed.read(min(left, PIECE))
            plain.write(decryptor.update(piece))
            left -= len(piece)
        try:
            decryptor.finalize_with_tag(sealed.read())
        except InvalidTag:
            os.remove(out)
            sys.exit(f"{path}: the tag does not fit")


pem, wrapped, label, path, *out = sys.argv[1:]
if out:
    open_in_pieces(unwrap(pem, wrapped, label), path, out[0])
else:
    print(opened(unwrap(pem, wrapped, label), path).decode("utf-8"))
