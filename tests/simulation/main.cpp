// simulation --seeds N [--seed FIRST] [--verbose]: simulates exports, and says what went wrong. The exit code is 1 if
// something did.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "simulation/simulate.hpp"

namespace {

using libbcda::simulation::Report;
using libbcda::simulation::simulate;

struct Options {
  std::uint64_t first = 1, seeds = 1;
  bool verbose = false;
};

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    const bool has_value = i + 1 < count;
    if (name == "--verbose") {
      options.verbose = true;
    } else if ((name == "--seeds" || name == "--seed") && has_value) {
      (name == "--seeds" ? options.seeds : options.first) = std::strtoull(arguments[++i], nullptr, 10);
    } else {
      std::cerr << "usage: simulation [--seeds N] [--seed FIRST] [--verbose]\n";
      std::exit(2);
    }
  }
  return options;
}

void add(Report& sum, const Report& one) {
  sum.virtual_time += one.virtual_time;
  sum.runs += one.runs;
  sum.crashes += one.crashes;
  sum.failures += one.failures;
  sum.jobs += one.jobs;
  sum.bytes += one.bytes;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = read_options(count, arguments);
  // Otherwise each block of a transfer is mapped and unmapped, which takes longer than its use.
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  const auto began = std::chrono::steady_clock::now();
  Report sum;
  std::uint64_t wrong = 0;
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    const Report report = simulate(seed, options.verbose);
    add(sum, report);
    if (options.verbose)
      std::printf("seed %llu: trace %016llx\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(report.trace));
    if (report.wrong.empty()) continue;
    ++wrong;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), report.wrong.c_str());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%llu seeds in %.1f s (%.1f a second), %.0f virtual hours, %d runs, %d crashes, %d failures, %d jobs, %.1f MB; "
      "%llu seeds went wrong\n",
      static_cast<unsigned long long>(options.seeds), seconds,
      static_cast<double>(options.seeds) / std::max(seconds, 1e-9),
      static_cast<double>(sum.virtual_time.count()) / 3.6e6, sum.runs, sum.crashes, sum.failures, sum.jobs,
      static_cast<double>(sum.bytes) / 1e6, static_cast<unsigned long long>(wrong));
  return wrong == 0 ? 0 : 1;
}
