// Synthetic Medicare beneficiaries and their records as NDJSON: a fixed function of the seed, made as they are read.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace libbcda::sandbox {

enum class Resource { patient, coverage, explanation_of_benefit };

const char* resource_name(Resource resource);  // "Patient"

struct Population {
  std::uint64_t seed = 1;
  std::int64_t beneficiaries = 0;
  double error_rate = 0;
  std::string organization;
};

// True when this beneficiary's records of this type cannot be retrieved.
bool fails(const Population& population, Resource resource, std::int64_t beneficiary);

// The plaintext of one file, read from its start on.
class Plaintext {
 public:
  virtual ~Plaintext() = default;
  virtual std::uint64_t size() const = 0;
  virtual void read(MutableBytes out) = 0;  // fills `out`; the caller does not read past size()
};

// The records of the beneficiaries first <= n < last; or, with `errors`, the error file's lines for those that fail.
struct Slice {
  Resource resource;
  std::int64_t first, last;
  bool errors;
};
std::uint64_t slice_size(const Population& population, const Slice& slice);  // costs a walk through all records
std::unique_ptr<Plaintext> read_slice(const Population& population, const Slice& slice, std::uint64_t size);

// Big data at the speed of memory: a block of records that is repeated with other identifiers of the same width.
class Block {
 public:
  Block(const Population& population, Resource resource);
  // The largest number of bytes up to `wanted` that ends with a record; one record at least.
  std::uint64_t fitting(std::uint64_t wanted) const;
  // `number`: of the file, so that no two files have a beneficiary in common.
  std::unique_ptr<Plaintext> read(std::uint64_t size, std::uint64_t number) const;

 private:
  friend class BlockReader;
  struct Patch {
    std::uint32_t offset, beneficiary, claim;
    std::uint8_t field;
  };
  std::uint64_t seed_;
  std::string text_;
  std::vector<std::uint32_t> ends_;  // of each record
  std::vector<Patch> patches_;
  std::uint32_t beneficiaries_ = 0;
};

}  // namespace libbcda::sandbox
