// The C interface of tables in a library that was built without them (-DBCDA_TABLES=OFF).
#include "error.hpp"

namespace {

bcda_status refuse(bcda_error** error) {
  return libbcda::capi::guard(error, [] {
    throw libbcda::Error(libbcda::Status::STATE, "this libbcda was built without tables (-DBCDA_TABLES=OFF)");
  });
}

}  // namespace

extern "C" {

int32_t bcda_table_count(void) { return 0; }
const char* bcda_table_at(int32_t) { return ""; }
bcda_status bcda_table_columns(const char*, char**, bcda_error** error) { return refuse(error); }
bcda_status bcda_table_view(const char*, const char*, char**, bcda_error** error) { return refuse(error); }
bcda_status bcda_table_open(const bcda_config*, const char* const*, int32_t, const char*, struct ArrowArrayStream*,
                            bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_tables_open(const bcda_config*, const char* const*, int32_t, const char* const*, int32_t,
                             bcda_tables**, bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_tables_schema(const bcda_tables*, int32_t, struct ArrowSchema*, bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_tables_next(bcda_tables*, int32_t*, struct ArrowArray*, bcda_error** error) { return refuse(error); }
bcda_status bcda_tables_encode(bcda_tables*, const char*, int32_t*, const char**, size_t*, bcda_error** error) {
  return refuse(error);
}
void bcda_tables_cancel(bcda_tables*) {}
bcda_status bcda_partitions(bcda_client*, const bcda_config*, const char*, const char* const*, int32_t, int32_t, char**,
                            bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_partition_open(bcda_client*, const bcda_config*, const char*, const char* const*, int32_t,
                                bcda_tables**, bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_partition_stream(bcda_client*, const bcda_config*, const char*, const char*, struct ArrowArrayStream*,
                                  bcda_error** error) {
  return refuse(error);
}
bcda_status bcda_partition_records(bcda_client*, const bcda_config*, const char*, bcda_reader**, bcda_error** error) {
  return refuse(error);
}
int64_t bcda_tables_rows(const bcda_tables*, int32_t) { return -1; }
int64_t bcda_tables_nulled(const bcda_tables*) { return -1; }
void bcda_tables_read(const bcda_tables*, int64_t* files, int64_t* bytes) {
  if (files) *files = -1;
  if (bytes) *bytes = -1;
}
void bcda_tables_destroy(bcda_tables*) {}

}  // extern "C"
