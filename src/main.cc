#include <cstdio>

int main() {
  std::printf("release %s\n", RELEASE_PROGRAM_VERSION);
  return 0;
}
