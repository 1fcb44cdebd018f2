// An app whose drop box is watched by the units of systemd/, and a user who
// uploads to it.
#ifndef RELEASE_TESTS_HOST_WATCHED_SHOP_H_
#define RELEASE_TESTS_HOST_WATCHED_SHOP_H_

#include <string>

#include "host/live_shop.h"

namespace release {

inline constexpr char kBox[] = "/srv/shop/incoming/";
inline constexpr char kPathUnit[] = "release-intake@shop.path";
inline constexpr char kIntakeUnit[] = "release-intake@shop.service";

class WatchedShop : public LiveShop {
 public:
  // Starts from scratch: deploys release 1, installs the units unchanged, and
  // enables those of intake and recovery.
  explicit WatchedShop(const std::string& config = Config("50ms"));
  // Uses the app as it exists.
  explicit WatchedShop(AsItIs as_it_is) : LiveShop(as_it_is) {}

  // Each of these copies into the drop box as the unprivileged user `uploader`,
  // without ssh. Put copies a file, PutSum the NAME.sha256 with the checksum of
  // the bytes; Upload does one after the other.
  void Put(const std::string& name, const std::string& bytes);
  void PutSum(const std::string& name, const std::string& bytes);
  void Upload(const std::string& name, const std::string& bytes);
  // Returns the bytes of an archive of that version.
  std::string Bytes(const std::string& version,
                    const std::string& behaviour = "ok");

  // Adds a drop-in with these lines to a unit; ResetUnit removes it.
  void AddToUnit(const std::string& unit, const std::string& lines);
  void ResetUnit(const std::string& unit);

  // Whether the drop box is empty except for rejected/.
  bool BoxIsEmpty();
  // Waits until the drop box is empty and the intake unit has ended. Returns
  // false if that takes longer than five minutes.
  bool Settles();
  // Returns the error code of a rejected upload, or "no reason" if it was not
  // rejected.
  std::string CodeOf(const std::string& name);
  // Checks that the release is live and that the drop box is still watched.
  void CheckStillWatched(const std::string& live);

 private:
  void InstallUnits();
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_WATCHED_SHOP_H_
