// simulation [--seeds N] [--seed FIRST] [--jobs N] [--verbose]: simulates exports, and says which seeds went wrong. The
// exit code is 1 if one did.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <thread>
#include <vector>

#include "simulation/simulate.hpp"

namespace {

using libbcda::simulation::Excuse;
using libbcda::simulation::Report;
using libbcda::simulation::simulate;

struct Options {
  std::uint64_t first = 1, seeds = 1;
  std::uint64_t jobs = std::max(1u, std::thread::hardware_concurrency());
  bool verbose = false;
};

struct Sum {
  std::uint64_t seeds = 0, wrong = 0;
  std::int64_t virtual_ms = 0, bytes = 0;
  int runs = 0, crashes = 0, failures = 0, restarts = 0, jobs = 0, refused = 0, taken_over = 0;
  libbcda::simulation::Ledger::Sum again;

  void add(const Sum& other) {
    seeds += other.seeds;
    wrong += other.wrong;
    virtual_ms += other.virtual_ms;
    bytes += other.bytes;
    runs += other.runs;
    crashes += other.crashes;
    failures += other.failures;
    restarts += other.restarts;
    jobs += other.jobs;
    refused += other.refused;
    taken_over += other.taken_over;
    again.add(other.again);
  }
};

Sum sum_of(const Report& one) {
  return {.seeds = 1,
          .wrong = one.wrong.empty() ? 0u : 1u,
          .virtual_ms = one.virtual_time.count(),
          .bytes = one.bytes,
          .runs = one.runs,
          .crashes = one.crashes,
          .failures = one.failures,
          .restarts = one.restarts,
          .jobs = one.jobs,
          .refused = one.refused,
          .taken_over = one.taken_over,
          .again = one.again};
}

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    std::uint64_t* const number = name == "--seeds"  ? &options.seeds
                                  : name == "--seed" ? &options.first
                                  : name == "--jobs" ? &options.jobs
                                                     : nullptr;
    if (name == "--verbose") {
      options.verbose = true;
    } else if (number && i + 1 < count) {
      *number = std::strtoull(arguments[++i], nullptr, 10);
    } else {
      std::cerr << "usage: simulation [--seeds N] [--seed FIRST] [--jobs N] [--verbose]\n";
      std::exit(2);
    }
  }
  options.jobs = std::clamp<std::uint64_t>(options.jobs, 1, std::max<std::uint64_t>(options.seeds, 1));
  return options;
}

// Simulates each `jobs`-th seed, from number `job` on.
Sum simulate_share(const Options& options, std::uint64_t job) {
  Sum sum;
  for (std::uint64_t i = job; i < options.seeds; i += options.jobs) {
    const Report report = simulate(options.first + i, options.verbose);
    sum.add(sum_of(report));
    const auto seed = static_cast<unsigned long long>(report.seed),
               trace = static_cast<unsigned long long>(report.trace);
    if (options.verbose) std::printf("seed %llu: trace %016llx\n", seed, trace);
    if (!report.wrong.empty()) std::printf("seed %llu: %s\n", seed, report.wrong.c_str());
    std::fflush(stdout);
  }
  return sum;
}

// Each job is a process, because a simulation has OpenSSL's random numbers for itself.
Sum simulate_all(const Options& options) {
  if (options.jobs == 1) return simulate_share(options, 0);
  std::vector<int> results;
  for (std::uint64_t job = 0; job < options.jobs; ++job) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    if (::fork() == 0) {
      const Sum sum = simulate_share(options, job);
      const bool sent = ::write(ends[1], &sum, sizeof sum) == sizeof sum;
      std::_Exit(sent ? 0 : 1);
    }
    ::close(ends[1]);
    results.push_back(ends[0]);
  }
  Sum all;
  for (const int result : results) {
    Sum sum;
    if (::read(result, &sum, sizeof sum) != sizeof sum) sum.wrong = 1;  // the job crashed
    ::close(result);
    all.add(sum);
  }
  while (::wait(nullptr) > 0) {}
  return all;
}

// What was fetched twice, and what may be.
void print(const libbcda::simulation::Ledger::Sum& again) {
  std::printf("fetched again: %.2f MB of at most %.2f MB (%d files went on)", static_cast<double>(again.again) / 1e6,
              static_cast<double>(again.allowed) / 1e6, again.resumed);
  for (std::size_t i = 0; i < libbcda::simulation::kExcuses; ++i)
    std::printf("; %.*s: %.2f MB (%d files)", static_cast<int>(name_of(Excuse(i)).size()), name_of(Excuse(i)).data(),
                static_cast<double>(again.excused[i]) / 1e6, again.excuses[i]);
  std::printf("\n");
}

void print(const Sum& sum, double seconds) {
  std::printf(
      "%llu seeds in %.1f s (%.1f a second), %.0f virtual hours, %d runs, %d crashes, %d failed runs, %d restarts, %d "
      "jobs, %.1f MB; %llu went wrong\n",
      static_cast<unsigned long long>(sum.seeds), seconds, static_cast<double>(sum.seeds) / std::max(seconds, 1e-9),
      static_cast<double>(sum.virtual_ms) / 3.6e6, sum.runs, sum.crashes, sum.failures, sum.restarts, sum.jobs,
      static_cast<double>(sum.bytes) / 1e6, static_cast<unsigned long long>(sum.wrong));
  std::printf("second runs: %d refused, %d took over\n", sum.refused, sum.taken_over);
  print(sum.again);
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = read_options(count, arguments);
  // Otherwise each block of a transfer is mapped and unmapped, which takes longer than its use.
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  const auto began = std::chrono::steady_clock::now();
  const Sum sum = simulate_all(options);
  print(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return sum.wrong == 0 ? 0 : 1;
}
