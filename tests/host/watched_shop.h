// A shop whose drop box the units of systemd/ watch, and who uploads to it.
#ifndef RELEASE_TESTS_HOST_WATCHED_SHOP_H_
#define RELEASE_TESTS_HOST_WATCHED_SHOP_H_

#include <chrono>
#include <string>

#include "host/live_shop.h"

namespace release {

inline constexpr char kBox[] = "/srv/shop/incoming/";
inline constexpr char kPathUnit[] = "release-intake@shop.path";
inline constexpr char kIntakeUnit[] = "release-intake@shop.service";

class WatchedShop : public LiveShop {
 public:
  // Begins anew: release 1 is live, the units are installed as they are, those
  // of intake and recovery enabled.
  explicit WatchedShop(const std::string& config = Config("50ms"));
  // Looks at the one that is there.
  explicit WatchedShop(AsItIs as_it_is) : LiveShop(as_it_is) {}

  // Puts a file there as the unprivileged user `uploader`, without ssh; the
  // checksum of these bytes; or first the one and then the other.
  void Put(const std::string& name, const std::string& bytes);
  void PutSum(const std::string& name, const std::string& bytes);
  void Upload(const std::string& name, const std::string& bytes);
  // Of an archive of that version.
  std::string Bytes(const std::string& version,
                    const std::string& behaviour = "ok");

  // Gives a unit these lines too, or takes back what it was given.
  void AddToUnit(const std::string& unit, const std::string& lines);
  void ResetUnit(const std::string& unit);

  bool BoxIsEmpty();
  // Whether all uploads are taken in, and the unit has ended, in time.
  bool Settles(std::chrono::seconds limit = std::chrono::seconds(30));
  // The code of a rejected upload; "no reason" where it was not rejected.
  std::string CodeOf(const std::string& name);
  // The release is live, and the drop box is still watched.
  void CheckStillWatched(const std::string& live);

 private:
  void InstallUnits();
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_WATCHED_SHOP_H_
