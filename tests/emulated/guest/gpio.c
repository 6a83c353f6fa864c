// Hands on the pins, through the GPIO character device.
//   guest gpio pulse LINE COUNT HIGH_US LOW_US      pulses of an output that rests low
//   guest gpio hold LINE                            an output, high until the program is killed
//   guest gpio watch LINE                           prints `rising TIME` for each rising edge of an input
#include "guest.h"

#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int request(unsigned line, uint64_t flags) {
  int chip = open("/dev/gpiochip0", O_RDWR);
  struct gpio_v2_line_request request = {.offsets = {line}, .num_lines = 1, .config = {.flags = flags}};
  strcpy(request.consumer, "guest");
  if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request)) fail("line %u", line);
  return request.fd;
}

static void set(int line, int value) {
  struct gpio_v2_line_values values = {.bits = (uint64_t)value, .mask = 1};
  if (ioctl(line, GPIO_V2_LINE_SET_VALUES_IOCTL, &values)) fail("value");
}

int gpio_main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "pulse") == 0) {
    int line = request((unsigned)atoi(argv[2]), GPIO_V2_LINE_FLAG_OUTPUT);
    for (int i = 0; i < atoi(argv[3]); i++) {
      set(line, 1);
      usleep((unsigned)atoi(argv[4]));
      set(line, 0);
      usleep((unsigned)atoi(argv[5]));
    }
  } else if (argc == 3 && strcmp(argv[1], "hold") == 0) {
    set(request((unsigned)atoi(argv[2]), GPIO_V2_LINE_FLAG_OUTPUT), 1);
    pause();
  } else if (argc == 3 && strcmp(argv[1], "watch") == 0) {
    int line = request((unsigned)atoi(argv[2]), GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING);
    struct gpio_v2_line_event event;
    setlinebuf(stdout);
    printf("watching %llu\n", (unsigned long long)now_us());
    while (read(line, &event, sizeof event) == sizeof event)
      printf("rising %llu\n", (unsigned long long)event.timestamp_ns / 1000);
  } else {
    return 2;
  }
  return 0;
}
