/* The least a training program can be: prints one metric and ends. The trial that BENCH_FAILS names
 * fails instead, so that there is something to retry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    const char *fails = getenv("BENCH_FAILS"), *trial = getenv("TRAWL_TRIAL");
    if (fails && trial && strcmp(fails, trial) == 0)
        return 1;
    puts("loss=0.5");
    return 0;
}
