/* What writing, reading and spooling frames share. */
#ifndef WIRE_FRAME_BYTES_H
#define WIRE_FRAME_BYTES_H

#include "wire/frame.h"

uint32_t frame_crc(struct str bytes);
/* The length of the body that a head announces; `head` holds at least FRAME_HEAD bytes. */
uint32_t frame_body_length(const char *head);
bool frame_is_event(enum frame_type type);

#endif
