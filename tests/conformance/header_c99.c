/* The headers are strict C99, and a C program links with every function of them. That the libraries show these
 * functions and no others is checked by exported_symbols.sh. */
#include <bcda/bcda.h>
#include <bcda/bcda_sandbox.h>
#include <stdio.h>
#include <string.h>

typedef void (*any_function)(void);
typedef struct {
  const char* name;
  any_function function;
} row;

#define FUNCTION(name) \
  { #name, (any_function)name }

static const row functions[] = {
    /* clang-format off */
    FUNCTION(bcda_status_name),
    FUNCTION(bcda_status_description),
    FUNCTION(bcda_status_exit_code),
    FUNCTION(bcda_status_count),
    FUNCTION(bcda_status_at),
    FUNCTION(bcda_version),
    FUNCTION(bcda_version_details),
    FUNCTION(bcda_version_number),
    FUNCTION(bcda_version_check),
    FUNCTION(bcda_live_handles),
    FUNCTION(bcda_string_free),
    FUNCTION(bcda_error_status),
    FUNCTION(bcda_error_message),
    FUNCTION(bcda_error_http_status),
    FUNCTION(bcda_error_outcome),
    FUNCTION(bcda_error_file),
    FUNCTION(bcda_error_retriable),
    FUNCTION(bcda_error_retry_after_ms),
    FUNCTION(bcda_error_destroy),
    FUNCTION(bcda_setting_count),
    FUNCTION(bcda_setting_at),
    FUNCTION(bcda_setting_find),
    FUNCTION(bcda_setting_name),
    FUNCTION(bcda_setting_get_type),
    FUNCTION(bcda_setting_type_name),
    FUNCTION(bcda_setting_default),
    FUNCTION(bcda_setting_choices),
    FUNCTION(bcda_setting_env),
    FUNCTION(bcda_setting_help),
    FUNCTION(bcda_setting_get_scope),
    FUNCTION(bcda_setting_secret),
    FUNCTION(bcda_config_create),
    FUNCTION(bcda_config_destroy),
    FUNCTION(bcda_config_set),
    FUNCTION(bcda_config_add),
    FUNCTION(bcda_config_get),
    FUNCTION(bcda_config_load_env),
    FUNCTION(bcda_config_load_file),
    FUNCTION(bcda_config_load_json),
    FUNCTION(bcda_config_set_provider),
    FUNCTION(bcda_client_create),
    FUNCTION(bcda_client_destroy),
    FUNCTION(bcda_client_metadata),
    FUNCTION(bcda_sink_create),
    FUNCTION(bcda_sink_destroy),
    FUNCTION(bcda_export_start),
    FUNCTION(bcda_resume_start),
    FUNCTION(bcda_directory_status),
    FUNCTION(bcda_sync_start),
    FUNCTION(bcda_manifest_start),
    FUNCTION(bcda_metadata_start),
    FUNCTION(bcda_fetch_start),
    FUNCTION(bcda_run_get_kind),
    FUNCTION(bcda_run_kind_name),
    FUNCTION(bcda_run_next_event),
    FUNCTION(bcda_run_notify),
    FUNCTION(bcda_run_fd),
    FUNCTION(bcda_run_wait),
    FUNCTION(bcda_run_cancel),
    FUNCTION(bcda_run_result),
    FUNCTION(bcda_run_destroy),
    FUNCTION(bcda_event_get_kind),
    FUNCTION(bcda_event_kind_name),
    FUNCTION(bcda_event_text),
    FUNCTION(bcda_event_type),
    FUNCTION(bcda_event_file),
    FUNCTION(bcda_event_url),
    FUNCTION(bcda_event_status),
    FUNCTION(bcda_event_percent),
    FUNCTION(bcda_event_bytes_done),
    FUNCTION(bcda_event_bytes_total),
    FUNCTION(bcda_event_files_done),
    FUNCTION(bcda_event_files_total),
    FUNCTION(bcda_event_wait_ms),
    FUNCTION(bcda_event_json),
    FUNCTION(bcda_event_destroy),
    FUNCTION(bcda_result_file_count),
    FUNCTION(bcda_result_file),
    FUNCTION(bcda_result_error_file_count),
    FUNCTION(bcda_result_partial),
    FUNCTION(bcda_result_issue_count),
    FUNCTION(bcda_result_issue),
    FUNCTION(bcda_result_types),
    FUNCTION(bcda_result_transaction_time),
    FUNCTION(bcda_result_elapsed_ms),
    FUNCTION(bcda_result_json),
    FUNCTION(bcda_result_manifest),
    FUNCTION(bcda_result_metadata),
    FUNCTION(bcda_result_open),
    FUNCTION(bcda_result_destroy),
    FUNCTION(bcda_file_type),
    FUNCTION(bcda_file_url),
    FUNCTION(bcda_file_path),
    FUNCTION(bcda_file_bytes),
    FUNCTION(bcda_file_records),
    FUNCTION(bcda_file_sha256),
    FUNCTION(bcda_file_decrypted),
    FUNCTION(bcda_file_is_error),
    FUNCTION(bcda_file_kind),
    FUNCTION(bcda_file_proof),
    FUNCTION(bcda_issue_severity),
    FUNCTION(bcda_issue_code),
    FUNCTION(bcda_issue_text),
    FUNCTION(bcda_issue_file),
    FUNCTION(bcda_issue_count),
    FUNCTION(bcda_decrypt_file),
    FUNCTION(bcda_reader_open),
    FUNCTION(bcda_reader_next),
    FUNCTION(bcda_reader_line),
    FUNCTION(bcda_reader_offset),
    FUNCTION(bcda_reader_file),
    FUNCTION(bcda_reader_type),
    FUNCTION(bcda_reader_cancel),
    FUNCTION(bcda_reader_destroy),
    FUNCTION(bcda_table_count),
    FUNCTION(bcda_table_at),
    FUNCTION(bcda_table_columns),
    FUNCTION(bcda_table_view),
    FUNCTION(bcda_table_open),
    FUNCTION(bcda_tables_open),
    FUNCTION(bcda_tables_schema),
    FUNCTION(bcda_tables_next),
    FUNCTION(bcda_tables_encode),
    FUNCTION(bcda_tables_rows),
    FUNCTION(bcda_tables_nulled),
    FUNCTION(bcda_tables_read),
    FUNCTION(bcda_tables_cancel),
    FUNCTION(bcda_tables_destroy),
    FUNCTION(bcda_partitions),
    FUNCTION(bcda_partition_open),
    FUNCTION(bcda_partition_stream),
    FUNCTION(bcda_partition_records),
    FUNCTION(bcda_sandbox_options_create),
    FUNCTION(bcda_sandbox_options_set),
    FUNCTION(bcda_sandbox_options_destroy),
    FUNCTION(bcda_sandbox_option_count),
    FUNCTION(bcda_sandbox_option_name),
    FUNCTION(bcda_sandbox_option_default),
    FUNCTION(bcda_sandbox_option_help),
    FUNCTION(bcda_sandbox_start),
    FUNCTION(bcda_sandbox_destroy),
    FUNCTION(bcda_sandbox_url),
    FUNCTION(bcda_sandbox_client_id),
    FUNCTION(bcda_sandbox_client_secret),
    FUNCTION(bcda_sandbox_private_key),
    FUNCTION(bcda_sandbox_ca_file),
    FUNCTION(bcda_sandbox_setting_count),
    FUNCTION(bcda_sandbox_setting_name),
    FUNCTION(bcda_sandbox_setting_value),
    FUNCTION(bcda_sandbox_json),
    FUNCTION(bcda_sandbox_control),
    FUNCTION(bcda_sandbox_request_count),
    /* clang-format on */
};

int main(void) {
  const size_t count = sizeof functions / sizeof functions[0];
  size_t i;
  for (i = 0; i < count; i++) {
    if (!functions[i].function) {
      fprintf(stderr, "%s is missing\n", functions[i].name);
      return 1;
    }
  }
  /* What the header says about the version is what the library is. */
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", BCDA_VERSION_MAJOR, BCDA_VERSION_MINOR, BCDA_VERSION_PATCH);
  if (strcmp(version, bcda_version()) != 0) {
    fprintf(stderr, "the header is %s, the library %s\n", version, bcda_version());
    return 1;
  }
  if (bcda_version_number() != BCDA_VERSION_NUMBER || bcda_version_check(BCDA_VERSION_NUMBER, NULL) != BCDA_OK) {
    fprintf(stderr, "the library does not fit its own header\n");
    return 1;
  }
  printf("%d functions of %s\n", (int)count, version);
  return 0;
}
