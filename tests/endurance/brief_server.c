/* The smallest storage server: adds "NODE_ID PID" to the file $SUTRA_WITNESS; then one whose node_id begins with
   "exit" exits 3, another one waits for SIGTERM. Static, so that a hundred thousand of them start in minutes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  const char *id = getenv("NODE_ID");
  const char *witness = getenv("SUTRA_WITNESS");
  char line[128];
  int length, file;
  if (id == NULL || witness == NULL) return 1;
  length = snprintf(line, sizeof line, "%s %d\n", id, (int)getpid());
  file = open(witness, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || write(file, line, (size_t)length) != length) return 1;
  close(file);
  if (strncmp(id, "exit", 4) == 0) return 3;
  for (;;) pause();
}
