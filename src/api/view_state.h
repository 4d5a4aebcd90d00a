/*
 * What the live picture knows, between view.c, which hears of events, and view_draw.c, which draws
 * the block. Nobody else includes this.
 */
#ifndef API_VIEW_STATE_H
#define API_VIEW_STATE_H

#include "api/view.h"

enum { RUNNING_MAX = 256, CURVE = 24, SHOWN_MAX = 8, LINE = 2048 };
#define FRAME_NS  (100 * NS_PER_MS)
#define SECOND_NS NS_PER_S

struct running {
    int64_t trial, step, steps;
    double value;
    bool has_value, baseline;
    size_t n_curve;
    double curve[CURVE];
    char params[512];
};

struct view {
    struct screen *out;
    struct clock clock;
    enum view_style style;
    struct event last; /* of the search: method, goal, budget; texts copied below */
    char method[256], why[400], metric[128];
    bool started;
    int64_t started_at, next_draw;
    bool dirty;
    size_t n_running;
    struct running running[RUNNING_MAX];
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t budget;
    int parallel;
    bool minimize, has_best, has_baseline, with_baseline;
    int64_t best_trial;
    double best, baseline;
    struct pursued { /* several objectives */
        char name[64];
        bool minimize, has_best, has_baseline;
        double best, baseline;
    } pursued[STORE_OBJECTIVES_MAX];
    size_t n_pursued; /* 0: there is one */
    int64_t n_front, front_step;
    bool front_completed;
    char best_params[1024];
    int lines; /* of the block on the screen */
};

/* Few digits; "1h 05m". */
void view_real(char text[32], double x);
void view_duration(char text[32], int64_t ns);

#endif
