"""The Python package offers every function of the C interface and every setting."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
from pathlib import Path

import bcda
import pytest
from bcda import _native

ROOT = Path(__file__).parent.parent.parent
HEADERS = [ROOT / "capi/include/bcda/bcda.h", ROOT / "sandbox/include/bcda/bcda_sandbox.h"]

# For each C function: the equivalent in Python.
REACHED = {
    "bcda_status_name": "Status.name",
    "bcda_status_description": "Status.description",
    "bcda_status_exit_code": "Status.exit_code",
    "bcda_status_count": "statuses",
    "bcda_status_at": "statuses",
    "bcda_version": "__version__",
    "bcda_version_number": "__version__",
    "bcda_version_check": "Client",
    "bcda_version_details": "version_details",
    "bcda_live_handles": "live_handles",
    "bcda_string_free": "Client.metadata",
    "bcda_error_status": "Error.code",
    "bcda_error_message": "Error.__str__",
    "bcda_error_http_status": "Error.http_status",
    "bcda_error_outcome": "Error.outcome",
    "bcda_error_file": "Error.file",
    "bcda_error_retriable": "Error.retriable",
    "bcda_error_retry_after_ms": "Error.retry_after",
    "bcda_error_destroy": "Error",
    "bcda_setting_count": "settings",
    "bcda_setting_at": "settings",
    "bcda_setting_find": "settings",
    "bcda_setting_name": "Setting.name",
    "bcda_setting_get_type": "Setting.type",
    "bcda_setting_type_name": "Setting.type",
    "bcda_setting_default": "Setting.default",
    "bcda_setting_choices": "Setting.choices",
    "bcda_setting_env": "Setting.env",
    "bcda_setting_help": "Setting.help",
    "bcda_setting_get_scope": "Setting.scope",
    "bcda_setting_secret": "Setting.secret",
    "bcda_setting_of_request": "Setting.of_request",
    "bcda_setting_for_opening": "Setting.for_opening",
    "bcda_config_create": "Client",
    "bcda_config_destroy": "Client",
    "bcda_config_set": "Client",
    "bcda_config_add": "Client",
    "bcda_config_get": "Client",
    "bcda_config_load_env": "Client",
    "bcda_config_load_file": "Client",
    "bcda_config_load_json": "Client",
    "bcda_config_set_provider": "Client",
    "bcda_client_create": "Client",
    "bcda_client_destroy": "Client.close",
    "bcda_client_metadata": "Client.metadata",
    "bcda_client_profile": "Client.profile",
    "bcda_export_plan": "Client.plan",
    "bcda_profiles": "profiles",
    "bcda_sink_create": "Sink",
    "bcda_sink_destroy": "Sink",
    "bcda_export_start": "Client.start",
    "bcda_manifest_start": "Client.start_manifest",
    "bcda_metadata_start": "Client.start_metadata",
    "bcda_inquiry_start": "Client.start_inquiry",
    "bcda_sync_start": "Client.start_sync",
    "bcda_resume_start": "Client.start_resume",
    "bcda_directory_status": "directory_status",
    "bcda_fetch_start": "Client.start_fetch",
    "bcda_run_get_kind": "Run.kind",
    "bcda_run_kind_name": "Run.kind",
    "bcda_run_fd": "Run.fileno",
    "bcda_run_next_event": "Run.next_event",
    "bcda_run_notify": "Run.__aiter__",
    "bcda_run_wait": "Run.wait",
    "bcda_run_cancel": "Run.cancel",
    "bcda_run_result": "Run.result",
    "bcda_run_destroy": "Run.close",
    "bcda_event_get_kind": "Event.kind",
    "bcda_event_kind_name": "Event.kind",
    "bcda_event_text": "Event.text",
    "bcda_event_type": "Event.type",
    "bcda_event_file": "Event.file",
    "bcda_event_url": "Event.url",
    "bcda_event_status": "Event.status",
    "bcda_event_percent": "Event.percent",
    "bcda_event_bytes_done": "Event.bytes_done",
    "bcda_event_bytes_total": "Event.bytes_total",
    "bcda_event_files_done": "Event.files_done",
    "bcda_event_files_total": "Event.files_total",
    "bcda_event_wait_ms": "Event.wait",
    "bcda_event_json": "Event.json",
    "bcda_event_destroy": "Event",
    "bcda_result_open": "ExportResult.open",
    "bcda_result_file_count": "ExportResult.files",
    "bcda_result_file": "ExportResult.files",
    "bcda_result_error_file_count": "ExportResult.error_files",
    "bcda_result_partial": "ExportResult.partial",
    "bcda_result_issue_count": "ExportResult.issues",
    "bcda_result_issue": "ExportResult.issues",
    "bcda_issue_severity": "Issue.severity",
    "bcda_issue_code": "Issue.code",
    "bcda_issue_text": "Issue.text",
    "bcda_issue_file": "Issue.file",
    "bcda_issue_count": "Issue.count",
    "bcda_result_types": "ExportResult.asked_for",
    "bcda_result_transaction_time": "ExportResult.transaction_time",
    "bcda_result_directory": "ExportResult.directory",
    "bcda_result_deleted": "ExportResult.deleted",
    "bcda_result_elapsed_ms": "ExportResult.elapsed",
    "bcda_result_json": "ExportResult.receipt",
    "bcda_result_manifest": "Manifest.text",
    "bcda_result_metadata": "Client.metadata",
    "bcda_result_answer": "Client.check_auth",
    "bcda_result_destroy": "ExportResult",
    "bcda_file_type": "File.type",
    "bcda_file_url": "File.url",
    "bcda_file_path": "File.path",
    "bcda_file_bytes": "File.bytes",
    "bcda_file_records": "File.records",
    "bcda_file_sha256": "File.sha256",
    "bcda_file_decrypted": "File.decrypted",
    "bcda_file_is_error": "File.is_error",
    "bcda_file_kind": "File.kind",
    "bcda_file_proof": "File.proof",
    "bcda_decrypt_file": "decrypt",
    "bcda_reader_open": "ExportResult.records",
    "bcda_reader_next": "ExportResult.records",
    "bcda_reader_line": "ExportResult.records",
    "bcda_reader_offset": "ExportResult.records",
    "bcda_reader_file": "partition_records",
    "bcda_reader_type": "partition_records",
    "bcda_reader_cancel": "partition_records",
    "bcda_reader_destroy": "ExportResult.records",
    "bcda_table_count": "table_names",
    "bcda_table_at": "table_names",
    "bcda_table_columns": "table_columns",
    "bcda_table_view": "table_view",
    "bcda_table_open": "Table.__arrow_c_stream__",
    "bcda_tables_open": "open_table",
    "bcda_tables_schema": "Table.schema",
    "bcda_tables_next": "Table.batches",
    "bcda_tables_encode": "Table.save",
    "bcda_tables_rows": "Table.save",
    "bcda_tables_nulled": "Table.save",
    "bcda_tables_read": "Partition.bytes",
    "bcda_tables_cancel": "PartitionTable.batches",
    "bcda_tables_destroy": "Table",
    "bcda_partitions": "partitions",
    "bcda_partition_open": "open_partition",
    "bcda_partition_stream": "PartitionTable.__arrow_c_stream__",
    "bcda_partition_records": "partition_records",
    "bcda_sandbox_options_create": "Sandbox",
    "bcda_sandbox_options_set": "Sandbox",
    "bcda_sandbox_options_destroy": "Sandbox",
    "bcda_sandbox_option_count": "sandbox_options",
    "bcda_sandbox_option_name": "SandboxOption.name",
    "bcda_sandbox_option_default": "SandboxOption.default",
    "bcda_sandbox_option_help": "SandboxOption.help",
    "bcda_sandbox_start": "Sandbox",
    "bcda_sandbox_destroy": "Sandbox.close",
    "bcda_sandbox_url": "Sandbox.url",
    "bcda_sandbox_client_id": "Sandbox.client_id",
    "bcda_sandbox_client_secret": "Sandbox.client_secret",
    "bcda_sandbox_private_key": "Sandbox.private_key",
    "bcda_sandbox_ca_file": "Sandbox.ca_file",
    "bcda_sandbox_setting_count": "Sandbox.settings",
    "bcda_sandbox_setting_name": "Sandbox.settings",
    "bcda_sandbox_setting_value": "Sandbox.settings",
    "bcda_sandbox_json": "Sandbox",
    "bcda_sandbox_control": "Sandbox.control",
    "bcda_sandbox_request_count": "Sandbox.request_count",
}


# Functions whose information the module gets from another function.
SAID_OTHERWISE = {
    "bcda_client_metadata": "bcda_metadata_start",
    "bcda_config_load_json": "keyword arguments: bcda.Client(**json.loads(text))",
    "bcda_error_status": "the status that every call returns",
    "bcda_event_get_kind": "bcda_event_kind_name",
    "bcda_run_get_kind": "bcda_run_kind_name",
    "bcda_setting_get_type": "bcda_setting_type_name",
    "bcda_tables_read": "for the metrics of engines, which Python sources of Spark do not have",
    "bcda_version_number": "bcda_version",
}

# The undefined symbols of the module before it is linked with the library. They show which functions it calls.
OBJECTS = sorted(map(str, Path(os.environ.get("BCDA_TEST_OBJECTS", os.devnull)).rglob("native/*.o")))


def declared() -> set[str]:
    text = " ".join(header.read_text() for header in HEADERS)
    return set(re.findall(r"BCDA_API [\w\s*]+?\b(bcda_\w+)\s*\(", text))


def test_every_function_of_the_headers_is_reached() -> None:
    assert len(declared()) > 100
    assert declared() == set(REACHED)


@pytest.mark.parametrize("name", sorted(set(REACHED.values())))
def test_what_reaches_them_is_there(name: str) -> None:
    owner, _, member = name.partition(".")
    value = getattr(bcda, owner)
    if member:
        documented = re.search(rf"^\s+[\w, ]*\b{member}\b[\w, ]*:", value.__doc__ or "", re.MULTILINE)
        assert hasattr(value, member) or member in getattr(value, "__annotations__", {}) or documented


@pytest.mark.skipif(not OBJECTS, reason="needs the module's objects: ./dev test sets BCDA_TEST_OBJECTS")
def test_the_module_calls_every_function() -> None:
    symbols = subprocess.run(["nm", "-u", *OBJECTS], capture_output=True, text=True, check=True).stdout
    called = set(re.findall(r"\bU (bcda_\w+)", symbols))
    assert declared() - called == set(SAID_OTHERWISE)
    assert called <= declared()


def test_every_status_and_every_setting_comes_from_the_library() -> None:
    assert [status.name for status in bcda.statuses()] == [row["name"] for row in _native.statuses()]
    names = {row["name"] for row in _native.settings() if row["scope"] in ("client", "export")}
    assert names <= set(inspect.signature(bcda.Client).parameters)
    tables = {row["name"] for row in _native.settings() if row["scope"] == "table"}
    for function in (bcda.open_table, bcda.ExportResult.table, bcda.ExportResult.duckdb):
        assert tables <= set(inspect.signature(function).parameters)
    assert not tables & set(inspect.signature(bcda.Client).parameters)
    partition = {row["name"] for row in _native.settings() if row["scope"] == "partition"}
    for of_partitions in (bcda.partitions, bcda.Client.partitions, bcda.open_partition, bcda.partition_records):
        assert partition | tables <= set(inspect.signature(of_partitions).parameters)
    export = {row["name"] for row in _native.settings() if row["scope"] == "export"}
    for method in (bcda.Client.export, bcda.Client.start, bcda.Client.fetch, bcda.Client.export_async):
        assert export - {"types"} <= set(inspect.signature(method).parameters)


def test_every_option_of_the_sandbox_is_a_keyword() -> None:
    for option in bcda.sandbox_options():
        assert option.name in (bcda.Sandbox.__doc__ or "")
        if option.name != "fault":
            value = "localhost" if option.name == "host" else option.default or None
            bcda.Sandbox(1, **({} if option.name == "beneficiaries" else {option.name: value})).close()  # type: ignore[arg-type]
