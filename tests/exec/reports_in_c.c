/* A training program in C, as one would write it with include/trawl/report.h. */
#include <trawl/report.h>

int main(int argc, char **argv)
{
    char features[64] = "none", optimizer[16] = "sgd";
    setlocale(LC_ALL, argc > 1 ? argv[1] : "C"); /* one with a decimal comma must not matter */
    double lr = trawl_param_real("lr", 0.5);
    trawl_param("optimizer.name", optimizer, sizeof(optimizer));
    trawl_param("features", features, sizeof(features));
    fprintf(stderr, "lr %s 0.001, n %lld, flag %d, %s, %s, seed %lld, %s\n",
            lr < 0.001 || lr > 0.001 ? "is not" : "is", trawl_param_int("n", 3),
            trawl_param_flag("flag", 0), optimizer, features, trawl_seed(1), trawl_checkpoint());
    if (trawl_param_flag("odd", 0)) {
        trawl_infeasible("\"odd\" is\nodd");
        return 1;
    }
    long long step = 0;
    enum trawl_decision decision = TRAWL_CONTINUE;
    while (decision == TRAWL_CONTINUE && step < trawl_steps(3)) {
        struct trawl_metric m[] = {{"auc", 0.1 + lr}, {"loss \"x\"", (double)NAN}, {"big", 1e300}};
        step++;
        decision = step % 2 ? trawl_report(step, "auc", 0.1 + lr) : trawl_report_all(-1, m, 3);
    }
    fprintf(stderr, "decision %d at %lld\n", (int)decision, step);
    return 0;
}
