// What the guest's small programs share. Times are microseconds of CLOCK_MONOTONIC.
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

// Says what failed, with errno, and exits with 1.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);
uint64_t now_us(void);

int camera_main(int argc, char **argv);
int feed_main(int argc, char **argv);
int freeze_main(int argc, char **argv);
int gpio_main(int argc, char **argv);
int notify_main(int argc, char **argv);
int supervise_main(int argc, char **argv);

// video.c
int video_open(const char *device);
int video_set_control(int video, const char *name, int value);

#endif
