// The virtual camera (the kernel's vivid driver), made to film what another program shows: its HDMI output is looped
// back to its HDMI input. Frames are 8 bit gray; the source has 640x480 pixels, of which the camera takes the upper
// left corner, so that no pixel is scaled.
//   guest camera prepare CAPTURE OUTPUT WIDTH HEIGHT
//   guest camera read CAPTURE COUNT            frames as they come, to stdout
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { HDMI_INPUT = 3, HDMI_OUTPUT = 1, NO_TEXT = 2, START_OF_EXPOSURE = 1 };

int video_open(const char *device) { return open(device, O_RDWR); }

int video_set_control(int video, const char *name, int value) {
  struct v4l2_queryctrl query = {.id = V4L2_CTRL_FLAG_NEXT_CTRL};
  while (ioctl(video, VIDIOC_QUERYCTRL, &query) == 0) {
    if (strcmp((const char *)query.name, name) == 0) {
      struct v4l2_control control = {.id = query.id, .value = value};
      return ioctl(video, VIDIOC_S_CTRL, &control);
    }
    query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
  }
  errno = ENOENT;
  return -1;
}

static void set_format(int video, enum v4l2_buf_type type, unsigned width, unsigned height) {
  struct v4l2_format format = {.type = type};
  format.fmt.pix.width = width;
  format.fmt.pix.height = height;
  format.fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  if (ioctl(video, VIDIOC_S_FMT, &format)) fail("format");
  if (format.fmt.pix.width != width || format.fmt.pix.height != height ||
      format.fmt.pix.pixelformat != V4L2_PIX_FMT_GREY || format.fmt.pix.bytesperline != width) {
    fprintf(stderr, "found %ux%u, expected %ux%u\n", format.fmt.pix.width, format.fmt.pix.height, width, height);
    exit(1);
  }
}

static void select_corner(int video, enum v4l2_buf_type type, unsigned target, unsigned width, unsigned height) {
  struct v4l2_selection selection = {.type = type, .target = target, .r = {0, 0, width, height}};
  if (ioctl(video, VIDIOC_S_SELECTION, &selection)) fail("selection");
  if (selection.r.width != width || selection.r.height != height || selection.r.left || selection.r.top) {
    fprintf(stderr, "the corner is %ux%u at %d,%d\n", selection.r.width, selection.r.height, selection.r.left,
            selection.r.top);
    exit(1);
  }
}

static void prepare(const char *capture_device, const char *output_device, unsigned width, unsigned height) {
  int capture = video_open(capture_device), output = video_open(output_device);
  if (capture < 0 || output < 0) fail("%s or %s", capture_device, output_device);
  // 640x480 at 60 Hz, as in DMT.
  struct v4l2_dv_timings timings = {.type = V4L2_DV_BT_656_1120,
                                    .bt = {.width = 640,
                                           .height = 480,
                                           .pixelclock = 25175000,
                                           .hfrontporch = 16,
                                           .hsync = 96,
                                           .hbackporch = 48,
                                           .vfrontporch = 10,
                                           .vsync = 2,
                                           .vbackporch = 33}};
  int input = HDMI_INPUT, sink = HDMI_OUTPUT;
  if (ioctl(capture, VIDIOC_S_INPUT, &input)) fail("input");
  if (ioctl(output, VIDIOC_S_OUTPUT, &sink)) fail("output");
  if (ioctl(capture, VIDIOC_S_DV_TIMINGS, &timings)) fail("timings of the input");
  if (ioctl(output, VIDIOC_S_DV_TIMINGS, &timings)) fail("timings of the output");
  set_format(output, V4L2_BUF_TYPE_VIDEO_OUTPUT, width, height);
  select_corner(output, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_SEL_TGT_COMPOSE, width, height);
  set_format(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE, width, height);
  select_corner(capture, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_SEL_TGT_CROP, width, height);
  if (video_set_control(capture, "OSD Text Mode", NO_TEXT)) fail("OSD Text Mode");
  if (video_set_control(capture, "Loop Video", 1)) fail("Loop Video");
  // Stamped at the end of the frame as it should be, frames would come from the future.
  if (video_set_control(capture, "Timestamp Source", START_OF_EXPOSURE)) fail("Timestamp Source");
}

static void read_frames(const char *device, int count) {
  int video = video_open(device);
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  if (video < 0 || ioctl(video, VIDIOC_G_FMT, &format)) fail("%s", device);
  size_t size = format.fmt.pix.sizeimage;
  unsigned char *frame = malloc(size);
  for (int i = 0; i < count; i++) {
    if (read(video, frame, size) != (ssize_t)size) fail("%s", device);
    if (fwrite(frame, size, 1, stdout) != 1) fail("stdout");
  }
}

int camera_main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "prepare") == 0)
    prepare(argv[2], argv[3], (unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]));
  else if (argc == 4 && strcmp(argv[1], "read") == 0)
    read_frames(argv[2], atoi(argv[3]));
  else
    return 2;
  return 0;
}
