// Submits an archive with its evidence in every way that there is.
#ifndef RELEASE_TESTS_HOST_SUBMISSION_H_
#define RELEASE_TESTS_HOST_SUBMISSION_H_

#include <boost/filesystem.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/site.h"
#include "support/archives.h"

namespace release {

// The ways to submit an archive with its evidence.
enum class Way { kBeside, kOptions, kServe, kDropBox };

inline constexpr Way kWays[] = {Way::kBeside, Way::kOptions, Way::kServe,
                                Way::kDropBox};

// The files of a site are made as VERSION.tar with the evidence beside them;
// each way brings the same bytes to the command by another road.
class Submission {
 public:
  // `site` outlives this.
  Submission(const Site* site, std::string config)
      : site_(site), config_(std::move(config)) {}

  std::string Archive(const std::string& version) const {
    return site_->files() + "/" + version + ".tar";
  }

  Finished Run(std::vector<std::string> words) const {
    words.insert(words.begin(), {RELEASE_BINARY, "--config", config_});
    return release::Run(words);
  }
  Finished Deploy(const std::string& version, Way way = Way::kBeside) const {
    switch (way) {
      case Way::kBeside:
        break;
      case Way::kOptions:
        return DeployByOptions(version);
      case Way::kServe:
        return DeployByServe(version);
      case Way::kDropBox:
        return DeployByDropBox(version);
    }
    return Run({"--json", "deploy", Archive(version), "--version", version});
  }

 private:
  // Names the evidence with options; the files have other names than the
  // archive.
  Finished DeployByOptions(const std::string& version) const {
    const std::string away = site_->files() + "/away";
    std::vector<std::string> words = {"--json", "deploy", away + ".tar",
                                      "--version", version};
    CopyFile(Archive(version), away + ".tar");
    for (const auto& [option, end] : Parts()) {
      const std::string from = Archive(version) + end;
      if (!boost::filesystem::exists(from)) continue;
      CopyFile(from, away + option);
      words.insert(words.end(), {option, away + option});
    }
    return Run(words);
  }

  // Runs `serve` as sshd does for a restricted key.
  Finished DeployByServe(const std::string& version) const {
    std::string line = "deploy - --json --version " + version;
    for (const auto& [option, end] : Parts()) {
      const std::string from = Archive(version) + end;
      if (!boost::filesystem::exists(from)) continue;
      line += " " + option + " $(base64 -w0 < " + from + ")";
    }
    return RunShell("SSH_ORIGINAL_COMMAND=\"" + line + "\" $release --config " +
                    config_ + " serve --allow deploy < " + Archive(version));
  }

  Finished DeployByDropBox(const std::string& version) const {
    const std::string box = site_->root() + "/incoming/";
    boost::filesystem::remove_all(box + "rejected");
    const std::string name = "shop-" + version + ".tar";
    Shell("cd " + box + "; cp " + Archive(version) + " " + name +
          "; for e in intoto.json sig; do test ! -e " + Archive(version) +
          ".$e || cp " + Archive(version) + ".$e " + name + ".$e; done; " +
          "sha256sum " + name + " > " + name + ".sha256");
    return Run({"--json", "intake"});
  }

  static std::vector<std::pair<std::string, std::string>> Parts() {
    return {{"--attestation", ".intoto.json"}, {"--signature", ".sig"}};
  }

  const Site* site_;
  std::string config_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_SUBMISSION_H_
