// How a run looks while it goes on: a bar that redraws itself on a terminal, a few plain lines elsewhere.
#pragma once
#include <bcda/bcda.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>

namespace cli {

class Progress {
 public:
  enum class Style { none, lines, bar };
  static Style style_for_stderr();  // bar when it is a terminal that can

  explicit Progress(Style style) : style_(style) {}
  ~Progress() { clear(); }

  void show(const bcda::Event& event);  // prints what an event says
  void tick();                          // to be called now and then while nothing happens
  void clear();                         // takes the bar off the terminal, before other output

 private:
  using Clock = std::chrono::steady_clock;

  void remember(const bcda::Event& event);
  void line(const std::string& text);  // a line that stays
  void draw();
  std::string waiting_text() const;
  std::string download_text();
  double fraction();

  Style style_;
  std::string state_;
  std::map<std::string, std::string> jobs_;  // resource type: how its job stands
  std::int64_t bytes_ = 0, bytes_total_ = 0, files_ = 0, files_total_ = 0;
  std::set<std::string> warnings_;  // said once, though every job may have met them
  double fraction_ = 0;
  Clock::time_point started_ = Clock::now(), download_started_{}, drawn_{}, lined_{};
  bool on_screen_ = false;
};

}  // namespace cli
