// Helpers for tests that make trees on the host and run other programs (tar,
// cpio) on them.
#ifndef RELEASE_TESTS_SUPPORT_ARCHIVES_H_
#define RELEASE_TESTS_SUPPORT_ARCHIVES_H_

#include <algorithm>
#include <boost/filesystem.hpp>
#include <boost/filesystem/fstream.hpp>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>

namespace release {

// Runs a script with sh and "set -e". Throws std::runtime_error if it fails.
inline void Shell(const std::string& command) {
  if (std::system(("set -e; " + command).c_str()) != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

// Returns the whole content of a file. Throws std::runtime_error if the file
// cannot be opened.
inline std::string Slurp(const boost::filesystem::path& path) {
  boost::filesystem::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("no file " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

// Writes a file with mode 0644, in place of one that exists. Throws
// std::runtime_error on failure.
inline void Spill(const boost::filesystem::path& path,
                  const std::string& text) {
  boost::filesystem::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot fill " + path.string());
  // PosixFs clears the umask of this process; without this line the mode would
  // depend on whether a test has made one.
  boost::filesystem::permissions(path, boost::filesystem::perms(0644));
}

// Copies the content and the permissions of a file, in place of one that
// exists. boost::filesystem::copy_file calls copy_file_range, which fails with
// EXDEV between the mounts of a container.
inline void CopyFile(const boost::filesystem::path& from,
                     const boost::filesystem::path& to) {
  Spill(to, Slurp(from));
  boost::filesystem::permissions(to,
                                 boost::filesystem::status(from).permissions());
}

// Returns incompressible bytes without NUL, the same ones for the same seed.
inline std::string Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() % 255 + 1);
  return out;
}

// Fills the directory with the kinds of entries that releases hold: an
// executable, empty files and directories, names that are long or not ASCII,
// incompressible content, and symbolic links.
inline void MakeTree(const boost::filesystem::path& top) {
  namespace bfs = boost::filesystem;
  bfs::create_directories(top / "bin");
  bfs::create_directories(top / "lib/deep/er");
  bfs::create_directories(top / "empty");
  Spill(top / "bin/run", "#!/bin/sh\nexit 0\n");
  bfs::permissions(top / "bin/run", bfs::perms(0755));
  Spill(top / "nothing", "");
  Spill(top / "caf\xC3\xA9 \xE6\x97\xA5", "accents\n");
  Spill(top / ("lib/deep/er/" + std::string(95, 'n')), "long name\n");
  for (unsigned i = 0; i < 8; ++i) {
    Spill(top / "lib" / ("part" + std::to_string(i)), Noise(600 + 700 * i, i));
  }
  Spill(top / "lib/deep/big", Noise(700'000, 99));
  bfs::create_symlink("../bin/run", top / "lib/run");
  bfs::create_symlink("nothing", top / "link");
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_ARCHIVES_H_
