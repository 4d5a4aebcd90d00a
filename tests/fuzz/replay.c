/*
 * Runs a fuzz target over the files named on the command line, or below the folders named, and
 * writes TAP: the corpus as an ordinary test, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target aborts or a sanitizer ends the process where an input is mishandled, which the plan
 * that was not kept then shows; the line before says which input it was. */
static void replay(const char *path, int number)
{
    printf("# %s\n", path);
    fflush(stdout);
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    if (!f || !data) {
        printf("not ok %d - cannot read %s\n", number, path);
    } else {
        size_t n = fread(data, 1, INPUT_MAX, f);
        /* moved to memory of just its size, so that a read past the end is seen */
        uint8_t *exact = malloc(n ? n : 1);
        if (exact) {
            memcpy(exact, data, n);
            LLVMFuzzerTestOneInput(exact, n);
        }
        free(exact);
        printf("ok %d - %s\n", number, path);
    }
    free(data);
    if (f)
        fclose(f);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n = scandir(argv[i], &entries, visible, alphasort);
        if (n < 0)
            replay(argv[i], ++count);
        for (int j = 0; j < n; j++) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", argv[i], entries[j]->d_name);
            replay(path, ++count);
            free(entries[j]);
        }
        if (n >= 0)
            free((void *)entries);
    }
    printf("1..%d\n", count);
    return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
