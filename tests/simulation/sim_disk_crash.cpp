// What a crash leaves of a simulated disk.
#include <algorithm>

#include "simulation/sim_disk_nodes.hpp"

namespace libbcda::simulation {
namespace {

constexpr std::size_t kBlock = 4096;

// How much of what was not synced survives. The ends of the scale are likelier than chance would make them, because
// some errors show only when all or nothing of it survives.
double draw_share(Dice& dice) { return dice.chance(0.5) ? dice.pick({0.0, 1.0}) : dice.share(); }

// The bytes of a file after a loss of power: each block is the old one, the new one, or torn between the two. The length
// is the old one, the new one, or one between them. What the disk never had is zeros.
std::string survivor(const std::string& durable, const std::string& written, double share, Dice& dice) {
  if (durable == written) return written;
  std::size_t size = dice.chance(share) ? written.size() : durable.size();
  if (dice.chance(0.3)) {
    const std::size_t less = std::min(durable.size(), written.size()), more = std::max(durable.size(), written.size());
    size = less + dice.below(more - less + 1);
  }
  std::string left = durable;
  left.resize(size, '\0');
  for (std::size_t at = 0; at < size; at += kBlock) {
    if (!dice.chance(share) || at >= written.size()) continue;
    std::size_t n = std::min({kBlock, size - at, written.size() - at});
    if (dice.chance(0.2)) n = dice.below(n + 1);  // torn
    left.replace(at, n, written, at, n);
  }
  return left;
}

}  // namespace

// Makes the disk after a crash.
class SimDisk::Copy {
 public:
  Copy(const SimDisk& from, Crash crash, Dice& dice) : from_(from), crash_(crash), dice_(dice) {
    if (crash == Crash::power) lose_names();
  }

  std::unique_ptr<SimDisk> make() {
    auto disk = std::make_unique<SimDisk>();
    disk->root_ = copy(from_.root_);
    disk->last_number_ = from_.last_number_;
    disk->lacks_ = from_.lacks_;
    disk->checkpoints_ = from_.checkpoints_;
    if (crash_ == Crash::kill) copy_pending(*disk);
    return disk;
  }

 private:
  // Each change of names that was not synced has happened, or has not.
  void lose_names() {
    const double share = draw_share(dice_);
    for (const Change& edits : from_.pending_) {
      if (!dice_.chance(share)) continue;
      for (const Edit& edit : edits)
        edit.apply_to(left_.try_emplace(edit.directory.get(), edit.directory->durable_names).first->second);
    }
  }

  const Names& names_of(Node& node) const {
    if (crash_ == Crash::kill) return node.names;
    const auto changed = left_.find(&node);
    return changed == left_.end() ? node.durable_names : changed->second;
  }

  NodePtr copy(const NodePtr& node) {
    NodePtr& made = made_[node.get()];
    if (made) return made;
    const NodePtr twin = made = std::make_shared<Node>();
    twin->number = node->number;
    twin->is_directory = node->is_directory;
    twin->mode = node->mode;
    twin->modified = node->modified;
    twin->data = crash_ == Crash::kill ? node->data : survivor(node->durable, node->data, draw_share(dice_), dice_);
    twin->durable = crash_ == Crash::kill ? node->durable : twin->data;
    copy_names(names_of(*node), *twin, twin->names);
    if (crash_ == Crash::kill)
      copy_names(node->durable_names, *twin, twin->durable_names);
    else
      twin->durable_names = twin->names;
    return twin;
  }

  void copy_names(const Names& names, Node& parent, Names& into) {
    for (const auto& [order, name] : by_age(names)) {  // because the dice must not depend on names
      const NodePtr child = copy(names.at(name).node);
      if (child->is_directory) child->parent = parent.weak_from_this();
      into[name] = {child, order};
    }
  }

  void copy_pending(SimDisk& disk) {
    for (const Change& edits : from_.pending_) {
      Change& twin = disk.pending_.emplace_back();
      for (const Edit& edit : edits)
        twin.push_back({copy(edit.directory), edit.name, edit.node ? copy(edit.node) : nullptr});
    }
  }

  const SimDisk& from_;
  const Crash crash_;
  Dice& dice_;
  std::map<const Node*, Names> left_;    // the names of directories after the crash, where they changed
  std::map<const Node*, NodePtr> made_;  // the copies
};

std::unique_ptr<SimDisk> SimDisk::after(Crash crash, Dice& dice) const { return Copy(*this, crash, dice).make(); }

}  // namespace libbcda::simulation
