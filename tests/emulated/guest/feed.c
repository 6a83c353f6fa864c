// The scene in front of the camera: shows one image until the next is asked for.
//   guest feed OUTPUT     requests on stdin, a line each; an answer on stdout to each
// Requests: the path of a raw frame of the prepared size, `live`, `still`, `unplug`, `replug`. Answers: `shown`, `live`,
// `still`, `unplugged`, `replugged` and the time, or `failed` and why. After `shown`, every frame whose capture begins
// later shows the image. From `live` to `still`, the last bit of a few of its pixels changes with each frame, as noise
// does; else it stays the same to the bit.
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFERS = 2 };

static int video = -1;
static void *buffers[BUFFERS];
static size_t size;
static unsigned shown;
static unsigned char *image;

static int start(const char *device) {
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
  struct v4l2_requestbuffers request = {
      .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
  video = video_open(device);
  shown = 0;
  if (video < 0 || ioctl(video, VIDIOC_G_FMT, &format) || ioctl(video, VIDIOC_REQBUFS, &request)) return -1;
  size = format.fmt.pix.sizeimage;
  image = realloc(image, size);
  for (unsigned i = 0; i < BUFFERS; i++) {
    struct v4l2_buffer buffer = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    if (ioctl(video, VIDIOC_QUERYBUF, &buffer)) return -1;
    buffers[i] = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, video, buffer.m.offset);
    if (buffers[i] == MAP_FAILED) return -1;
  }
  return 0;
}

// The driver shows the last buffer again and again, and gives it back when it shows the next one.
static int put(unsigned noise) {
  unsigned index = shown % BUFFERS;
  unsigned char *pixels = buffers[index];
  memcpy(pixels, image, size);
  for (unsigned bit = 0; bit < 16; bit++) pixels[bit] ^= noise >> bit & 1;
  struct v4l2_buffer buffer = {.index = index,
                               .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
                               .memory = V4L2_MEMORY_MMAP,
                               .bytesused = (unsigned)size,
                               .field = V4L2_FIELD_NONE};
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  if (ioctl(video, VIDIOC_QBUF, &buffer)) return -1;
  if (shown++ == 0) return ioctl(video, VIDIOC_STREAMON, &type);
  return ioctl(video, VIDIOC_DQBUF, &buffer);
}

static int show(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) return -1;
  ssize_t found = read(file, image, size);
  close(file);
  if (found != (ssize_t)size) {
    errno = EINVAL;
    return -1;
  }
  return put(0);
}

// As if the cable was drawn: every node of the driver fails, until nobody holds one any more. This program is the last.
static int unplug(void) { return video_set_control(video, "Disconnect", 1); }

static int replug(const char *device) {
  for (unsigned i = 0; i < BUFFERS; i++) munmap(buffers[i], size);
  close(video);
  // Who else holds a node has to close it, too.
  for (int attempt = 0; attempt < 100; attempt++, usleep(50000))
    if (start(device) == 0) return 0;
  return -1;
}

int feed_main(int argc, char **argv) {
  if (argc != 2) return 2;
  if (start(argv[1])) fail("%s", argv[1]);
  char line[4096];
  int live = 0;
  unsigned noise = 0;
  // One request at a time: none waits in the buffer of stdin.
  struct pollfd request = {.fd = STDIN_FILENO, .events = POLLIN};
  for (;;) {
    while (live && poll(&request, 1, 0) == 0)
      if (put(++noise)) fail("live");
    if (!fgets(line, sizeof line, stdin)) break;
    line[strcspn(line, "\n")] = 0;
    const char *done = "shown";
    int status;
    if (strcmp(line, "live") == 0 || strcmp(line, "still") == 0) {
      live = strcmp(line, "live") == 0;
      done = live ? "live" : "still";
      status = 0;
    } else if (strcmp(line, "unplug") == 0) {
      done = "unplugged";
      status = unplug();
    } else if (strcmp(line, "replug") == 0) {
      done = "replugged";
      status = replug(argv[1]);
    } else {
      status = show(line);
    }
    if (status)
      printf("failed %s: %s\n", line, strerror(errno));
    else
      printf("%s %llu\n", done, (unsigned long long)now_us());
    fflush(stdout);
  }
  return 0;
}
