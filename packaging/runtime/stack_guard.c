// What protected functions call when their frame was overwritten, and on aarch64 the value that they compare with. The
// compiler's own value is the same in every process. packaging/check.py finds the text in what was compiled with a stack
// protector, because the linker drops this function where nothing calls it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char kMessage[] = "libbcda: stack smashing detected\n";

__attribute__((visibility("hidden"), noreturn)) void __stack_chk_fail(void) {
  if (write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0) abort();
  abort();
}

#ifdef __aarch64__
#include <sys/auxv.h>

__attribute__((visibility("hidden"))) uintptr_t __stack_chk_guard;

// 101 is the first priority after those of the system, so no protected function of ours runs yet.
__attribute__((constructor(101), no_stack_protector)) static void choose_guard(void) {
  memcpy(&__stack_chk_guard, (const void*)getauxval(AT_RANDOM), sizeof __stack_chk_guard);
  __stack_chk_guard &= ~(uintptr_t)0xff;  // a zero byte, at which functions for texts stop
}
#endif
