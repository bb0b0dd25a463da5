// A hash table of few texts in which very many are looked up: names and literals of views, by the texts of records.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace libbcda::tables {

// A text of up to 16 bytes is its key, so comparing it takes no call. Texts that differ only in between their first and
// last eight bytes end up in neighboring slots. A record cannot add texts, so it cannot make the table slow.
template <class Value>
class TextMap {
 public:
  TextMap() : slots_(64) {}

  // Null: there is no such text.
  const Value* find(std::string_view text) const {
    const Key key(text);
    for (std::size_t i = key.hash();; ++i) {
      const Slot& slot = slots_[i & (slots_.size() - 1)];
      if (!slot.text) return nullptr;
      if (slot.key == key && (text.size() <= 16 || std::memcmp(slot.text, text.data(), text.size()) == 0))
        return &slot.value;
    }
  }

  // `text` is new, and must outlive the table.
  void insert(std::string_view text, Value value) {
    if (++used_ * 2 > slots_.size()) grow();
    place({Key(text), text.data(), value});
  }

 private:
  struct Key {
    Key() = default;
    explicit Key(std::string_view text) : size(text.size()) {
      const char *first = text.data(), *past = first + size;
      if (size >= 8) {
        begin = load<std::uint64_t>(first);
        end = load<std::uint64_t>(past - 8);
      } else if (size >= 4) {
        begin = load<std::uint32_t>(first);
        end = load<std::uint32_t>(past - 4);
      } else if (size > 0) {
        begin = load<std::uint8_t>(first);
        end = load<std::uint8_t>(first + size / 2) << 8 | load<std::uint8_t>(past - 1);
      }
    }
    template <class Word>
    static std::uint64_t load(const char* at) {
      Word word;
      std::memcpy(&word, at, sizeof word);
      return word;
    }
    std::size_t hash() const {
      constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
      std::uint64_t value = (begin ^ size) * kOdd;
      value = ((value ^ (value >> 29)) + end) * kOdd;
      return value ^ (value >> 32);
    }
    bool operator==(const Key&) const = default;

    std::uint64_t begin = 0, end = 0;
    std::size_t size = 0;
  };
  struct Slot {
    Key key;
    const char* text = nullptr;  // null: the slot is free
    Value value{};
  };

  void place(const Slot& slot) {
    std::size_t i = slot.key.hash();
    while (slots_[i & (slots_.size() - 1)].text) ++i;
    slots_[i & (slots_.size() - 1)] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.text) place(slot);
  }

  std::vector<Slot> slots_;  // their number is a power of 2
  std::size_t used_ = 0;
};

}  // namespace libbcda::tables
