// Synthetic Medicare beneficiaries and their records as NDJSON. They are a pure function of the seed, and generated
// while read.
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

// Whether the records of this beneficiary and this type cannot be retrieved.
bool fails(const Population& population, Resource resource, std::int64_t beneficiary);

// The plaintext of one file, read from its start.
class Plaintext {
 public:
  virtual ~Plaintext() = default;
  virtual std::uint64_t size() const = 0;
  virtual void read(MutableBytes out) = 0;  // fills `out`; the caller must not read past size()
};

// The records of the beneficiaries first <= n < last. With `errors`, the lines of the error file for those that fail.
struct Slice {
  Resource resource;
  std::int64_t first, last;
  bool errors;
};
std::uint64_t slice_size(const Population& population, const Slice& slice);  // slow, because it generates all records
std::unique_ptr<Plaintext> read_slice(const Population& population, const Slice& slice, std::uint64_t size);

// Large data at the speed of memory: a block of records is repeated, each time with other identifiers of the same
// width.
class Block {
 public:
  Block(const Population& population, Resource resource);
  // The largest size up to `wanted` that ends with a complete record. It has at least one record.
  std::uint64_t fitting(std::uint64_t wanted) const;
  // `number` is the number of the file. It makes sure that no two files share a beneficiary.
  std::unique_ptr<Plaintext> read(std::uint64_t size, std::uint64_t number) const;

 private:
  friend class BlockReader;
  struct Patch {
    std::uint32_t offset, beneficiary, claim;
    std::uint8_t field;
  };
  std::uint64_t seed_;
  std::string text_;
  std::vector<std::uint32_t> ends_;  // the end of each record
  std::vector<Patch> patches_;
  std::uint32_t beneficiaries_ = 0;
};

}  // namespace libbcda::sandbox
