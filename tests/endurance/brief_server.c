/* The smallest storage server: appends "NODE_ID PID" to the file $SUTRA_START_LOG, if that is set; then does what the
   first word of its node_id says. Static, so that a hundred thousand of them start in minutes.

     exit       exits 3
     family     has a child, and a grandchild that left its session and its parent
     stubborn   the same, and they ignore SIGTERM
     others     wait for SIGTERM */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for_ever(void) {
  for (;;) pause();
}

static int log_start(const char* id) {
  const char* path = getenv("SUTRA_START_LOG");
  char line[128];
  int length, file, written;
  if (path == NULL) return 1;
  length = snprintf(line, sizeof line, "%s %d\n", id, (int)getpid());
  file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  written = write(file, line, (size_t)length) == length;
  close(file);
  return written;
}

static void found_a_family(void) {
  const pid_t parent = fork();
  if (parent == 0) {
    setsid();
    if (fork() == 0) wait_for_ever();
    _exit(0);
  }
  waitpid(parent, NULL, 0);
  if (fork() == 0) wait_for_ever();
}

int main(void) {
  const char* id = getenv("NODE_ID");
  if (id == NULL || !log_start(id)) return 1;
  if (strncmp(id, "exit-", 5) == 0) return 3;
  if (strncmp(id, "stubborn-", 9) == 0) signal(SIGTERM, SIG_IGN);
  if (strncmp(id, "family-", 7) == 0 || strncmp(id, "stubborn-", 9) == 0) found_a_family();
  wait_for_ever();
}
