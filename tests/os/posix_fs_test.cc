#include "os/posix_fs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "support/every_fs.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Lookup = PosixFs::Lookup;

std::set<int> OpenDescriptors() {
  std::set<int> open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.insert(fd);
  }
  return open;
}

// Makes openat2 fail with `error`, in this process only.
bool ForbidOpenat2(unsigned error) {
  std::array<sock_filter, 4> code = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{code.size(), code.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Runs `body` in a child process and returns its exit status.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Signals this process every half millisecond, without SA_RESTART.
class Interruptions {
 public:
  Interruptions() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &before_);
    Every(500);
  }
  ~Interruptions() {
    Every(0);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  static void Every(suseconds_t microseconds) {
    const itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  struct sigaction before_ = {};
};

}  // namespace

TEST_CASE("the root must be the absolute path of a directory") {
  const TempDir dir;
  std::ofstream(dir.path() + "/file") << "x";
  CHECK(ErrorOf([&] { PosixFs(dir.path() + "/none"); }) == ENOENT);
  CHECK(ErrorOf([&] { PosixFs(dir.path() + "/file"); }) == ENOTDIR);
  CHECK(ErrorOf([] { PosixFs("tmp"); }) == EINVAL);
  CHECK(ErrorOf([] { PosixFs(""); }) == EINVAL);
}

TEST_CASE("a missing root is made with its parents, an existing one is kept") {
  const TempDir dir;
  const std::string root = dir.path() + "/a/b/c";
  MakeRoot(root);
  std::ofstream(root + "/file") << "x";
  MakeRoot(root);
  MakeRoot(root + "/");
  CHECK(boost::filesystem::exists(root + "/file"));
  CHECK(ErrorOf([&] { MakeRoot(root + "/file"); }) == EEXIST);
  CHECK(ErrorOf([&] { MakeRoot(root + "/file/d"); }) == ENOTDIR);
  CHECK(ErrorOf([] { MakeRoot("a/b"); }) == EINVAL);
}

TEST_CASE("permissions are exact under any umask of the caller") {
  const TempDir dir;
  const mode_t before = umask(077);
  PosixFs fs(dir.path());
  fs.MakeDirectory(Fs::kRoot, "d", 0777);
  fs.Close(fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew, 0666));
  fs.Close(fs.Open(Fs::kRoot, "l", OpenMode::kLockFile, 0664));
  CHECK(fs.Stat(Fs::kRoot, "d")->mode == 0777);
  CHECK(fs.Stat(Fs::kRoot, "f")->mode == 0666);
  CHECK(fs.Stat(Fs::kRoot, "l")->mode == 0664);
  umask(before);
}

TEST_CASE("reading keeps the access time if allowed, and works otherwise") {
  const TempDir dir;
  boost::filesystem::permissions(dir.path(), boost::filesystem::perms(0755));
  const std::string path = dir.path() + "/f";
  std::ofstream(path) << "text";
  const timespec long_ago[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0},
                                {.tv_sec = 2'000'000'000, .tv_nsec = 0}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), long_ago, 0) == 0);
  PosixFs fs(dir.path());
  const auto read = [&] {
    const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kRead));
    std::array<char, 8> buffer;
    return fs.ReadAt(file.get(), buffer, 0);
  };
  CHECK(read() == 4);
  struct stat info = {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(info.st_atim.tv_sec == long_ago[0].tv_sec);
  std::jthread([&] {
    // setfsuid changes only this thread, so the test itself stays root.
    setfsuid(65534);
    CHECK(read() == 4);
  }).join();
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(info.st_atim.tv_sec > long_ago[0].tv_sec);
}

TEST_CASE("a planted fifo does not block and cannot be read") {
  const TempDir dir;
  REQUIRE(mkfifo((dir.path() + "/fifo").c_str(), 0666) == 0);
  PosixFs fs(dir.path());
  CHECK(fs.Stat(Fs::kRoot, "fifo")->type == FileType::kOther);
  CHECK(fs.List(Fs::kRoot, "").front().type == FileType::kOther);
  const ScopedHandle fifo(&fs, fs.Open(Fs::kRoot, "fifo", OpenMode::kRead));
  std::array<char, 8> buffer;
  CHECK(ErrorOf([&] { fs.ReadAt(fifo.get(), buffer, 0); }) == ESPIPE);
}

TEST_CASE("no planted link leads outside, in any spelling") {
  const TempDir outside;
  std::ofstream(outside.path() + "/secret") << "x";
  for (const Lookup lookup : {Lookup::kAuto, Lookup::kWalk}) {
    CAPTURE(static_cast<int>(lookup));
    const TempDir dir;
    PosixFs fs(dir.path(), lookup);
    fs.MakeDirectory(Fs::kRoot, "d", 0755);
    fs.MakeDirectory(Fs::kRoot, "d/e", 0755);
    fs.MakeSymlink(outside.path(), Fs::kRoot, "d/absolute");
    fs.MakeSymlink("../../" + outside.path().substr(5), Fs::kRoot, "d/climb");
    fs.MakeSymlink("/proc/self/root" + outside.path(), Fs::kRoot, "d/magic");
    fs.MakeSymlink("e", Fs::kRoot, "d/inside");
    for (const std::string link : {"absolute", "climb", "magic", "inside"}) {
      CAPTURE(link);
      const std::string secret = "d/" + link + "/secret";
      CHECK(ErrorOf([&] { fs.Open(Fs::kRoot, secret, OpenMode::kRead); }) ==
            ELOOP);
      CHECK(ErrorOf([&] { fs.RemoveFile(Fs::kRoot, secret); }) == ELOOP);
      CHECK(ErrorOf([&] {
              fs.MakeDirectory(Fs::kRoot, "d/" + link + "/a/b", 0755);
            }) == ELOOP);
      CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "d/" + link); }) ==
            ENOTDIR);
    }
    const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
    CHECK(ErrorOf([&] { fs.OpenDirectory(d.get(), ".."); }) == EXDEV);
    CHECK(ErrorOf([&] {
            fs.Rename(d.get(), "e", Fs::kRoot, "../e", RenameMode::kReplace);
          }) == EXDEV);
    CHECK(ErrorOf([&] {
            fs.Open(d.get(), outside.path() + "/secret", OpenMode::kRead);
          }) == EXDEV);
  }
  CHECK(boost::filesystem::exists(outside.path() + "/secret"));
  CHECK(std::distance(boost::filesystem::directory_iterator(outside.path()),
                      boost::filesystem::directory_iterator()) == 1);
}

TEST_CASE("no descriptor is inherited, and none is left behind") {
  const TempDir dir;
  const std::set<int> before = OpenDescriptors();
  for (const Lookup lookup : {Lookup::kAuto, Lookup::kWalk}) {
    PosixFs fs(dir.path(), lookup);
    MakeRoot(dir.path() + "/d/e");
    const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d/e"));
    const ScopedHandle f(&fs, fs.Open(d.get(), "f", OpenMode::kLockFile));
    const ScopedHandle r(&fs, fs.Open(Fs::kRoot, "d/e/f", OpenMode::kRead));
    const ScopedHandle a(&fs, fs.Open(Fs::kRoot, "d/e/f", OpenMode::kAppend));
    fs.List(Fs::kRoot, "d/e");
    fs.Stat(Fs::kRoot, "d/e/f");
    CHECK(ErrorOf([&] { fs.List(Fs::kRoot, "d/e/f"); }) == ENOTDIR);
    CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "d/e/f/g"); }) == ENOTDIR);
    CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "d/x/y/z"); }) == ENOENT);
    int of_fs = 0;
    for (const int fd : OpenDescriptors()) {
      if (before.contains(fd)) continue;
      ++of_fs;
      CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(of_fs == 5);
  }
  CHECK(OpenDescriptors() == before);
}

TEST_CASE("without openat2 paths are walked by component") {
  const TempDir dir;
  for (const unsigned error : {ENOSYS, EPERM}) {
    CAPTURE(error);
    const int status = InChild([&] {
      if (!ForbidOpenat2(error)) return 2;
      if (syscall(SYS_openat2, 0, "", nullptr, 0) != -1) return 3;
      if (errno != static_cast<int>(error)) return 4;
      PosixFs fs(dir.path());
      fs.MakeDirectory(Fs::kRoot, "d", 0755);
      fs.MakeSymlink("d", Fs::kRoot, "link");
      fs.MakeDirectory(Fs::kRoot, "d/e", 0755);
      if (!fs.Stat(Fs::kRoot, "d/e")) return 5;
      const int through = ErrorOf([&] { fs.Stat(Fs::kRoot, "link/e"); });
      fs.RemoveDirectory(Fs::kRoot, "d/e");
      fs.RemoveDirectory(Fs::kRoot, "d");
      fs.RemoveFile(Fs::kRoot, "link");
      return through == ELOOP ? 0 : 6;
    });
    CHECK(status == 0);
  }
}

TEST_CASE("a failure names the file by its absolute path") {
  const TempDir dir;
  PosixFs fs(dir.path());
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  const std::string path = dir.path() + "/d/none";
  CHECK_THROWS_WITH_AS(
      fs.Open(d.get(), "none", OpenMode::kRead),
      ("cannot open \"" + path + "\": No such file or directory").c_str(),
      FsError);
  CHECK_THROWS_WITH_AS(
      fs.Rename(Fs::kRoot, "no", d.get(), "none", RenameMode::kReplace),
      ("cannot rename \"no\" to \"" + path + "\": No such file or directory")
          .c_str(),
      FsError);
  CHECK_THROWS_WITH_AS(
      fs.Write(d.get(), "x"),
      ("cannot write \"" + dir.path() + "/d\": Bad file descriptor").c_str(),
      FsError);
}

TEST_CASE("a failed sync has the code kSyncFailed") {
  // Files in /proc, which the kernel generates on each read, cannot be synced.
  PosixFs fs("/proc");
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "version", OpenMode::kRead));
  try {
    fs.Sync(file.get());
    FAIL("it was synced");
  } catch (const FsError& error) {
    CHECK(error.code() == ErrorCode::kSyncFailed);
    CHECK(error.error_number() == EINVAL);
    CHECK(error.path() == "/proc/version");
  }
}

TEST_CASE("an interrupted or partial write continues") {
  const TempDir dir;
  const std::string path = dir.path() + "/fifo";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  PosixFs fs(dir.path());
  const ScopedHandle fifo(&fs, fs.Open(Fs::kRoot, "fifo", OpenMode::kAppend));
  // While the write waits for its reader, signals interrupt it before the first
  // byte and between bytes.
  fcntl(fifo.get(), F_SETFL, 0);
  std::string sent(std::size_t{1} << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<char>(i * 7 + i / 251);
  }
  const int reader = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(reader >= 0);
  std::string received;
  std::thread slow([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::array<char, 30'000> buffer;
    while (received.size() < sent.size()) {
      usleep(1000);
      const ssize_t count = read(reader, buffer.data(), buffer.size());
      if (count <= 0) break;
      received.append(buffer.data(), static_cast<std::size_t>(count));
    }
  });
  {
    const Interruptions interruptions;
    CHECK(ErrorOf([&] { fs.Write(fifo.get(), sent); }) == 0);
  }
  slow.join();
  close(reader);
  CHECK(received == sent);
}

TEST_CASE("a write that cannot be completed fails") {
  const TempDir dir;
  const int status = InChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    PosixFs fs(dir.path());
    const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew));
    const std::string data(600, 'x');
    fs.Write(file.get(), data);
    return ErrorOf([&] { fs.Write(file.get(), data); }) == EFBIG ? 0 : 1;
  });
  CHECK(status == 0);
  CHECK(boost::filesystem::file_size(dir.path() + "/f") == 1000);
}

TEST_CASE("a root that is renamed while open is still the root") {
  const TempDir dir;
  MakeRoot(dir.path() + "/old/d");
  PosixFs fs(dir.path() + "/old");
  boost::filesystem::rename(dir.path() + "/old", dir.path() + "/new");
  fs.MakeDirectory(Fs::kRoot, "d/e", 0755);
  CHECK(boost::filesystem::is_directory(dir.path() + "/new/d/e"));
}

TEST_CASE("a child that outlives the holder does not keep the lock") {
  const TempDir dir;
  PosixFs fs(dir.path());
  ScopedHandle held(&fs, fs.Open(Fs::kRoot, "lock", OpenMode::kLockFile));
  REQUIRE(fs.TryLock(held.get()));
  const pid_t child = fork();
  if (child == 0) {
    execlp("sleep", "sleep", "60", nullptr);
    _exit(127);
  }
  // The child has a copy of the descriptor until it calls exec.
  const std::string exe = "/proc/" + std::to_string(child) + "/comm";
  for (std::string name; name != "sleep"; usleep(1000)) {
    std::ifstream(exe) >> name;
  }
  { const ScopedHandle closed(std::move(held)); }
  const ScopedHandle next(&fs, fs.Open(Fs::kRoot, "lock", OpenMode::kLockFile));
  CHECK(fs.TryLock(next.get()));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace release
