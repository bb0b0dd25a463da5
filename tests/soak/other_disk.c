/* A library for LD_PRELOAD. It answers some calls of a process as another file system or kernel does: the one that
   OTHER_DISK names (see `profiles`). At the end the file OTHER_DISK_COUNTS gets the number of the answers of each kind.
   Failures that pass are counted in the file OTHER_DISK_FAILURES, over all processes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  LINK,
  RENAME,
  RENAME_FLAGS,
  LOCK,
  SYNC_DIRECTORY,
  SYNC_RANGE,
  SYNC_SYSTEM,
  NAMELESS,
  CHANGE_MODE,
  OWNER,
  MODE,
  INODE,
  CALLS
};
static const char* const names[CALLS] = {"link",       "rename", "rename-flags", "flock",  "fsync-directory",
                                         "sync-range", "syncfs", "nameless",     "fchmod", "owner",
                                         "mode",       "inode"};

enum How {
  NEVER_WORKS,
  LOSES_ANSWERS,  /* the call is done, but every second time it reports a failure */
  FAILS_AT_FIRST, /* fails for a while, as when a virus scanner has the file open */
  SHOWS,          /* the value of stat() */
};
enum { FIRST_CALLS = 3 };

struct Rule {
  int call;
  enum How how;
  int value; /* errno; with SHOWS: the value */
};
struct Profile {
  const char* name;
  struct Rule rules[CALLS + 1];
};

enum { NOBODY = 65534, SOMEBODY = 1000 };
#define END \
  { 0, NEVER_WORKS, 0 }
static const struct Profile profiles[] = {
    /* Answers are lost, and the call that the client repeats finds the work done. */
    {"nfs",
     {{LINK, LOSES_ANSWERS, EEXIST},
      {RENAME, LOSES_ANSWERS, ENOENT},
      {LOCK, NEVER_WORKS, ENOLCK},
      {NAMELESS, NEVER_WORKS, EOPNOTSUPP},
      END}},
    /* The server maps root to nobody. */
    {"nfs-root-squash",
     {{OWNER, SHOWS, NOBODY}, {CHANGE_MODE, NEVER_WORKS, EPERM}, {NAMELESS, NEVER_WORKS, EOPNOTSUPP}, END}},
    {"nfs-stale",
     {{LINK, FAILS_AT_FIRST, ESTALE}, {RENAME_FLAGS, FAILS_AT_FIRST, ESTALE}, {LOCK, NEVER_WORKS, ENOLCK}, END}},
    /* One owner and one mode for all files. */
    {"smb",
     {{LINK, NEVER_WORKS, EOPNOTSUPP},
      {RENAME_FLAGS, NEVER_WORKS, EINVAL},
      {LOCK, NEVER_WORKS, EOPNOTSUPP},
      {SYNC_DIRECTORY, NEVER_WORKS, EINVAL},
      {NAMELESS, NEVER_WORKS, EOPNOTSUPP},
      {CHANGE_MODE, NEVER_WORKS, EPERM},
      {OWNER, SHOWS, SOMEBODY},
      {MODE, SHOWS, 0777},
      END}},
    {"smb-scanned",
     {{LINK, NEVER_WORKS, EOPNOTSUPP},
      {RENAME_FLAGS, NEVER_WORKS, EINVAL},
      {RENAME, FAILS_AT_FIRST, EBUSY},
      {LOCK, NEVER_WORKS, EACCES},
      END}},
    {"smb-denied",
     {{LINK, NEVER_WORKS, EOPNOTSUPP}, {RENAME_FLAGS, NEVER_WORKS, EINVAL}, {RENAME, FAILS_AT_FIRST, EACCES}, END}},
    {"smb-text-busy", {{LINK, NEVER_WORKS, EMLINK}, {RENAME_FLAGS, FAILS_AT_FIRST, ETXTBSY}, END}},
    {"fuse",
     {{LINK, NEVER_WORKS, EPERM},
      {RENAME_FLAGS, NEVER_WORKS, EINVAL},
      {LOCK, NEVER_WORKS, ENOSYS},
      {SYNC_DIRECTORY, NEVER_WORKS, EBADF},
      {SYNC_RANGE, NEVER_WORKS, ENOSYS},
      {NAMELESS, NEVER_WORKS, EOPNOTSUPP},
      {CHANGE_MODE, NEVER_WORKS, ENOSYS},
      {MODE, SHOWS, 0777},
      END}},
    /* A FUSE file system without the option use_ino: a file has another number each time it is looked up. */
    {"fuse-inodes", {{LINK, NEVER_WORKS, ENOSYS}, {RENAME_FLAGS, NEVER_WORKS, ENOSYS}, {INODE, SHOWS, 0}, END}},
    {"exfat",
     {{LINK, NEVER_WORKS, EPERM},
      {RENAME_FLAGS, NEVER_WORKS, EINVAL},
      {CHANGE_MODE, NEVER_WORKS, EPERM},
      {MODE, SHOWS, 0777},
      {NAMELESS, NEVER_WORKS, EOPNOTSUPP},
      END}},
    {"wsl",
     {{LINK, NEVER_WORKS, EPERM},
      {RENAME_FLAGS, NEVER_WORKS, ENOSYS},
      {LOCK, NEVER_WORKS, EINVAL},
      {SYNC_DIRECTORY, NEVER_WORKS, EISDIR},
      {SYNC_RANGE, NEVER_WORKS, ENOSYS},
      {SYNC_SYSTEM, NEVER_WORKS, ENOSYS},
      {NAMELESS, NEVER_WORKS, EISDIR},
      {MODE, SHOWS, 0777},
      END}},
    {"gvisor",
     {{LINK, NEVER_WORKS, EOPNOTSUPP},
      {RENAME_FLAGS, NEVER_WORKS, EOPNOTSUPP},
      {SYNC_RANGE, NEVER_WORKS, EOPNOTSUPP},
      {SYNC_SYSTEM, NEVER_WORKS, ENOSYS},
      {NAMELESS, NEVER_WORKS, EINVAL},
      END}},
    /* The filter of an old Docker answers EPERM to each call that it does not know. */
    {"seccomp",
     {{LINK, NEVER_WORKS, EPERM},
      {RENAME_FLAGS, NEVER_WORKS, EPERM},
      {LOCK, NEVER_WORKS, EPERM},
      {SYNC_RANGE, NEVER_WORKS, EPERM},
      {SYNC_SYSTEM, NEVER_WORKS, EPERM},
      {NAMELESS, NEVER_WORKS, EPERM},
      END}},
};

/* A pointer to the function that this one stands before. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const struct Profile* profile = NULL;
static atomic_long calls[CALLS], answers[CALLS];

__attribute__((constructor)) static void choose(void) {
  const char* wanted = getenv("OTHER_DISK");
  for (size_t i = 0; wanted && i < sizeof profiles / sizeof *profiles; ++i)
    if (strcmp(wanted, profiles[i].name) == 0) profile = &profiles[i];
  if (wanted && !profile) abort();
}

__attribute__((destructor)) static void write_counts(void) {
  const char* path = getenv("OTHER_DISK_COUNTS");
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (const struct Rule* rule = profile ? profile->rules : NULL; rule && (rule->value || rule->how == SHOWS); ++rule)
    fprintf(file, "%s %ld\n", names[rule->call], atomic_load(&answers[rule->call]));
  fclose(file);
}

static const struct Rule* rule_for(int call) {
  for (const struct Rule* rule = profile ? profile->rules : NULL; rule && (rule->value || rule->how == SHOWS); ++rule)
    if (rule->call == call) return rule;
  return NULL;
}

static int answer(int call, int code) {
  atomic_fetch_add(&answers[call], 1);
  errno = code;
  return -1;
}

/* Counts one failure. Returns 0 if there have been enough. */
static int one_more_failure(void) {
  const char* path = getenv("OTHER_DISK_FAILURES");
  const int fd = path ? open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600) : -1;
  struct stat info;
  const int more = fd >= 0 && REAL(fstat)(fd, &info) == 0 && info.st_size < FIRST_CALLS && write(fd, ".", 1) == 1;
  if (fd >= 0) close(fd);
  return more;
}

/* Whether the call fails without having been done. Sets errno then. */
static int refused(int call) {
  const struct Rule* rule = rule_for(call);
  if (!rule || rule->how == LOSES_ANSWERS) return 0;
  if (rule->how == FAILS_AT_FIRST && !one_more_failure()) return 0;
  return answer(call, rule->value);
}

static int reported(int call, int result) {
  const struct Rule* rule = rule_for(call);
  if (!rule || rule->how != LOSES_ANSWERS || result != 0 || atomic_fetch_add(&calls[call], 1) % 2 != 0) return result;
  return answer(call, rule->value);
}

/* --- the publishing path --- */

int linkat(int from, const char* path, int to, const char* name, int flags) {
  return refused(LINK) ? -1 : reported(LINK, REAL(linkat)(from, path, to, name, flags));
}
int renameat(int from, const char* path, int to, const char* name) {
  return refused(RENAME) ? -1 : reported(RENAME, REAL(renameat)(from, path, to, name));
}
int renameat2(int from, const char* path, int to, const char* name, unsigned flags) {
  const int call = flags ? RENAME_FLAGS : RENAME;
  return refused(call) ? -1 : reported(call, REAL(renameat2)(from, path, to, name, flags));
}
int flock(int fd, int operation) { return refused(LOCK) ? -1 : REAL(flock)(fd, operation); }
int fchmod(int fd, mode_t mode) { return refused(CHANGE_MODE) ? -1 : REAL(fchmod)(fd, mode); }
int syncfs(int fd) { return refused(SYNC_SYSTEM) ? -1 : REAL(syncfs)(fd); }
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags) {
  return refused(SYNC_RANGE) ? -1 : REAL(sync_file_range)(fd, offset, size, flags);
}
int fsync(int fd) {
  struct stat info;
  const int is_directory = REAL(fstat)(fd, &info) == 0 && S_ISDIR(info.st_mode);
  return is_directory && refused(SYNC_DIRECTORY) ? -1 : REAL(fsync)(fd);
}

#define MODE_ARGUMENT(flags)                                   \
  mode_t mode = 0;                                             \
  if (((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE) { \
    va_list list;                                              \
    va_start(list, flags);                                     \
    mode = (mode_t)va_arg(list, int);                          \
    va_end(list);                                              \
  }
static int is_refused(int flags) { return (flags & O_TMPFILE) == O_TMPFILE && refused(NAMELESS); }
int openat(int dir, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return is_refused(flags) ? -1 : REAL(openat)(dir, path, flags, mode);
}
int openat64(int dir, const char* path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return is_refused(flags) ? -1 : REAL(openat64)(dir, path, flags, mode);
}

/* --- what stat() shows --- */

static int shown(int result, struct stat* info, int by_name) {
  const struct Rule* rule;
  if (result != 0) return result;
  if ((rule = rule_for(OWNER)) && info->st_uid == geteuid()) {
    info->st_uid = (uid_t)rule->value;
    atomic_fetch_add(&answers[OWNER], 1);
  }
  if ((rule = rule_for(MODE)) && (S_ISREG(info->st_mode) || S_ISDIR(info->st_mode))) {
    info->st_mode = (info->st_mode & S_IFMT) | (mode_t)rule->value;
    atomic_fetch_add(&answers[MODE], 1);
  }
  if (by_name && S_ISREG(info->st_mode) && rule_for(INODE))
    info->st_ino += 1000000 + (ino_t)atomic_fetch_add(&answers[INODE], 1);
  return 0;
}
int fstat(int fd, struct stat* info) { return shown(REAL(fstat)(fd, info), info, 0); }
int fstat64(int fd, struct stat64* info) { return shown(REAL(fstat64)(fd, info), (struct stat*)info, 0); }
int fstatat(int dir, const char* path, struct stat* info, int flags) {
  return shown(REAL(fstatat)(dir, path, info, flags), info, 1);
}
int fstatat64(int dir, const char* path, struct stat64* info, int flags) {
  return shown(REAL(fstatat64)(dir, path, info, flags), (struct stat*)info, 1);
}
