#include "host/front.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/command.h"
#include "support/archives.h"

namespace release {
namespace {

constexpr char kSamples[] = RELEASE_SOURCE_DIR "/docs/samples/instances/";
constexpr char kNginxFile[] = "/etc/nginx/conf.d/shop.conf";
constexpr char kHaproxyFile[] = "/etc/haproxy/haproxy.cfg";
constexpr char kCaddyFile[] = "/etc/caddy/Caddyfile";

std::string Replaced(std::string text, const FrontKind& kind) {
  if (kind.replaced.empty()) return text;
  const std::size_t at = text.find(kind.replaced);
  return at == text.npos
             ? text
             : text.replace(at, kind.replaced.size(), kind.replacement);
}

}  // namespace

const std::vector<FrontKind>& FrontKinds() {
  static const std::string units = "/etc/systemd/system/";
  static const std::vector<FrontKind> kinds = {
      {.name = "nginx",
       .unit = "nginx.service",
       .files = {{"nginx.conf", kNginxFile}}},
      {.name = "nginx with keepalive",
       .unit = "nginx.service",
       .files = {{"nginx-keepalive.conf", kNginxFile}},
       .keeps_connections = true},
      {.name = "HAProxy",
       .unit = "haproxy.service",
       .files = {{"haproxy.cfg", kHaproxyFile}}},
      {.name = "Caddy",
       .unit = "caddy.service",
       .files = {{"Caddyfile", kCaddyFile}}},
      {.name = "systemd-socket-proxyd",
       .unit = "shop-front.socket",
       .files = {{"shop-front.socket", units + "shop-front.socket"},
                 {"shop-front.service", units + "shop-front.service"}}},
  };
  return kinds;
}

const std::vector<FrontKind>& KeepingFrontKinds() {
  static const std::vector<FrontKind> kinds = {
      {.name = "HAProxy that keeps connections",
       .unit = "haproxy.service",
       .files = {{"haproxy.cfg", kHaproxyFile}},
       .keeps_connections = true,
       .replaced = "    option http-server-close\n    option forwardfor\n"
                   "    http-reuse never\n",
       .replacement = "    option forwardfor\n    http-reuse always\n"},
      {.name = "Caddy that keeps connections",
       .unit = "caddy.service",
       .files = {{"Caddyfile", kCaddyFile}},
       .keeps_connections = true,
       .replaced = "keepalive off",
       .replacement = "keepalive 60s"},
  };
  return kinds;
}

Front::Front(FrontKind kind) : kind_(std::move(kind)) {
  // The samples give the socket's group to the front.
  std::string line =
      "set -e; getent group shop || groupadd --system shop;"
      "for user in www-data haproxy caddy; do usermod -aG shop $user; done;";
  for (const auto& [sample, place] : kind_.files) {
    boost::filesystem::create_directories(
        boost::filesystem::path(place).parent_path());
    Spill(place, Replaced(Slurp(kSamples + sample), kind_));
  }
  line +=
      fmt::format("systemctl daemon-reload; systemctl start {}", kind_.unit);
  const Finished started = RunShell(line);
  INFO(started.Describe());
  REQUIRE(started.exit == 0);
}

Front::~Front() {
  RunShell(fmt::format("systemctl stop {} shop-front.service", kind_.unit));
}

}  // namespace release
