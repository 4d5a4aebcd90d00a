/*
 * Numbers, sizes, durations and times, to and from text, whatever the locale.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/str.h"

/* The shortest decimal text that reads back as exactly x ("0.1", "1e-05", "256.0" is "256").
 * NaN and infinities give "nan", "inf", "-inf". Appends to b. */
void number_write(struct buf *b, double x);
/* As number_write, but a whole number keeps ".0" so that it reads back as a real. */
void number_write_real(struct buf *b, double x);
/* Decimal digits, without printf's cost. */
void number_write_i64(struct buf *b, int64_t v);
void number_write_u64(struct buf *b, uint64_t v);
/* x with at most `digits` significant digits, for people ("0.8137", "1.2e-05", "123500").
 * digits is 1 to 17. */
void number_write_short(struct buf *b, double x, int digits);

/* All of s must be a number: decimal integer / YAML 1.2 core float, or nan/inf in any case with
 * optional sign and leading dot. Return false, *ret untouched, otherwise. */
bool number_parse_i64(struct str s, int64_t *ret);
bool number_parse_real(struct str s, double *ret); /* past the range of double: infinity or 0 */
/* Reads the longest number that s begins with, and returns how many bytes it took (0: none). */
size_t number_scan_real(struct str s, double *ret);

/* "512", "2GiB", "1.5 GB", "300M" (M = MB = 10^6, Mi = MiB = 2^20): bytes. */
bool number_parse_size(struct str s, int64_t *ret_bytes);
/* "30m", "24h", "1h30m", "90s", "250ms", "2d", or a bare number of seconds: nanoseconds. */
bool number_parse_duration(struct str s, int64_t *ret_ns);
void number_write_size(struct buf *b, int64_t bytes);  /* "1.5 GiB" */
void number_write_duration(struct buf *b, int64_t ns); /* "1h 05m", "3.2 s", "8 ms" */

/* RFC 3339 in UTC with milliseconds, "2026-11-23T12:55:01.250Z", from ns since the epoch. */
void number_write_time(struct buf *b, int64_t real_ns);
bool number_parse_time(struct str s, int64_t *ret_real_ns);

#endif
