// The names that belong to one instance: its unit, its directory, its socket.
//
// An instance is one running copy of one release. Its unit is the template of
// [service] unit with the escaped version as instance name, so that %I in the
// unit is the version.
#ifndef RELEASE_BASE_INSTANCE_NAMES_H_
#define RELEASE_BASE_INSTANCE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/reason.h"
#include "base/version.h"

namespace release {

// The longest path that connect(2) takes: sun_path without its NUL (unix(7)).
inline constexpr std::size_t kMaxSocketPath = 107;
// The longest name of a unit (systemd.unit(5)).
inline constexpr std::size_t kMaxUnitName = 255;

// Returns whether the name is that of a template, such as "shop@.service".
bool IsTemplateUnit(std::string_view unit);

// Returns the part of a template's name before the "@".
std::string TemplatePrefix(std::string_view unit);

// Returns the text as systemd-escape(1) prints it, for an instance name.
std::string EscapedForUnit(std::string_view text);

// "shop@1.4.2.service" for the template "shop@.service".
std::string InstanceUnit(std::string_view unit, std::string_view version);

// Reverses InstanceUnit. Returns nullopt if `name` is not an instance of the
// template, or not one of a version.
std::optional<Version> VersionOfInstance(std::string_view unit,
                                         std::string_view name);

// The absolute paths of an instance's directory and of its socket.
std::string InstanceDirectory(const InstancesConfig& config,
                              std::string_view version);
std::string InstanceSocket(const InstancesConfig& config,
                           std::string_view version);

// As InstanceSocket; empty without [instances] or without a version.
std::string SocketOf(const Config& config, std::string_view version);

// The path by which the front reaches the live instance:
// "ROOT/current/run/http.sock".
std::string LiveSocket(const Config& config);

// Returns why an instance of this version cannot exist: the name of its unit or
// the path of its socket would be too long. nullopt if it can, or without
// [instances] and [trial].
Reason WhyTooLong(const Config& config, std::string_view version);

// "1.4.2+r2" is the second restart of 1.4.2.
std::string RestartName(std::string_view origin, unsigned number);

// Returns the number of a restart of `origin`: 2 for "1.4.2+r2"; 0 for a name
// that RestartName does not give to that release.
unsigned RestartNumber(std::string_view name, std::string_view origin);

// Returns `text` with `value` in place of each `mark`.
std::string WithMark(std::string_view text, std::string_view mark,
                     std::string_view value);

}  // namespace release

#endif  // RELEASE_BASE_INSTANCE_NAMES_H_
