/*
 * `trawl report`: a report from a shell.
 *
 *   trawl report --step 3 val_auc=0.81 loss=0.4
 *   trawl report --infeasible "does not fit in memory"
 */
#include "base/io.h"
#include "base/json.h"
#include "base/json_reader.h"
#include "base/number.h"
#include "exec/supervisor/socket_address.h"
#include "exec/supervisor/supervisor.h"
#include "wire/endpoint.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_CONTINUE = 0,
    EXIT_NOT_DELIVERED = 1,
    EXIT_WRONG_USE = 2,
    EXIT_STOP = 10,
    EXIT_PAUSE = 11
};
enum { REPLY_MAX = 1 << 16 };

struct report_options {
    bool has_step, infeasible, json, help;
    int64_t step;
    const char *why;
    char **metrics; /* NAME=VALUE: moved to the front of argv */
    int n;
};

static const char usage[] =
    "usage: trawl report [--step N] NAME=VALUE... [--json]\n"
    "       trawl report --infeasible [WHY] [--json]\n"
    "\n"
    "Used inside a trial. Prints the decision; exits 0 to continue, 10 to stop, 11 to pause,\n"
    "1 if the report was not delivered, 2 if it was used wrongly.\n";

static enum code take_step(struct report_options *o, const char *text, struct error *e)
{
    if (!text)
        return error_set(e, E_USAGE, "--step needs a number");
    if (!number_parse_i64(str_of(text), &o->step) || o->step < 0)
        return error_set(e, E_USAGE, "--step %s: not a whole number, zero or more", text);
    o->has_step = true;
    return OK;
}

static enum code check_metric(const char *text, struct error *e)
{
    struct str value = str_of(text), name = str_cut(&value, '=');
    double v;
    if (!value.p || name.n == 0 || name.n > METRIC_NAME_MAX || !str_valid_utf8(name))
        return error_set(e, E_USAGE, "\"%s\" is not NAME=VALUE", text);
    if (!number_parse_real(value, &v))
        return error_set(e, E_USAGE, "%s: the value is not a number", text);
    return OK;
}

/* argv[0] is "report". */
static enum code parse(struct report_options *o, int argc, char **argv, struct error *e)
{
    enum code code = OK;
    o->metrics = argv + 1;
    for (int i = 1; i < argc && code == OK; i++) {
        if (strcmp(argv[i], "--step") == 0) {
            const char *text = i + 1 < argc ? argv[++i] : NULL;
            code = take_step(o, text, e);
        } else if (strncmp(argv[i], "--step=", 7) == 0) {
            code = take_step(o, argv[i] + 7, e);
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            o->help = true;
        } else if (strcmp(argv[i], "--infeasible") == 0) {
            bool has_why = i + 1 < argc && argv[i + 1][0] != '-';
            o->infeasible = true;
            o->why = has_why ? argv[++i] : "";
        } else if (strncmp(argv[i], "--infeasible=", 13) == 0) {
            o->infeasible = true;
            o->why = argv[i] + 13;
        } else if (argv[i][0] == '-') {
            code = error_set(e, E_USAGE, "unknown option %s", argv[i]);
        } else if ((code = check_metric(argv[i], e)) == OK) {
            o->metrics[o->n++] = argv[i];
        }
    }
    if (code == OK && !o->help && o->infeasible && (o->n || o->has_step))
        code = error_set(e, E_USAGE, "--infeasible stands alone, without metrics or a step");
    if (code == OK && !o->help && !o->infeasible && o->n == 0 && !o->has_step)
        code = error_set(e, E_USAGE, "nothing to report: give NAME=VALUE");
    return code;
}

static void write_metrics(struct json *j, const struct report_options *o)
{
    jw_object(j);
    for (int i = 0; i < o->n; i++) {
        struct str value = str_of(o->metrics[i]), name = str_cut(&value, '=');
        double v = 0;
        if (number_parse_real(value, &v)) {
            jw_key_str(j, name);
            jw_real(j, v);
        }
    }
    jw_object_end(j);
}

static void write_message(struct buf *b, const struct report_options *o, const char *token)
{
    struct json j;
    jw_init(&j, b);
    jw_object(&j);
    jw_key(&j, "token");
    jw_cstr(&j, token);
    if (o->infeasible) {
        jw_key(&j, "infeasible");
        jw_cstr(&j, o->why);
    } else {
        jw_key(&j, "report");
        jw_object(&j);
        if (o->has_step) {
            jw_key(&j, "step");
            jw_i64(&j, o->step);
        }
        jw_key(&j, "metrics");
        write_metrics(&j, o);
        jw_object_end(&j);
    }
    jw_object_end(&j);
    jw_newline(&j);
}

static enum code connect_endpoint(const char *endpoint, int *ret, struct error *e)
{
    struct sockaddr_un at;
    int folder = -1;
    if (strncmp(endpoint, "unix:", 5) != 0)
        return error_set(e, E_UNSUPPORTED, "TRAWL_ENDPOINT=%s is no endpoint known here", endpoint);
    enum code code = socket_address(endpoint + 5, &at, &folder, e);
    if (code != OK)
        return code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
        code = error_errno(e, errno, "cannot reach the supervisor at %s", endpoint + 5);
        if (fd >= 0)
            close(fd);
    }
    if (folder >= 0)
        close(folder);
    if (code == OK)
        *ret = fd;
    return code;
}

static enum code receive_line(int fd, struct buf *b, struct error *e)
{
    char chunk[4096];
    while (!b->n || b->p[b->n - 1] != '\n') {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read the supervisor's answer");
        if (n == 0)
            return error_set(e, E_PROTOCOL, "the supervisor went away without an answer");
        buf_add(b, chunk, (size_t)n);
        if (b->bad)
            return buf_end(b, e);
    }
    return OK;
}

static enum code exchange(const char *endpoint, const struct buf *message, struct buf *reply,
                          struct error *e)
{
    int fd = -1;
    enum code code = connect_endpoint(endpoint, &fd, e);
    if (code != OK)
        return code;
    size_t done = 0;
    while (done < message->n && code == OK) {
        ssize_t n = send(fd, message->p + done, message->n - done, MSG_NOSIGNAL);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            code = error_errno(e, errno, "cannot send to the supervisor");
    }
    if (code == OK)
        code = receive_line(fd, reply, e);
    close(fd);
    return code;
}

/* The reply's decision as an exit status. */
static enum code read_reply(const struct buf *reply, int *ret_status, const char **ret_word,
                            struct error *e)
{
    struct arena a;
    const struct json_node *root = NULL, *decision = NULL, *refusal = NULL;
    arena_init(&a, 1 << 20);
    enum code code = json_read(buf_view(reply), &a, &root, e);
    if (code == OK) {
        decision = json_member(root, "decision");
        refusal = json_member(root, "error");
    }
    if (code == OK && refusal)
        code = error_set(e, E_INVALID, "%.*s", STR_FMT(refusal->text));
    if (code == OK) {
        bool stop = decision && str_is(decision->text, "stop");
        bool pause = decision && str_is(decision->text, "pause");
        *ret_status = stop ? EXIT_STOP : pause ? EXIT_PAUSE : EXIT_CONTINUE;
        *ret_word = stop ? "stop" : pause ? "pause" : decision ? "continue" : "infeasible";
    }
    arena_free(&a);
    return code;
}

static int complain(const struct error *e, int status, struct buf *errors)
{
    buf_fmt(errors, "trawl report: %s%s%s\n", e->message, e->detail[0] ? ": " : "", e->detail);
    if (e->hint[0])
        buf_fmt(errors, "  %s\n", e->hint);
    if (status == EXIT_WRONG_USE)
        buf_cstr(errors, usage);
    return status;
}

static enum code deliver(const struct report_options *o, struct buf *message, struct buf *reply,
                         int *ret_status, const char **ret_word, struct error *e)
{
    const char *endpoint = getenv("TRAWL_ENDPOINT"), *token = getenv("TRAWL_TOKEN");
    if (!endpoint || !token) {
        error_set(e, E_STATE, "not inside a trial: TRAWL_ENDPOINT and TRAWL_TOKEN are not set");
        error_hint(e, "trawl sets them for the programs it runs");
        return E_STATE;
    }
    write_message(message, o, token);
    enum code code = buf_end(message, e);
    if (code == OK)
        code = exchange(endpoint, message, reply, e);
    return code == OK ? read_reply(reply, ret_status, ret_word, e) : code;
}

int report_command(int argc, char **argv, struct buf *out, struct buf *errors)
{
    struct report_options o = {.why = ""};
    struct error e;
    struct buf message, reply;
    const char *word = "continue";
    int status = EXIT_CONTINUE;
    if (parse(&o, argc, argv, &e) != OK)
        return complain(&e, EXIT_WRONG_USE, errors);
    if (o.help) {
        buf_cstr(out, usage);
        return EXIT_CONTINUE;
    }
    buf_init(&message, ENDPOINT_LINE_MAX);
    buf_init(&reply, REPLY_MAX);
    if (deliver(&o, &message, &reply, &status, &word, &e) != OK)
        status = complain(&e, EXIT_NOT_DELIVERED, errors);
    else if (o.json)
        buf_str(out, buf_view(&reply));
    else
        buf_fmt(out, "%s\n", word);
    buf_free(&message);
    buf_free(&reply);
    return status;
}
