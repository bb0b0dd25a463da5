// What a run does.
#pragma once

namespace libbcda::runtime {

// The order is part of the C interface.
enum class RunKind { export_, manifest, fetch, metadata, auth, jobs, job_status, job_cancel, attribution };

}  // namespace libbcda::runtime
