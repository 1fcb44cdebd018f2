/* The least that an atomic, durable switch can cost: a new link, a rename over
   the old one, a sync of the directory.  floor DIRECTORY TARGET */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0 || symlinkat(argv[2], directory, "next") != 0 ||
      renameat(directory, "next", directory, "current") != 0 ||
      fsync(directory) != 0) {
    perror("floor");
    return 1;
  }
  return 0;
}
