// Fits the systemd units that come with `release` to one app.
//
// The units are made for an app whose root is /srv/APP and whose unit is
// APP.service. Anything else needs drop-ins: release-intake@.service may write
// only below its root, release-intake@.path waits for uploads there, and
// release-recover@.service must run before the app's unit.
#ifndef RELEASE_INSPECT_UNIT_DROP_INS_H_
#define RELEASE_INSPECT_UNIT_DROP_INS_H_

#include <string>
#include <vector>

#include "base/config.h"

namespace release {

struct DropIn {
  std::string path;  // absolute
  std::string text;
};

// Returns the drop-ins that the app needs; none if the units fit it as they
// are, or if the app has no name. `config.root` must have no symbolic links.
std::vector<DropIn> NeededDropIns(const Config& config);

// Returns those of the drop-ins that are not in place with just that text.
std::vector<DropIn> MissingDropIns(const std::vector<DropIn>& needed);

// Returns a shell script that writes the drop-ins and has systemd read them.
std::string ScriptOf(const std::vector<DropIn>& drop_ins);

}  // namespace release

#endif  // RELEASE_INSPECT_UNIT_DROP_INS_H_
