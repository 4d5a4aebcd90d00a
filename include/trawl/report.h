/*
 * Report a training program's metrics to trawl, from C or C++: this file is all there is to it.
 *
 *   #include <trawl/report.h>
 *
 *   double lr = trawl_param_real("lr", 0.1);
 *   for (long long step = 1; step <= trawl_steps(10); step++) {
 *       train(lr);
 *       if (trawl_report(step, "val_auc", evaluate()) != TRAWL_CONTINUE)
 *           break;
 *   }
 *
 * Inside a trial the values are the trial's and the decision is the search's. Run by hand the same
 * program works: values are the defaults given, reports are printed, the decision is to go on.
 *
 * Needs POSIX (-std=gnu99 or later, or _POSIX_C_SOURCE=200809L). Nothing is kept between calls:
 * each report is a connection of its own, so that threads and forked children need no care.
 * Floating-point numbers are written and read with a point, whatever the locale. The protocol is in
 * docs/PROTOCOL.md.
 */
#ifndef TRAWL_REPORT_H
#define TRAWL_REPORT_H

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef TRAWL_TRAWL_H /* which has these two as well */
enum trawl_decision {
    TRAWL_CONTINUE = 0,
    TRAWL_STOP, /* end for good */
    TRAWL_PAUSE /* save a checkpoint and end: the trial may go on from it later */
};

struct trawl_metric {
    const char *name; /* 1 to 200 bytes of UTF-8 */
    double value;     /* NaN and infinities too */
};
#endif

/* Private from here to the next banner -------------------------------------------------------- */

/* Text that grows; `failed` once memory ran out. */
struct trawl_text_ {
    char *p;
    size_t n, room;
    int failed;
};

static inline void trawl_add_(struct trawl_text_ *t, const char *bytes, size_t n)
{
    if (!t->failed && t->n + n + 1 > t->room) {
        size_t room = (t->n + n + 1) * 2;
        char *p = (char *)realloc(t->p, room);
        t->failed = !p;
        if (p) {
            t->p = p;
            t->room = room;
        }
    }
    if (t->failed)
        return;
    memcpy(t->p + t->n, bytes, n);
    t->n += n;
    t->p[t->n] = '\0';
}

static inline void trawl_add_string_(struct trawl_text_ *t, const char *s)
{
    trawl_add_(t, "\"", 1);
    for (; *s; s++) {
        char escape[8];
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\')
            trawl_add_(t, s, 1);
        else
            trawl_add_(t, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
    }
    trawl_add_(t, "\"", 1);
}

/* The number as text: the shortest of 15 to 17 digits that reads back the same. */
static inline void trawl_write_number_(char out[40], double v)
{
    if (isnan(v) || isinf(v)) {
        snprintf(out, 40, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 40, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    char *point = out + strcspn(out, localeconv()->decimal_point);
    if (*point)
        *point = '.';
}

/* Connects to "unix:PATH"; a path longer than a socket's address is reached through its folder. */
static inline int trawl_connect_(const char *endpoint)
{
    struct sockaddr_un at;
    int folder = -1;
    const char *path = endpoint + 5, *name = strrchr(endpoint, '/');
    if (strncmp(endpoint, "unix:", 5) != 0 || !name) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    memset(&at, 0, sizeof(at));
    at.sun_family = AF_UNIX;
    int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    if (n >= (int)sizeof(at.sun_path)) {
        char parent[4096];
        snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
        folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return -1;
        snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d%s", folder, name);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int status = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&at, sizeof(at));
    int why = errno;
    if (folder >= 0)
        close(folder);
    if (fd >= 0 && status < 0)
        close(fd);
    errno = why;
    return status < 0 ? -1 : fd;
}

/* Sends a line and reads the one that answers it. 0, or -1 with errno. */
static inline int trawl_exchange_(const struct trawl_text_ *line, char *answer, size_t room)
{
    size_t done = 0, got = 0;
    int fd = trawl_connect_(getenv("TRAWL_ENDPOINT"));
    if (fd < 0)
        return -1;
    while (done < line->n) {
        ssize_t n = send(fd, line->p + done, line->n - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    while (done == line->n && got + 1 < room && !memchr(answer, '\n', got)) {
        ssize_t n = recv(fd, answer + got, room - 1 - got, 0);
        if (n == 0)
            errno = ECONNRESET;
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        got += n > 0 ? (size_t)n : 0;
    }
    int why = errno;
    close(fd);
    errno = why; /* of recv or send */
    answer[got] = '\0';
    return memchr(answer, '\n', got) ? 0 : -1;
}

/* Sends a whole message and reads the decision; says so on stderr where that does not work. */
static inline enum trawl_decision trawl_say_(struct trawl_text_ *message)
{
    char answer[4096];
    errno = ENOMEM;
    int status = message->failed ? -1 : trawl_exchange_(message, answer, sizeof(answer));
    if (status < 0)
        fprintf(stderr, "trawl: not delivered, going on without trawl: %s\n", strerror(errno));
    else if (strstr(answer, "\"error\""))
        fprintf(stderr, "trawl: the report was refused: %s", answer);
    free(message->p);
    if (status < 0 || strstr(answer, "\"error\""))
        return TRAWL_CONTINUE;
    return strstr(answer, "\"stop\"")    ? TRAWL_STOP
           : strstr(answer, "\"pause\"") ? TRAWL_PAUSE
                                         : TRAWL_CONTINUE;
}

static inline void trawl_begin_(struct trawl_text_ *t)
{
    memset(t, 0, sizeof(*t));
    trawl_add_(t, "{\"token\":", 9);
    trawl_add_string_(t, getenv("TRAWL_TOKEN"));
}

/* The text of params.json; NULL outside a trial. The caller frees it. */
static inline char *trawl_read_params_(void)
{
    struct trawl_text_ t;
    char chunk[4096];
    size_t n;
    const char *path = getenv("TRAWL_PARAMS");
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f)
        return NULL;
    memset(&t, 0, sizeof(t));
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        trawl_add_(&t, chunk, n);
    fclose(f);
    return t.p;
}

/* Past the JSON string whose opening quote p points to, copying its bytes with escapes resolved
 * (those of \u that are ASCII); returns where it ends. */
static inline const char *trawl_take_string_(const char *p, char *out, size_t room)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    size_t n = 0;
    for (p++; *p && *p != '"'; p++) {
        char c = *p;
        if (c == '\\' && p[1]) {
            const char *known = strchr(from, *++p);
            c = known ? to[known - from] : *p;
            if (*p == 'u' && strlen(p) > 4) {
                char digits[5] = {p[1], p[2], p[3], p[4], 0};
                long code = strtol(digits, NULL, 16);
                c = code < 0x80 ? (char)code : '?';
                p += 4;
            }
        }
        if (n + 1 < room)
            out[n++] = c;
    }
    if (room)
        out[n] = '\0';
    return *p ? p + 1 : p;
}

/* Past one value; its text (a string's without quotes) goes to out. */
static inline const char *trawl_take_value_(const char *p, char *out, size_t room)
{
    const char *start = p;
    int depth = 0;
    if (*p == '"')
        return trawl_take_string_(p, out, room);
    for (; *p && (depth || !strchr(",}", *p)); p++) {
        depth += *p == '[' || *p == '{';
        depth -= *p == ']' || *p == '}';
        if (*p == '"')
            p = trawl_take_string_(p, NULL, 0) - 1;
    }
    size_t n = (size_t)(p - start);
    while (n && strchr(" \t\r\n", start[n - 1]))
        n--;
    snprintf(out, room, "%.*s", (int)n, start);
    return p;
}

/* What programs call -------------------------------------------------------------------------- */

/* Whether this process runs inside a trial. */
static inline int trawl_inside(void)
{
    return getenv("TRAWL_ENDPOINT") && getenv("TRAWL_TOKEN");
}

/* Reports n metrics at a step (-1: one more than the last) and waits for the decision. Where it
 * could not be delivered that is said on stderr, and the decision is to go on. */
static inline enum trawl_decision trawl_report_all(long long step, const struct trawl_metric *m,
                                                   size_t n)
{
    struct trawl_text_ t;
    char text[48];
    if (!trawl_inside()) {
        if (step >= 0)
            printf("step=%lld", step);
        for (size_t i = 0; i < n; i++) {
            trawl_write_number_(text, m[i].value);
            printf("%s%s=%s", i || step >= 0 ? " " : "", m[i].name, text);
        }
        printf("\n");
        fflush(stdout);
        return TRAWL_CONTINUE;
    }
    trawl_begin_(&t);
    trawl_add_(&t, ",\"report\":{", 11);
    if (step >= 0)
        trawl_add_(&t, text, (size_t)snprintf(text, sizeof(text), "\"step\":%lld,", step));
    trawl_add_(&t, "\"metrics\":{", 11);
    for (size_t i = 0; i < n; i++) {
        trawl_add_(&t, ",", i > 0);
        trawl_add_string_(&t, m[i].name);
        trawl_add_(&t, ":", 1);
        trawl_write_number_(text, m[i].value);
        if (isnan(m[i].value) || isinf(m[i].value))
            trawl_add_string_(&t, text);
        else
            trawl_add_(&t, text, strlen(text));
    }
    trawl_add_(&t, "}}}\n", 4);
    return trawl_say_(&t);
}

static inline enum trawl_decision trawl_report(long long step, const char *name, double value)
{
    const struct trawl_metric m = {name, value};
    return trawl_report_all(step, &m, 1);
}

/* Says that this configuration makes no sense, and why; then end the program. */
static inline void trawl_infeasible(const char *why)
{
    struct trawl_text_ t;
    if (!trawl_inside()) {
        printf("infeasible: %s\n", why);
        return;
    }
    trawl_begin_(&t);
    trawl_add_(&t, ",\"infeasible\":", 14);
    trawl_add_string_(&t, why);
    trawl_add_(&t, "}\n", 2);
    trawl_say_(&t);
}

/* A parameter's value as text ("0.1", "adam", "true", "[\"a\", \"b\"]") into out; `room` bytes at
 * most with the NUL. 0 where the trial has no such parameter, or outside a trial: out is untouched.
 */
static inline int trawl_param(const char *name, char *out, size_t room)
{
    int found = 0;
    char key[512];
    char *text = trawl_read_params_();
    const char *p = text ? strchr(text, '{') : NULL;
    for (; p && *p && *p != '}' && !found; p += strcspn(p, ",}")) {
        p += 1;
        p += strspn(p, " \t\r\n");
        if (*p != '"')
            break;
        p = trawl_take_string_(p, key, sizeof(key));
        p += strspn(p, " \t\r\n:");
        found = strcmp(key, name) == 0;
        p = trawl_take_value_(p, found ? out : NULL, found ? room : 0);
    }
    free(text);
    return found;
}

static inline double trawl_param_real(const char *name, double otherwise)
{
    char text[64];
    if (!trawl_param(name, text, sizeof(text)))
        return otherwise;
    char *end, *point = strchr(text, '.');
    if (point)
        *point = localeconv()->decimal_point[0];
    double v = strtod(text, &end);
    return end == text ? otherwise : v;
}

static inline long long trawl_param_int(const char *name, long long otherwise)
{
    char text[64], *end;
    if (!trawl_param(name, text, sizeof(text)))
        return otherwise;
    long long v = strtoll(text, &end, 10);
    return end == text ? otherwise : v;
}

static inline int trawl_param_flag(const char *name, int otherwise)
{
    char text[16];
    return trawl_param(name, text, sizeof(text)) ? strcmp(text, "true") == 0 : otherwise;
}

/* The folder for checkpoints: it lasts from attempt to attempt, and is empty the first time (but of
 * a copy in a population). Outside a trial it is ./checkpoint, made where it is not there. */
static inline const char *trawl_checkpoint(void)
{
    const char *folder = getenv("TRAWL_CHECKPOINT");
    if (folder && *folder)
        return folder;
    (void)mkdir("checkpoint", 0777);
    return "checkpoint";
}

static inline long long trawl_number_of_(const char *variable, long long otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? strtoll(text, NULL, 10) : otherwise;
}

/* Train up to this step now; `otherwise` outside a trial, or where the search sets no steps. */
static inline long long trawl_steps(long long otherwise)
{
    return trawl_number_of_("TRAWL_STEPS", otherwise);
}

/* The trial's seed, 0 to 2^31 - 1. */
static inline long long trawl_seed(long long otherwise)
{
    return trawl_number_of_("TRAWL_SEED", otherwise);
}

#endif
