/* The status as a frame: what PID 1 pushes to the http process. One description serves both directions. */
#ifndef STATUS_SNAPSHOT_H
#define STATUS_SNAPSHOT_H

#include "base/frame.h"
#include "status/status.h"

#define SNAPSHOT_FRAME 1

/* Completes a frame of kind SNAPSHOT_FRAME in *writer, whose memory is used again: nothing is allocated once the status
 * has reached its size. False if it failed. */
bool snapshot_encode(const struct status *status, struct frame_writer *writer);

/* Strings and lists go into the arena. False if it is not a snapshot. */
bool snapshot_decode(struct frame_reader *payload, struct status *status, struct arena *arena);

#endif
