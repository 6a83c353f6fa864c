// Makes one thread of a process hang, and no other: the debugger's interface stops it wherever it is.
//   guest freeze THREAD      until this program is killed; the thread whose id is the process's is the main one
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int freeze_main(int argc, char **argv) {
  if (argc != 2) return 2;
  pid_t thread = atoi(argv[1]);
  int status;
  if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) ||
      waitpid(thread, &status, __WALL) != thread)
    fail("thread %d", thread);
  printf("frozen %llu\n", (unsigned long long)now_us());
  fflush(stdout);
  for (;;) pause();
}
