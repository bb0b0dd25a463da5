// The display of a run: a bar that is redrawn on a terminal, and a few plain lines elsewhere.
#pragma once
#include <bcda/bcda.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// The displayed parts of an event. Numbers that do not apply are -1.
struct Shown {
  bcda::EventKind kind = BCDA_EVENT_STATE;
  std::string text, type, file;  // the text uses the names of flags, not of settings
  bcda::Status status = BCDA_OK;
  std::int64_t bytes_done = -1, bytes_total = -1, files_done = -1, files_total = -1;
  bcda::Milliseconds wait{-1};

  Shown() = default;
  explicit Shown(const bcda::Event& event);
};

class Progress {
 public:
  enum class Style { none, lines, bar };
  using Clock = std::chrono::steady_clock;

  // The clock and the outputs. Tests use their own.
  struct Surroundings {
    std::function<Clock::time_point()> now = &Clock::now;
    std::function<void(std::string_view)> line;    // a line that stays
    std::function<void(std::string_view)> redraw;  // text that will be replaced
    std::function<std::size_t()> columns;
  };

  static Style style_for_stderr();  // bar if it is a terminal with support for it
  static Surroundings on_stderr();

  explicit Progress(Style style, Surroundings surroundings = on_stderr());
  ~Progress() { clear(); }

  void show(const Shown& event);  // prints an event
  void tick();                    // must be called regularly while there are no events
  void clear();                   // removes the bar from the terminal, before other output
  void finish();                  // the run has ended; prints counts of messages that were left out

  // The part of the run's failure that the printed warnings do not contain.
  std::string failure(const std::string& message) const;

 private:
  struct Job {
    std::string status_text;            // such as "in progress (40%)"
    bool done = false;                  // its manifest has arrived
    Clock::time_point failing_since{};  // {}: its last request was answered as it should be
  };
  // What repeated a printed warning.
  struct Warning {
    std::int64_t again = 0;
    std::vector<std::string> files;  // the first of them
  };

  void remember(const Shown& event);
  void warn(const Shown& event);
  void retry(const Shown& event);
  void state(const Shown& event);
  void line(const std::string& text);
  void draw();
  bool line_is_due() const;
  std::string status_line();
  std::string jobs_text(bool with_done) const;
  std::string waiting_text() const;
  std::string time_since(Clock::time_point then) const;  // "12 s"
  std::string download_text() const;
  std::optional<double> share() const;
  void repeat(Warning& warning, const Shown& event);
  void count_repeats();

  Style style_;
  Surroundings out_;
  std::string state_;
  std::map<std::string, Job> jobs_;  // by resource type
  std::int64_t bytes_ = 0, files_ = 0, files_total_ = 0;
  std::int64_t bytes_total_ = -1;                          // -1: not all sizes are known
  std::map<std::string, Warning> warnings_;                // by cause; each is printed once
  std::set<std::string> printed_failures_;                 // the failures among the printed warnings
  std::set<std::string> failed_jobs_;                      // the resource types of the failed jobs
  std::map<bcda::Status, std::int64_t> warnings_of_kind_;  // the number of printed and omitted warnings
  std::int64_t retries_ = 0;
  Clock::time_point started_, download_started_{}, drawn_{}, lined_;
  bool on_screen_ = false, download_lines_ = false;
};

}  // namespace cli
