/* An export whose events nobody reads, so that all of them wait in memory.
 *   bench_unread SETTINGS
 * SETTINGS is the JSON text of a configuration file. */
#include <bcda/bcda.h>
#include <stdio.h>

static int fail(bcda_error* error) {
  fprintf(stderr, "bench_unread: %s\n", bcda_error_message(error));
  bcda_error_destroy(error);
  return 1;
}

int main(int argc, char** argv) {
  bcda_config* config = NULL;
  bcda_client* client = NULL;
  bcda_run* run = NULL;
  bcda_result* result = NULL;
  bcda_error* error = NULL;
  if (argc != 2) {
    fputs("usage: bench_unread SETTINGS\n", stderr);
    return 2;
  }
  if (bcda_config_create(&config, &error) || bcda_config_load_json(config, argv[1], &error) ||
      bcda_client_create(config, &client, &error) || bcda_export_start(client, NULL, NULL, &run, &error) ||
      bcda_run_wait(run, -1, &error) || bcda_run_result(run, &result, &error))
    return fail(error);
  bcda_result_destroy(result);
  bcda_run_destroy(run);
  bcda_client_destroy(client);
  bcda_config_destroy(config);
  return 0;
}
