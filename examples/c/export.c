/* A complete program that uses libbcda. It exports claims to a directory, shows the progress, and prints the first record.
 *
 *   make && ./export DIRECTORY [TYPE,TYPE...]
 *
 * The settings come from the environment, as for the bcda command: BCDA_URL, BCDA_CLIENT_ID, BCDA_CLIENT_SECRET_FILE
 * (or BCDA_CLIENT_SECRET), BCDA_PRIVATE_KEY and, for a service with its own CA, BCDA_CA_FILE. `bcda sandbox` emulates a
 * service.
 */
#include <bcda/bcda.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Prints an error, frees it, and returns the exit code that the bcda command would have. */
static int fail(bcda_status status, bcda_error* error) {
  /* The error object is NULL if there was no memory for it. */
  fprintf(stderr, "export: %s\n", error ? bcda_error_message(error) : bcda_status_description(status));
  /* The service's words may name beneficiaries, so they are for a person at a terminal, and not for a log. */
  if (error && *bcda_error_outcome(error) && isatty(STDERR_FILENO))
    fprintf(stderr, "  the service says: %s\n", bcda_error_outcome(error));
  if (error && bcda_error_retriable(error)) fprintf(stderr, "  the same may succeed later\n");
  bcda_error_destroy(error);
  return bcda_status_exit_code(status);
}

/* The settings. The arguments have precedence over the environment, because they are set first. */
static bcda_status configure(bcda_config* config, int argc, char** argv, bcda_error** error) {
  bcda_status status = bcda_config_set(config, "out", argv[1], error);
  if (status == BCDA_OK && argc > 2) status = bcda_config_set(config, "types", argv[2], error);
  if (status == BCDA_OK) status = bcda_config_load_env(config, error);
  return status;
}

static void show(const bcda_event* event) {
  switch (bcda_event_get_kind(event)) {
    case BCDA_EVENT_STATE:
      printf("%s\n", bcda_event_text(event));
      break;
    case BCDA_EVENT_POLL:
      printf("  %s: %s\n", bcda_event_type(event), bcda_event_text(event));
      break;
    case BCDA_EVENT_FILE:
      printf("  %s: %" PRId64 " bytes verified\n", bcda_event_file(event), bcda_event_bytes_done(event));
      break;
    case BCDA_EVENT_RETRY:
    case BCDA_EVENT_WARNING:
      fprintf(stderr, "  %s\n", bcda_event_text(event));
      break;
    default: /* ignore unknown kinds, because later versions may add some */
      break;
  }
}

/* Reads the events of the run until the end. A program with its own event loop would instead use a timeout of 0 after each
 * wake-up by bcda_run_notify. */
static bcda_status follow(bcda_run* run, bcda_error** error) {
  bcda_event* event = NULL;
  bcda_status status;
  while ((status = bcda_run_next_event(run, -1, &event, error)) == BCDA_OK) {
    show(event);
    bcda_event_destroy(event);
  }
  if (status != BCDA_END) return status;
  return bcda_run_wait(run, -1, error); /* returns at once, because the run has ended; returns its status */
}

static bcda_status print_first_record(const char* path, bcda_error** error) {
  bcda_reader* reader = NULL;
  const char* data = NULL; /* owned by the reader */
  size_t size = 0;
  bcda_status status = bcda_reader_open(path, &reader, error);
  if (status != BCDA_OK) return status;
  status = bcda_reader_next(reader, &data, &size, error);
  if (status == BCDA_OK) printf("\nfirst record of %s:\n%.*s\n", path, (int)(size < 300 ? size : 300), data);
  bcda_reader_destroy(reader);
  return status == BCDA_END ? BCDA_OK : status; /* a file without records is not a failure */
}

static bcda_status list_files(bcda_run* run, bcda_error** error) {
  bcda_result* result = NULL;
  bcda_status status = bcda_run_result(run, &result, error);
  if (status != BCDA_OK) return status;
  printf("\n%" PRId32 " files, as of %s:\n", bcda_result_file_count(result), bcda_result_transaction_time(result));
  for (int32_t i = 0; i < bcda_result_file_count(result); i++) {
    const bcda_file* file = bcda_result_file(result, i); /* valid as long as the result */
    printf("  %-20s %8" PRId64 " records %12" PRId64 " bytes  %s\n", bcda_file_type(file), bcda_file_records(file),
           bcda_file_bytes(file), bcda_file_path(file));
  }
  if (bcda_result_file_count(result) > 0)
    status = print_first_record(bcda_file_path(bcda_result_file(result, 0)), error);
  bcda_result_destroy(result);
  return status;
}

int main(int argc, char** argv) {
  bcda_config* config = NULL;
  bcda_client* client = NULL;
  bcda_run* run = NULL;
  bcda_error* error = NULL;
  bcda_status status;

  if (argc < 2) {
    fprintf(stderr, "usage: export DIRECTORY [TYPE,TYPE...]\n");
    return 2;
  }

  status = bcda_config_create(&config, &error);
  if (status == BCDA_OK) status = configure(config, argc, argv, &error);
  if (status == BCDA_OK) status = bcda_client_create(config, &client, &error);
  if (status == BCDA_OK) status = bcda_export_start(client, NULL, NULL, &run, &error); /* runs in the background */
  if (status == BCDA_OK) status = follow(run, &error);
  if (status == BCDA_OK) status = list_files(run, &error);

  /* Destroy the run before its client. NULL is allowed for objects that were not created. */
  bcda_run_destroy(run);
  bcda_client_destroy(client);
  bcda_config_destroy(config);
  return status == BCDA_OK ? 0 : fail(status, error);
}
