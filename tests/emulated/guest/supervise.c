// A service manager, as far as a station needs one: readiness and watchdog messages of systemd's protocol, restart,
// and what has to run after every end. Once the service is ready, the hardware watchdog is kicked if and only if the
// service kicks its own; while it starts, the manager kicks.
//   guest supervise WATCHDOG_MS STOP_POST HARDWARE PROGRAM ARGUMENTS...
// STOP_POST is a shell command (`:` for none). HARDWARE is a watchdog device (`-` for none), with a timeout of twice
// WATCHDOG_MS. SIGTERM ends the service and then the manager. The log on stdout has a line for each thing that happens,
// with the time before it: `started PID`, `message TEXT` (each line of a notification), `expired`, `ended STATUS`.
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTIFY "/run/notify"

static void note(const char *what, const char *text) {
  printf("%llu %s%s%s\n", (unsigned long long)now_us(), what, *text ? " " : "", text);
}

static pid_t start(char **program, const char *watchdog_ms, const sigset_t *unblocked) {
  char usec[32], text[32];
  snprintf(usec, sizeof usec, "%s000", watchdog_ms);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    snprintf(text, sizeof text, "%d", getpid());
    setenv("NOTIFY_SOCKET", NOTIFY, 1);
    setenv("WATCHDOG_USEC", usec, 1);
    setenv("WATCHDOG_PID", text, 1);
    sigprocmask(SIG_SETMASK, unblocked, NULL);
    execv(program[0], program);
    fail("%s", program[0]);
  }
  snprintf(text, sizeof text, "%d", child);
  note("started", text);
  return child;
}

static int open_hardware(const char *device, int timeout_s) {
  if (strcmp(device, "-") == 0) return -1;
  int hardware = open(device, O_WRONLY);
  if (hardware < 0 || ioctl(hardware, WDIOC_SETTIMEOUT, &timeout_s)) fail("%s", device);
  return hardware;
}

// Notes the message; true if it starts the watchdog (with readiness, as systemd's) or kicks it.
static int take_message(int notify) {
  char text[4096];
  int kicked = 0;
  ssize_t length = recv(notify, text, sizeof text - 1, 0);
  if (length < 0) return 0;
  text[length] = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    note("message", line);
    kicked |= strcmp(line, "WATCHDOG=1") == 0 || strcmp(line, "READY=1") == 0;
  }
  return kicked;
}

int supervise_main(int argc, char **argv) {
  if (argc < 5) return 2;
  uint64_t patience = (uint64_t)atoi(argv[1]) * 1000;
  const char *stop_post = argv[2];
  sigset_t awaited, unblocked;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &awaited, &unblocked);
  int signals = signalfd(-1, &awaited, SFD_CLOEXEC);
  int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NOTIFY};
  unlink(NOTIFY);
  if (signals < 0 || notify < 0 || bind(notify, (struct sockaddr *)&address, sizeof address)) fail(NOTIFY);
  int hardware = open_hardware(argv[3], (int)(patience * 2 / 1000000));
  setlinebuf(stdout);

  int stopping = 0, starting = 1;
  pid_t child = start(argv + 4, argv[1], &unblocked);
  uint64_t kicked = 0;
  for (;;) {
    struct pollfd waits[] = {{.fd = notify, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (poll(waits, 2, 50) < 0 && errno != EINTR) fail("poll");
    if (waits[0].revents && take_message(notify)) {
      kicked = now_us();
      starting = 0;
      if (hardware >= 0 && write(hardware, "k", 1) != 1) fail("kick");
    }
    if (hardware >= 0 && starting && write(hardware, "k", 1) != 1) fail("kick");
    struct signalfd_siginfo signal;
    if (waits[1].revents && read(signals, &signal, sizeof signal) == sizeof signal && signal.ssi_signo == SIGTERM) {
      stopping = 1;
      kill(child, SIGTERM);
    }
    if (kicked && now_us() - kicked > patience) {
      note("expired", "");
      kicked = 0;
      // With hardware, nobody but the hardware ends it: the machine restarts.
      if (hardware < 0) kill(child, SIGABRT);
    }
    int status;
    if (waitpid(child, &status, WNOHANG) == child) {
      char text[32];
      snprintf(text, sizeof text, "%d", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
      note("ended", text);
      if (system(stop_post)) note("stop-post failed", stop_post);
      if (stopping) break;
      child = start(argv + 4, argv[1], &unblocked);
      kicked = 0;
      starting = 1;
    }
  }
  if (hardware >= 0 && write(hardware, "V", 1) != 1) fail("watchdog");
  return 0;
}

//   guest notify TEXT        sends one message to the manager, as systemd-notify does
int notify_main(int argc, char **argv) {
  if (argc != 2) return 2;
  int client = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NOTIFY};
  if (sendto(client, argv[1], strlen(argv[1]), 0, (struct sockaddr *)&address, sizeof address) < 0) fail(NOTIFY);
  return 0;
}
