#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "text.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_every = 100ms;
constexpr auto line_every = 10s;  // plain lines about progress end up in log files

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double fraction) {
  constexpr int cells = 28;
  const int full = static_cast<int>(fraction * cells);
  return '[' + std::string(full, '#') + std::string(cells - full, '-') + ']';
}

std::string whole_seconds(std::chrono::steady_clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Progress::Style Progress::style_for_stderr() {
  const char* const term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && term && std::string_view(term) != "dumb" ? Style::bar : Style::lines;
}

void Progress::show(const bcda::Event& event) {
  remember(event);
  const std::string type = event.type().empty() ? "" : event.type() + ": ";
  switch (event.kind()) {
    case BCDA_EVENT_WARNING:
      if (warnings_.insert(event.text()).second) line("warning: " + type + event.text());
      return;
    case BCDA_EVENT_RETRY:
      if (style_ != Style::none) line(type + event.text() + "; next try in " + human_time(event.wait()));
      return;
    default:
      break;
  }
  if (style_ == Style::bar) return draw();
  if (style_ == Style::none) return;
  const bool seldom = Clock::now() - lined_ >= line_every;
  if (event.kind() == BCDA_EVENT_STATE && event.text() != "finished") line(event.text());
  if (event.kind() == BCDA_EVENT_JOB || event.kind() == BCDA_EVENT_MANIFEST) line(type + jobs_[event.type()]);
  if (event.kind() == BCDA_EVENT_POLL && seldom) line(type + jobs_[event.type()]);
  if (event.kind() == BCDA_EVENT_PROGRESS && seldom) line(download_text());
}

void Progress::tick() {
  if (style_ == Style::bar) draw();
}

void Progress::clear() {
  if (on_screen_) std::cerr << "\r\033[K" << std::flush;
  on_screen_ = false;
}

void Progress::remember(const bcda::Event& event) {
  switch (event.kind()) {
    case BCDA_EVENT_STATE:
      state_ = event.text();
      break;
    case BCDA_EVENT_JOB:
      jobs_[event.type()] = "job accepted";
      break;
    case BCDA_EVENT_POLL:
      jobs_[event.type()] = event.text().empty() ? "in progress" : event.text();
      break;
    case BCDA_EVENT_MANIFEST:
      jobs_[event.type()] = plural(event.files_total(), "file");
      break;
    case BCDA_EVENT_PROGRESS:
      if (download_started_ == Clock::time_point{}) download_started_ = Clock::now();
      bytes_ = std::max(bytes_, event.bytes_done());
      bytes_total_ = std::max(bytes_total_, event.bytes_total());
      files_ = std::max(files_, event.files_done());
      files_total_ = std::max(files_total_, event.files_total());
      break;
    default:
      break;
  }
}

void Progress::line(const std::string& text) {
  clear();
  std::cerr << printable(text) + '\n' << std::flush;
  lined_ = Clock::now();
}

void Progress::draw() {
  const auto now = Clock::now();
  if (now - drawn_ < redraw_every) return;
  drawn_ = now;
  std::string text = files_total_ > 0 ? bar(fraction()) + "  " + download_text() : waiting_text();
  text = printable(text).substr(0, terminal_width() - 1);
  std::cerr << "\r\033[K" + text << std::flush;
  on_screen_ = true;
}

std::string Progress::waiting_text() const {
  std::string text = state_;
  for (const auto& [type, job] : jobs_) text += "  " + type + ": " + job;
  return text + "  " + whole_seconds(Clock::now() - started_);
}

std::string Progress::download_text() {
  std::string text = std::to_string(static_cast<int>(fraction() * 100)) + "%  " + std::to_string(files_) + "/" +
                     plural(files_total_, "file") + "  " + human_bytes(bytes_);
  const std::chrono::duration<double> taken = Clock::now() - download_started_;
  if (taken > 0.5s) text += "  " + human_bytes(std::llround(static_cast<double>(bytes_) / taken.count())) + "/s";
  return text;
}

// How much is done. The sizes of files that were not begun are not known: with many files their number says more. It
// never goes back, although a total that grows would have it so.
double Progress::fraction() {
  const auto part = [](std::int64_t n, std::int64_t of) {
    return of > 0 ? std::clamp(static_cast<double>(n) / static_cast<double>(of), 0.0, 1.0) : 0.0;
  };
  constexpr std::int64_t few = 16;
  return fraction_ = std::max(fraction_, files_total_ <= few ? part(bytes_, bytes_total_) : part(files_, files_total_));
}

}  // namespace cli
