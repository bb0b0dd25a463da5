#include "reader.hpp"

#include <bcda/bcda.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "errors.hpp"
#include "run.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

namespace py = pybind11;

// The records of a file. Reads ahead one block at a time without the GIL, because releasing the GIL for each record
// would cost more than reading the record.
class Reader {
 public:
  explicit Reader(const std::string& path) : reader_(std::in_place, path) {}
  Reader(Config& config, const py::object& client, const std::string& token)
      : client_(client_of(client)), is_partition_(true) {
    config.use([&] { outside([&] { reader_.emplace(bcda::Partition{token, client_.get()}, config.native()); }); });
  }

  py::bytes next() {
    alone();
    if (next_ == records_.size() && !refill()) throw py::stop_iteration();
    const Record& record = records_[next_++];
    ++count_;
    return {block_.data() + record.begin, record.size};
  }

  void close() {
    alone();
    reader_.reset(), waiting_.reset(), records_.clear(), next_ = 0;
  }
  std::int64_t count() const { return count_; }
  std::int64_t line() const { return next_ > 0 ? records_[next_ - 1].line : 0; }
  std::int64_t offset() const { return next_ > 0 ? records_[next_ - 1].offset : 0; }
  py::str file() const { return path_text(file_); }
  py::str type() const { return text(type_); }

 private:
  struct Record {
    std::size_t begin, size;
    std::int64_t line, offset;
  };
  static constexpr std::size_t enough = 256 << 10;

  void alone() const {
    if (busy_) throw Failure{BCDA_STATE, "another thread reads from this iterator"};
  }

  // Returns false at the end. An error is thrown only after the records that were read before it have been returned.
  bool refill() {
    if (!failure_ && reader_) {
      block_.clear(), records_.clear(), next_ = 0;
      busy_ = true;
      try {
        if (is_partition_)
          interruptible([this] { read_block(); }, [this] { reader_->cancel(); });
        else
          outside([this] { read_block(); });
      } catch (...) {
        failure_ = std::current_exception();
      }
      busy_ = false;
    }
    if (!records_.empty() && next_ == 0) return true;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return false;
  }

  // A block ends with its file. The first record of the next file waits for the next block.
  void read_block() {
    if (waiting_) add(*std::exchange(waiting_, std::nullopt));
    std::string_view record;
    while (block_.size() < enough && reader_->next(record)) {
      if (!records_.empty() && file_ != reader_->file()) {
        waiting_ = record;
        return;
      }
      add(record);
    }
  }

  void add(std::string_view record) {
    if (records_.empty()) file_ = reader_->file(), type_ = reader_->type();
    records_.push_back({block_.size(), record.size(), reader_->line(), reader_->offset()});
    block_.append(record);
  }

  std::shared_ptr<bcda::Client> client_;
  std::optional<bcda::Reader> reader_;
  std::optional<std::string_view> waiting_;  // valid until the reader reads on
  std::string block_, file_, type_;
  std::vector<Record> records_;
  std::size_t next_ = 0;
  std::int64_t count_ = 0;
  std::exception_ptr failure_;
  bool is_partition_ = false, busy_ = false;
};

}  // namespace

void add_reader(py::module_& module) {
  py::class_<Reader>(module, "Reader")
      .def(py::init<const std::string&>(), py::arg("path"))
      .def(py::init<Config&, const py::object&, const std::string&>(), py::arg("settings"),
           py::arg("client").none(true), py::arg("token"))
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &Reader::next)
      .def("close", &Reader::close)
      .def_property_readonly("count", &Reader::count)
      .def_property_readonly("line", &Reader::line)
      .def_property_readonly("offset", &Reader::offset)
      .def_property_readonly("file", &Reader::file)
      .def_property_readonly("type", &Reader::type);
}

}  // namespace bcda_python
