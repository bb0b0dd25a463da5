/* A library for LD_PRELOAD. It makes one call of a process fail: the NTH_CALL-th of the kind NTH_KIND, with the errno
   NTH_ERRNO. Then it writes the callers into the file NTH_MARK. It counts from main() on. Allocations are of two kinds:
   "start" before bcda_client_create(), "malloc" from there on. At the end the file NTH_COUNTS gets the number of the
   calls of each kind. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  OPEN,
  READ,
  PREAD,
  WRITE,
  FSYNC,
  FDATASYNC,
  LINK,
  RENAME,
  UNLINK,
  MKDIR,
  CLOSE,
  SOCKET,
  CONNECT,
  SEND,
  RECV,
  START,
  MALLOC,
  KINDS
};
static const char* const names[KINDS] = {"open",    "read",   "pread",  "write", "fsync", "fdatasync",
                                         "link",    "rename", "unlink", "mkdir", "close", "socket",
                                         "connect", "send",   "recv",   "start", "malloc"};
static atomic_long calls[KINDS];
static int kind = -1;
static const char* mark = "";
static long nth = 0;
static int code = 0;
static atomic_int counting = 0, counting_engine = 0;

/* Whether this call has to fail. Sets errno then. */
static int fails(int of) {
  if (!atomic_load(of == MALLOC ? &counting_engine : &counting)) return 0;
  if (of == START && atomic_load(&counting_engine)) return 0;
  if (atomic_fetch_add(&calls[of], 1) + 1 != nth || of != kind) return 0;
  const long fd = syscall(SYS_openat, AT_FDCWD, mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) {
    void* callers[64];
    backtrace_symbols_fd(callers, backtrace(callers, 64), (int)fd);
    syscall(SYS_close, (int)fd);
  }
  errno = code;
  return 1;
}

static mode_t type_of(int fd) {
  struct stat info;
  const int before = errno;
  const mode_t type = fstat(fd, &info) == 0 ? info.st_mode & S_IFMT : 0;
  errno = before;
  return type;
}
static int is_socket(int fd) { return type_of(fd) == S_IFSOCK; }
static int is_file(int fd) { return type_of(fd) == S_IFREG; }

/* A pointer to the function that this one stands before. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* --- the start --- */

static int (*real_main)(int, char**, char**);

static int counted_main(int count, char** arguments, char** environment) {
  const char* value = getenv("NTH_KIND");
  for (int i = 0; value && i < KINDS; ++i)
    if (strcmp(value, names[i]) == 0) kind = i;
  value = getenv("NTH_MARK");
  if (value) mark = value;
  value = getenv("NTH_CALL");
  if (value) nth = atol(value);
  value = getenv("NTH_ERRNO");
  if (value) code = atoi(value);
  void* caller[1];
  backtrace(caller, 1); /* loads what it needs */
  atomic_store(&counting, 1);
  return real_main(count, arguments, environment);
}

typedef int Main(int, char**, char**);
typedef int Start(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*);
int __libc_start_main(Main* of, int count, char** arguments, void (*init)(void), void (*fini)(void),
                      void (*loader)(void), void* stack);
int __libc_start_main(Main* of, int count, char** arguments, void (*init)(void), void (*fini)(void),
                      void (*loader)(void), void* stack) {
  real_main = of;
  return ((Start*)dlsym(RTLD_NEXT, "__libc_start_main"))(counted_main, count, arguments, init, fini, loader, stack);
}

typedef int Create(const void*, void*, void*);
int bcda_client_create(const void* config, void* client, void* error);
int bcda_client_create(const void* config, void* client, void* error) {
  Create* const real = (Create*)dlsym(RTLD_NEXT, "bcda_client_create");
  atomic_store(&counting_engine, 1);
  return real(config, client, error);
}

__attribute__((destructor)) static void write_counts(void) {
  const char* path = getenv("NTH_COUNTS");
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (int i = 0; i < KINDS; ++i) fprintf(file, "%s %ld\n", names[i], atomic_load(&calls[i]));
  fclose(file);
}

/* --- files --- */

#define OPENED_WITH_MODE(flags) (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE)
#define MODE_ARGUMENT(flags)          \
  mode_t mode = 0;                    \
  if (OPENED_WITH_MODE(flags)) {      \
    va_list list;                     \
    va_start(list, flags);            \
    mode = (mode_t)va_arg(list, int); \
    va_end(list);                     \
  }

int open(const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return fails(OPEN) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return fails(OPEN) ? -1 : REAL(open64)(path, flags, mode);
}
int openat(int dir, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return fails(OPEN) ? -1 : REAL(openat)(dir, path, flags, mode);
}
int openat64(int dir, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return fails(OPEN) ? -1 : REAL(openat64)(dir, path, flags, mode);
}

ssize_t read(int fd, void* data, size_t size) {
  if (is_socket(fd) ? fails(RECV) : is_file(fd) && fails(READ)) return -1;
  return REAL(read)(fd, data, size);
}
ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  return fails(PREAD) ? -1 : REAL(pread)(fd, data, size, offset);
}
ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  return fails(PREAD) ? -1 : REAL(pread64)(fd, data, size, offset);
}
ssize_t write(int fd, const void* data, size_t size) {
  if (is_socket(fd) ? fails(SEND) : is_file(fd) && fails(WRITE)) return -1;
  return REAL(write)(fd, data, size);
}
int fsync(int fd) { return fails(FSYNC) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(FDATASYNC) ? -1 : REAL(fdatasync)(fd); }
int linkat(int from, const char* path, int to, const char* name, int flags) {
  return fails(LINK) ? -1 : REAL(linkat)(from, path, to, name, flags);
}
int renameat(int from, const char* path, int to, const char* name) {
  return fails(RENAME) ? -1 : REAL(renameat)(from, path, to, name);
}
int renameat2(int from, const char* path, int to, const char* name, unsigned flags) {
  return fails(RENAME) ? -1 : REAL(renameat2)(from, path, to, name, flags);
}
int unlinkat(int dir, const char* path, int flags) { return fails(UNLINK) ? -1 : REAL(unlinkat)(dir, path, flags); }
int mkdirat(int dir, const char* path, mode_t mode) { return fails(MKDIR) ? -1 : REAL(mkdirat)(dir, path, mode); }

/* The descriptor is closed, as it is on Linux when close() reports a failure. */
int close(int fd) {
  const int counts = (is_file(fd) || is_socket(fd)) && fails(CLOSE);
  const int result = REAL(close)(fd);
  if (!counts) return result;
  errno = code;
  return -1;
}

/* --- sockets --- */

int socket(int family, int type, int protocol) { return fails(SOCKET) ? -1 : REAL(socket)(family, type, protocol); }
int connect(int fd, const struct sockaddr* address, socklen_t size) {
  return fails(CONNECT) ? -1 : REAL(connect)(fd, address, size);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  return fails(SEND) ? -1 : REAL(send)(fd, data, size, flags);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  return fails(SEND) ? -1 : REAL(sendmsg)(fd, message, flags);
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  return fails(RECV) ? -1 : REAL(recv)(fd, data, size, flags);
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  return fails(RECV) ? -1 : REAL(recvmsg)(fd, message, flags);
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  if (is_socket(fd) ? fails(SEND) : is_file(fd) && fails(WRITE)) return -1;
  return REAL(writev)(fd, pieces, count);
}
ssize_t readv(int fd, const struct iovec* pieces, int count) {
  if (is_socket(fd) ? fails(RECV) : is_file(fd) && fails(READ)) return -1;
  return REAL(readv)(fd, pieces, count);
}

/* --- memory --- */

/* The allocator of glibc under its own names, because dlsym() allocates. */
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static int lacks_memory(void) {
  const int at_start = fails(START);
  return fails(MALLOC) || at_start;
}

void* malloc(size_t size) { return lacks_memory() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return lacks_memory() ? NULL : __libc_calloc(count, size); }
void* realloc(void* block, size_t size) { return lacks_memory() ? NULL : __libc_realloc(block, size); }
void* aligned_alloc(size_t alignment, size_t size) { return lacks_memory() ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  void* const made = lacks_memory() ? NULL : __libc_memalign(alignment, size);
  if (!made) return ENOMEM;
  *block = made;
  return 0;
}
