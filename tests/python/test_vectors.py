"""Every conformance vector through bcda.decrypt, unchanged and altered, and the records of the plaintext."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import fsspec
import pytest
from bcda._destination import OwnSink, destination
from conftest import VECTORS, count_records, in_thread, write_export

TABLE: dict[str, Any] = json.loads((VECTORS / "vectors.json").read_text())
PASSPHRASE: str = TABLE["passphrase"]
ALL: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in TABLE["vectors"]}
LARGE = ALL["ndjson-1mb-rsa2048"]
SMALL = ALL["patient-1kb-rsa2048"]
each_vector = pytest.mark.parametrize("vector", ALL.values(), ids=ALL)

Vector = dict[str, Any]


def key_file(vector: Vector, ending: str = ".pkcs1.pem") -> Path:
    return VECTORS / str(vector["keyFile"]).replace(".pkcs1.pem", ending)


def cipher_of(vector: Vector) -> Path:
    return VECTORS / str(vector["ciphertextFile"])


def plain_of(vector: Vector) -> bytes:
    return (VECTORS / str(vector["plaintextFile"])).read_bytes()


def item_of(vector: Vector) -> dict[str, str]:
    return {"type": "Patient", "url": f"https://service.example/data/42/{vector['filename']}"}


def decrypt(vector: Vector, output: Path, path: Path | None = None, **how: Any) -> bcda.File:
    """Decrypts with the arguments of the vector, except those that `how` replaces."""
    own: dict[str, Any] = {"key": vector["encryptedKey"], "durability": "process"}
    if not how.keys() & {"private_key", "private_key_pem"}:
        own["private_key"] = key_file(vector)
    file = bcda.decrypt(path or cipher_of(vector), output, **{**own, **how})
    assert isinstance(file, bcda.File)
    return file


def expect_plaintext(vector: Vector, output: Path, is_error: bool = False, **how: Any) -> None:
    file = decrypt(vector, output, **how)
    plain = plain_of(vector)
    assert output.read_bytes() == plain
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert [path.name for path in output.parent.iterdir()] == [output.name], "nothing else is left"
    assert (file.bytes, file.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
    assert file.sha256 == vector["plaintextSha256"]
    assert file.records == sum(1 for line in plain.split(b"\n") if line.strip())
    assert (file.path, file.decrypted, file.is_error) == (str(output), True, is_error)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A path in an empty directory."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "plain.ndjson"


# ---- Unchanged ----


def test_there_are_all() -> None:
    assert len(ALL) == 16
    assert {vector["keyBits"] for vector in ALL.values()} == {2048, 4096}


@each_vector
@pytest.mark.parametrize("ending", [".pkcs1.pem", ".pkcs8.pem", ".pkcs1.encrypted.pem", ".pkcs8.encrypted.pem"])
def test_every_form_of_the_private_key(vector: Vector, ending: str, output: Path) -> None:
    passphrase = PASSPHRASE if ".encrypted" in ending else None
    expect_plaintext(vector, output, private_key=key_file(vector, ending), private_key_passphrase=passphrase)


KEYS_GIVEN: dict[str, Callable[[Path], dict[str, Any]]] = {
    "text": lambda path: {"private_key_pem": path.read_text(), "private_key_passphrase": PASSPHRASE},
    "functions": lambda path: {"private_key_pem": path.read_text, "private_key_passphrase": lambda: PASSPHRASE},
    "a path as text": lambda path: {"private_key": str(path), "private_key_passphrase": PASSPHRASE},
}


@pytest.mark.parametrize("given", KEYS_GIVEN.values(), ids=KEYS_GIVEN)
@pytest.mark.parametrize("ending", [".pkcs8.pem", ".pkcs1.encrypted.pem", ".pkcs8.encrypted.pem"])
def test_every_way_to_give_the_private_key(given: Callable[[Path], dict[str, Any]], ending: str, output: Path) -> None:
    expect_plaintext(SMALL, output, **given(key_file(SMALL, ending)))


def test_passphrase_from_a_file_and_key_from_the_environment(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("BCDA_PRIVATE_KEY", str(key_file(SMALL, ".pkcs8.encrypted.pem")))
    how: dict[str, Any] = {"key": SMALL["encryptedKey"], "private_key_passphrase_file": secret}
    with pytest.raises(bcda.InvalidArgumentError, match="private_key"):
        bcda.decrypt(cipher_of(SMALL), output, env=False, **how)
    made = bcda.decrypt(cipher_of(SMALL), output, **how)
    assert isinstance(made, bcda.File)
    assert made.sha256 == SMALL["plaintextSha256"]


MANIFESTS: dict[str, Callable[[dict[str, str], str, str], Any]] = {
    "in output, as a dict": lambda item, name, key: {"output": [{**item, "encryptedKey": key}]},
    "as text": lambda item, name, key: json.dumps({"output": [{**item, "encryptedKey": key}]}),
    "as a Manifest": lambda item, name, key: bcda.Manifest(json.dumps({"output": [{**item, "encryptedKey": key}]})),
    "in error": lambda item, name, key: {"output": None, "error": [{**item, "encryptedKey": key}]},
    "in KeyMap, padded as in 2018": lambda item, name, key: {"output": [item], "KeyMap": {name + "   ": key}},
    "in the second of two": lambda item, name, key: (
        '{"output":[]}\n' + json.dumps({"output": [{**item, "encryptedKey": key}]}, indent=2)
    ),
}


@each_vector
@pytest.mark.parametrize("listed", MANIFESTS.values(), ids=MANIFESTS)
def test_the_key_that_a_manifest_lists(
    vector: Vector, listed: Callable[[dict[str, str], str, str], Any], output: Path
) -> None:
    manifest = listed(item_of(vector), vector["filename"], vector["encryptedKey"])
    expect_plaintext(
        vector, output, is_error=isinstance(manifest, dict) and "error" in manifest, key=None, manifest=manifest
    )


@each_vector
def test_under_another_name_with_its_label(vector: Vector, output: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.bin"
    renamed.write_bytes(cipher_of(vector).read_bytes())
    expect_plaintext(vector, output, path=renamed, label=vector["filename"])


# ---- Altered ----

Alteration = Callable[[bytes], bytes]


def flipped(at: int) -> Alteration:
    """Flips one bit of one byte."""

    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[at] ^= 1
        return bytes(changed)

    return flip


ALTERATIONS: dict[str, Alteration] = {
    "nonce": flipped(0),
    "end of nonce": flipped(11),
    "ciphertext": flipped(12),
    "end of ciphertext": flipped(-17),
    "tag": flipped(-16),
    "end of tag": flipped(-1),
    "cut": lambda data: data[:-1],
    "begins late": lambda data: data[1:],
    "without its tag": lambda data: data[:-16],
    "nonce alone": lambda data: data[:12],
    "empty": lambda data: b"",
    "extra byte": lambda data: data + b"\0",
    "twice": lambda data: data + data,
}
NONCE_AND_TAG = 28  # the smallest size of an encrypted file


def applies(alteration: str, vector: Vector) -> bool:
    return "ciphertext" not in alteration or vector["plaintextSize"] > 0


def expect_refused(kind: type[bcda.Error], vector: Vector, output: Path, **how: Any) -> bcda.Error:
    with pytest.raises(bcda.Error) as caught:
        decrypt(vector, output, **how)
    assert type(caught.value) is kind
    assert list(output.parent.iterdir()) == [], "nothing is left"
    assert vector["symmetricKey"][:8] not in str(caught.value)
    assert vector["encryptedKey"][:8] not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("vector", "alteration"),
    [
        pytest.param(vector, alteration, id=f"{name}, {alteration}")
        for name, vector in ALL.items()
        for alteration in ALTERATIONS
        if applies(alteration, vector)
    ],
)
def test_altered_file(vector: Vector, alteration: str, output: Path, tmp_path: Path) -> None:
    data = ALTERATIONS[alteration](cipher_of(vector).read_bytes())
    altered = tmp_path / str(vector["filename"])
    altered.write_bytes(data)
    kind = bcda.DecryptionError if len(data) >= NONCE_AND_TAG else bcda.VerificationError
    error = expect_refused(kind, vector, output, path=altered)
    assert error.file is not None
    assert os.path.basename(error.file) == vector["filename"]


def other_of(vector: Vector) -> Vector:
    """Another vector with a key of the same size."""
    return next(v for v in ALL.values() if v["keyBits"] == vector["keyBits"] and v is not vector)


WRONG: dict[str, Callable[[Vector], dict[str, Any]]] = {
    "another file's key": lambda vector: {"key": other_of(vector)["encryptedKey"]},
    "key that is cut": lambda vector: {"key": vector["encryptedKey"][:-2]},
    "key that is not hex": lambda vector: {"key": "g" + vector["encryptedKey"][1:]},
    "altered key": lambda vector: {"key": f"{int(vector['encryptedKey'][0], 16) ^ 1:x}{vector['encryptedKey'][1:]}"},
    "another label": lambda vector: {"label": other_of(vector)["filename"]},
    "label in upper case": lambda vector: {"label": vector["filename"].upper()},
    "label without its end": lambda vector: {"label": vector["filename"].removesuffix(".ndjson")},
    "another private key": lambda vector: {"private_key": VECTORS / "keys/rsa2048-other.pkcs1.pem"},
    "private key of another size": lambda vector: {
        "private_key": VECTORS / f"keys/rsa{6144 - vector['keyBits']}.pkcs1.pem"
    },
}


@each_vector
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_key_or_label(vector: Vector, wrong: Callable[[Vector], dict[str, Any]], output: Path) -> None:
    expect_refused(bcda.DecryptionError, vector, output, **wrong(vector))


@each_vector
def test_renamed_without_a_label(vector: Vector, output: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.ndjson"
    renamed.write_bytes(cipher_of(vector).read_bytes())
    error = expect_refused(bcda.DecryptionError, vector, output, path=renamed)
    assert "renamed" in str(error)


UNUSABLE: dict[str, tuple[type[bcda.Error], dict[str, Any]]] = {
    "public key": (bcda.PrivateKeyError, {"private_key": key_file(SMALL, ".public.pem")}),
    "no passphrase": (bcda.PrivateKeyError, {"private_key": key_file(SMALL, ".pkcs8.encrypted.pem")}),
    "wrong passphrase": (
        bcda.PrivateKeyError,
        {"private_key": key_file(SMALL, ".pkcs1.encrypted.pem"), "private_key_passphrase": "hunter2"},
    ),
    "not a key": (bcda.PrivateKeyError, {"private_key_pem": "hunter2"}),
    "no such private key": (bcda.FilesystemError, {"private_key": VECTORS / "none.pem"}),
    "no private key": (bcda.InvalidArgumentError, {"private_key": None}),
    "no key": (bcda.InvalidArgumentError, {"key": None}),
    "manifest without the file": (
        bcda.InvalidArgumentError,
        {"key": None, "manifest": {"output": [{"url": "https://h/d/other.ndjson", "encryptedKey": "00"}]}},
    ),
    "not a manifest": (bcda.InvalidArgumentError, {"key": None, "manifest": "<html>"}),
    "missing input": (bcda.FilesystemError, {"path": VECTORS / "none.ndjson", "label": SMALL["filename"]}),
    "input is a directory": (bcda.FilesystemError, {"path": VECTORS, "label": SMALL["filename"]}),
}


@pytest.mark.parametrize(("kind", "how"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_arguments(kind: type[bcda.Error], how: dict[str, Any], output: Path) -> None:
    assert "hunter2" not in str(expect_refused(kind, SMALL, output, **how))


def test_output_is_never_replaced(output: Path) -> None:
    output.write_text("old")
    with pytest.raises(bcda.FilesystemError, match=r"plain\.ndjson") as caught:
        decrypt(SMALL, output)
    assert caught.value.file == str(output)
    assert output.read_text() == "old"
    assert list(output.parent.iterdir()) == [output]


def test_only_the_directory_itself_is_made(tmp_path: Path) -> None:
    expect_plaintext(SMALL, tmp_path / "new" / "plain.ndjson")
    with pytest.raises(bcda.FilesystemError, match="none"):
        decrypt(SMALL, tmp_path / "none" / "none" / "plain.ndjson")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["😀.ndjson", os.fsdecode(b"\xff.ndjson"), "a b\n.ndjson"], ids=ascii)
def test_odd_paths(name: str, tmp_path: Path) -> None:
    path, output = tmp_path / f"in {name}", tmp_path / name
    path.write_bytes(cipher_of(SMALL).read_bytes())
    file = decrypt(SMALL, output, path=path, label=SMALL["filename"])
    assert file.path == str(output)
    assert Path(file).read_bytes() == plain_of(SMALL)
    with pytest.raises(bcda.FilesystemError) as caught:
        decrypt(SMALL, output, path=path, label=SMALL["filename"])
    assert caught.value.file == str(output)


@pytest.mark.parametrize("name", ["path", "output", "label", "key", "manifest"])
def test_a_nul_does_not_cut_an_argument(name: str, output: Path) -> None:
    whole: dict[str, Any] = {
        "path": str(cipher_of(SMALL)),
        "output": str(output),
        "label": SMALL["filename"],
        "key": SMALL["encryptedKey"],
        "manifest": json.dumps({"output": [{**item_of(SMALL), "encryptedKey": SMALL["encryptedKey"]}]}),
    }
    whole[name] += "\0x"
    del whole["key" if name == "manifest" else "manifest"]
    with pytest.raises(ValueError, match=r"(?i)nul"):
        bcda.decrypt(**whole, private_key=key_file(SMALL), durability="process")
    assert list(output.parent.iterdir()) == []


# ---- Progress ----


@pytest.mark.parametrize("name", ["ndjson-1mb-rsa2048", "1byte-rsa2048", "empty-rsa2048"])
def test_progress_is_reported(name: str, output: Path) -> None:
    reported: list[tuple[int, int | None]] = []
    expect_plaintext(ALL[name], output, progress=lambda done, total: reported.append((done, total)))
    size = ALL[name]["ciphertextSize"]
    assert reported == sorted(reported)
    assert {total for _, total in reported} == {size}
    assert reported[-1][0] == size


def test_what_progress_returns_does_not_matter(output: Path) -> None:
    expect_plaintext(LARGE, output, progress=lambda done, total: False)


def test_progress_of_a_file_of_unknown_size(output: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    fed = in_thread(lambda: pipe.write_bytes(cipher_of(LARGE).read_bytes()))
    totals: set[int | None] = set()
    how = {"path": pipe, "label": LARGE["filename"]}
    expect_plaintext(LARGE, output, progress=lambda done, total: totals.add(total), **how)
    assert fed.result(20) == LARGE["ciphertextSize"]
    assert totals == {None}


@pytest.mark.parametrize("raised", [RuntimeError("stop"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
@pytest.mark.parametrize("when", ["first", "last"])
def test_what_progress_raises_comes_out_unchanged(raised: BaseException, when: str, output: Path) -> None:
    def report(done: int, total: int | None) -> None:
        if when == "first" or done == total:
            raise raised

    with pytest.raises(type(raised)) as caught:
        decrypt(LARGE, output, progress=report)
    assert caught.value is raised
    assert list(output.parent.iterdir()) == []


def test_progress_that_cannot_be_called_so(output: Path) -> None:
    with pytest.raises(TypeError):
        decrypt(LARGE, output, progress=lambda: None)
    assert list(output.parent.iterdir()) == []


# ---- Records ----

MANY = 40_000  # more than is read ahead
LONG = b'{"a":"' + b"x" * 5_000_000 + b'"}'
CONTENTS: dict[str, tuple[bytes, list[bytes]]] = {
    "empty": (b"", []),
    "one": (b'{"a":1}\n', [b'{"a":1}']),
    "no final newline": (b'{"a":1}\n{"a":2}', [b'{"a":1}', b'{"a":2}']),
    "blank lines": (b'\n \t\n{"a":1}\n\n\r\n{"a":2}\n\n', [b'{"a":1}', b'{"a":2}']),
    "only blank lines": (b"\n\r\n \t \n", []),
    "CRLF": (b'{"a":1}\r\n{"a":2}\r\n', [b'{"a":1}', b'{"a":2}']),
    "BOM": (b'\xef\xbb\xbf{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
    "BOM and a blank line": (b'\xef\xbb\xbf\r\n{"a":1}\n', [b'{"a":1}']),
    "BOM alone": (b"\xef\xbb\xbf", []),
    "blanks around": (b' {"a":1} \n', [b' {"a":1} ']),
    "long line": (LONG + b'\n{"a":2}\n', [LONG, b'{"a":2}']),
    "many lines": (b'{"a":1}\n' * MANY, [b'{"a":1}'] * MANY),
    "non-BMP": ('{"a":"😀🩺"}\n'.encode(), ['{"a":"😀🩺"}'.encode()]),
}


@pytest.fixture(params=["directory", "fsspec"])
def result_of(request: pytest.FixtureRequest, tmp_path: Path, memory: str) -> Callable[[bytes], bcda.ExportResult]:
    """A result with one file of this content, of each kind that can be read."""
    root = str(tmp_path) if request.param == "directory" else memory

    def make(content: bytes) -> bcda.ExportResult:
        path = f"{root}/Patient.ndjson"
        system, inside = fsspec.core.url_to_fs(path)
        system.pipe_file(inside, content)
        file = bcda.File("Patient", path, len(content), count_records(content), "", True)
        place = destination(root)
        assert not isinstance(place, OwnSink)
        return bcda.ExportResult([file], {}, 0, place)

    return make


ResultOf = Callable[[bytes], bcda.ExportResult]


@pytest.mark.parametrize(("content", "records"), CONTENTS.values(), ids=CONTENTS)
def test_records_of_any_ndjson(content: bytes, records: list[bytes], result_of: ResultOf) -> None:
    result = result_of(content)
    assert list(result.records("Patient", raw=True)) == records
    assert list(result.records("Patient")) == [json.loads(record) for record in records]


@pytest.mark.parametrize(
    ("before", "line", "byte"),
    [
        (b"", 1, 0),
        (b'{"a":1}\n', 2, 8),
        (b'\xef\xbb\xbf{"a":1}\r\n\r\n', 3, 14),
        (b'{"a":1}\n' * MANY, MANY + 1, 8 * MANY),
    ],
    ids=["first", "second", "after a BOM and a blank line", "far down"],
)
@pytest.mark.parametrize("bad", [b"<html>", b'{"a":', b'{"a":"\xff"}'], ids=["html", "cut", "not UTF-8"])
def test_a_line_that_is_not_json(before: bytes, line: int, byte: int, bad: bytes, result_of: ResultOf) -> None:
    result = result_of(before + bad + b"\n" + b'{"a":1}\n')
    given: list[dict[str, int]] = []
    with pytest.raises(ValueError, match="not a JSON record") as caught:
        given.extend(result.records("Patient"))
    assert len(given) == before.count(b"{"), "what comes before it is given"
    for part in (result.files[0].path, f"line {line},", f"byte {byte}:"):
        assert part in str(caught.value)


def test_records_with_a_parser_of_ones_own(result_of: ResultOf) -> None:
    result = result_of(b'{"a":1}\n\n{"a":2}\n')
    assert [str(record) for record in result.records("Patient", loads=len)] == ["7", "7"]

    class OwnError(Exception):
        pass

    def fail(record: bytes) -> None:
        assert isinstance(record, bytes)
        raise OwnError

    with pytest.raises(OwnError):
        next(result.records("Patient", loads=fail))


def test_iterators_of_records_are_independent(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b'{"a":1}\n{"a":2}\n'})
    one, other = result.records(), result.records()
    assert [next(one), next(other), next(one)] == [{"a": 1}, {"a": 1}, {"a": 2}]
    assert list(one) == []
    assert list(other) == [{"a": 2}]
