// Work that another thread may do meanwhile.
#pragma once
#include <functional>
#include <memory>

namespace libbcda::world {

// Does one piece of work after another. If no thread has begun the work by the time that it is needed, the owner does it
// itself. So the threads may be busy, or wait for this owner, and nothing stands still. Not thread-safe: it has one owner.
class Aside {
 public:
  // Makes another thread call a function soon. It may throw; then the owner does the work.
  using Post = std::function<void(std::function<void()>)>;
  explicit Aside(Post post) : post_(std::move(post)) {}
  // Waits for work that a thread has begun. Work that none has begun is not done.
  ~Aside();
  Aside(const Aside&) = delete;

  void begin(std::function<void()> work);  // finishes the work before it
  void finish();                           // returns when the work is done; throws what it threw

 private:
  struct Piece;
  Post post_;
  std::shared_ptr<Piece> piece_;
};

}  // namespace libbcda::world
