// The kept release by which a thin archive was made.
#ifndef RELEASE_DEPLOY_THIN_BASE_H_
#define RELEASE_DEPLOY_THIN_BASE_H_

#include <memory>
#include <string>

#include "archive/composition.h"
#include "archive/thin_manifest.h"
#include "base/version.h"
#include "deploy/deployment_state.h"
#include "os/fs.h"

namespace release {

struct KeptBase {
  Version version;
  ScopedHandle tree;
  ThinBase base;  // of that tree
};

// Returns the release whose manifest, as `pack` wrote it, has the digest that
// the thin manifest of archive `name` names as its base; the live one if
// several have. The caller must hold the lock while it uses the tree, so that
// nobody prunes it. Throws Error kBaseMissing if there is none.
std::unique_ptr<KeptBase> FindBase(Fs* fs, const DeploymentState& state,
                                   const ThinManifest& thin,
                                   const std::string& name);

}  // namespace release

#endif  // RELEASE_DEPLOY_THIN_BASE_H_
