/* Reads claim lines as a table: how many there are, and what Medicare paid for them. The columns come as Arrow arrays.
 *
 *   make && ./claim_lines DIRECTORY
 *
 * DIRECTORY is that of a finished export, such as export.c makes it.
 */
#include <bcda/arrow.h>
#include <bcda/bcda.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCALE 100 /* paid_amount is decimal(18, 2): an integer of cents */

/* Prints an error, frees it, and returns the exit code that the bcda command would have. */
static int fail(bcda_status status, bcda_error* error) {
  fprintf(stderr, "claim_lines: %s\n", error ? bcda_error_message(error) : bcda_status_description(status));
  bcda_error_destroy(error);
  return bcda_status_exit_code(status);
}

/* Opens the table with one column. */
static bcda_status open_lines(const char* directory, struct ArrowArrayStream* stream, bcda_error** error) {
  bcda_config* settings = NULL;
  bcda_status status = bcda_config_create(&settings, error);
  if (status == BCDA_OK) status = bcda_config_set(settings, "columns", "paid_amount", error);
  if (status == BCDA_OK) status = bcda_table_open(settings, &directory, 1, "claim_line", stream, error);
  bcda_config_destroy(settings);
  return status;
}

/* Whether the row has a value. Without a bitmap, each row has one. */
static int is_there(const struct ArrowArray* column, int64_t row) {
  const uint8_t* bits = column->buffers[0];
  const int64_t at = column->offset + row;
  return !bits || (bits[at / 8] >> (at % 8) & 1);
}

/* The low 64 bits of a decimal of 128 bits, which hold each amount of up to 18 digits. */
static int64_t amount(const struct ArrowArray* column, int64_t row) {
  int64_t low;
  memcpy(&low, (const uint8_t*)column->buffers[1] + 16 * (column->offset + row), sizeof low);
  return low;
}

int main(int argc, char** argv) {
  struct ArrowArrayStream stream;
  struct ArrowArray batch;
  bcda_error* error = NULL;
  int64_t lines = 0, with_amount = 0, paid = 0;
  bcda_status status;
  int code;

  if (argc != 2) {
    fprintf(stderr, "usage: claim_lines DIRECTORY\n");
    return 2;
  }
  status = open_lines(argv[1], &stream, &error);
  if (status != BCDA_OK) return fail(status, error);
  while ((code = stream.get_next(&stream, &batch)) == 0 && batch.release) {
    const struct ArrowArray* column = batch.children[0];
    int64_t row;
    for (row = 0; row < batch.length; ++row) {
      if (!is_there(column, row)) continue;
      ++with_amount;
      paid += amount(column, row);
    }
    lines += batch.length;
    batch.release(&batch);
  }
  if (code != 0) fprintf(stderr, "claim_lines: %s\n", stream.get_last_error(&stream));
  stream.release(&stream);
  if (code != 0) return 1;
  printf("%" PRId64 " claim lines, %" PRId64 " of them with a paid amount, %" PRId64 ".%02d dollars in all\n", lines,
         with_amount, paid / SCALE, (int)(paid % SCALE));
  return 0;
}
