#include "base/instance_names.h"

#include <doctest/doctest.h>

namespace release {
namespace {

Config InstanceConfig() {
  Config config;
  config.root = "/srv/shop";
  config.service.unit = "shop@.service";
  config.instances.configured = true;
  config.instances.directory = "/run/shop/{version}";
  return config;
}

}  // namespace

TEST_CASE("a template is a name with nothing between @ and the suffix") {
  CHECK(IsTemplateUnit("shop@.service"));
  CHECK_FALSE(IsTemplateUnit("shop.service"));
  CHECK_FALSE(IsTemplateUnit("shop@1.service"));
  CHECK_FALSE(IsTemplateUnit("@.service"));
  CHECK(TemplatePrefix("shop@.service") == "shop");
}

// The right values are what systemd-escape prints.
TEST_CASE("an instance name is escaped as systemd-escape does") {
  CHECK(EscapedForUnit("1.4.2") == "1.4.2");
  CHECK(EscapedForUnit("1.4.2-rc1") == "1.4.2\\x2drc1");
  CHECK(EscapedForUnit("1.0+git~3_a") == "1.0\\x2bgit\\x7e3_a");
}

TEST_CASE("the version of an instance comes back from the name of its unit") {
  for (const char* name : {"1.4.2", "1.4.2-rc1", "1.0+git~3_a", "v1"}) {
    const auto version = Version::ParseOrThrow(name);
    CHECK(VersionOfInstance("shop@.service",
                            InstanceUnit("shop@.service", name)) == version);
  }
  CHECK(InstanceUnit("shop@.service", "1-2") == "shop@1\\x2d2.service");
}

TEST_CASE("a unit that is not an instance of the template has no version") {
  for (const char* name :
       {"shop.service", "shop@.service", "shops@1.service", "shop@1.socket",
        "shop@a\\x2fb.service", "shop@1\\x.service", ""}) {
    CAPTURE(name);
    CHECK_FALSE(VersionOfInstance("shop@.service", name));
  }
}

TEST_CASE("each instance has a socket, and the front's path leads to it") {
  const Config config = InstanceConfig();
  CHECK(InstanceDirectory(config.instances, "1") == "/run/shop/1");
  CHECK(InstanceSocket(config.instances, "1") == "/run/shop/1/http.sock");
  CHECK(LiveSocket(config) == "/srv/shop/current/run/http.sock");
}

TEST_CASE("a version is too long if its socket or its unit would be") {
  Config config = InstanceConfig();
  CHECK_FALSE(WhyTooLong(config, "1.4.2"));
  // "/run/shop/" and "/http.sock" have 20 bytes.
  CHECK_FALSE(WhyTooLong(config, std::string(87, '1')));
  CHECK(WhyTooLong(config, std::string(88, '1'))->find("107") !=
        std::string::npos);
  // Each "-" becomes four characters: "shop@" and ".service" have 13.
  config.instances.directory = "/{version}";
  config.instances.socket = "s";
  CHECK_FALSE(WhyTooLong(config, "1" + std::string(60, '-')));
  CHECK(WhyTooLong(config, "1" + std::string(61, '-'))->find("255") !=
        std::string::npos);
  config.instances.configured = false;
  config.service.unit = "shop.service";
  CHECK_FALSE(WhyTooLong(config, std::string(128, '1')));
}

TEST_CASE("a restart has the name of its release and a number") {
  CHECK(RestartName("1.4.2", 12) == "1.4.2+r12");
  CHECK(RestartNumber("1.4.2+r12", "1.4.2") == 12);
  for (const char* other :
       {"1.4.2", "1.4.2+r", "1.4.2+r1x", "1.4.2+r1+r2", "1.4.2+build7", "12",
        "1.4.20+r1", "1.4.2+r99999999999"}) {
    CHECK(RestartNumber(other, "1.4.2") == 0);
  }
}

TEST_CASE("every mark is replaced, and nothing in the value is") {
  CHECK(WithMark("a{v}b{v}", "{v}", "1") == "a1b1");
  CHECK(WithMark("{v}", "{v}", "{v}{v}") == "{v}{v}");
  CHECK(WithMark("none", "{v}", "1") == "none");
}

}  // namespace release
