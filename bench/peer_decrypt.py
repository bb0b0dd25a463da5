#!/usr/bin/env python3
"""Decrypts one file with Python's `cryptography`, as users do with a script. It reads the file in pieces, because a
file may be larger than the memory, and removes the result if the tag does not fit.

  peer_decrypt.py KEY.pem WRAPPED-KEY LABEL FILE OUT
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

pem, wrapped, label, path, out = sys.argv[1:]
private = load_pem_private_key(Path(pem).read_bytes(), None)
oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label.encode())
key = private.decrypt(bytes.fromhex(wrapped), oaep)
with open(path, "rb") as sealed, open(out, "wb") as plain:
    left = os.fstat(sealed.fileno()).st_size - NONCE - TAG
    opener = Cipher(algorithms.AES(key), modes.GCM(sealed.read(NONCE))).decryptor()
    while left > 0:
        piece = sealed.read(min(left, PIECE))
        plain.write(opener.update(piece))
        left -= len(piece)
    try:
        opener.finalize_with_tag(sealed.read())
    except InvalidTag:
        os.remove(out)
        sys.exit(f"{path}: the tag does not fit")
