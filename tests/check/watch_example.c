/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch_example.c - a program of a user of libreplugcheck: watches a machine through its trace until
 * standard input ends, and says what fails when it does.
 *
 * usage: watch_example TRACE SPEC...      exit status: the verdict
 */
#include <replugcheck.h>
#include <stdio.h>
#include <stdlib.h>

static void failed(const struct replugcheck_failure *failure, void *opaque)
{
    (void)opaque;
    printf("failed live: %s: %s, line %u: %s\n", failure->expectation, failure->rule, failure->line,
           failure->why);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct replugcheck *check = replugcheck_create();
    enum replugcheck_verdict verdict = REPLUGCHECK_TROUBLE;
    int status = argc > 2 ? 0 : -1;
    char *report;

    for (int i = 2; status == 0 && i < argc; i++) {
        status = replugcheck_add(check, argv[i]);
    }
    replugcheck_on_failure(check, failed, NULL);
    if (status == 0 && replugcheck_watch(check, argv[1]) == 0) {
        puts("watching");
        fflush(stdout);
        while (getchar() != EOF) {
        }
        verdict = replugcheck_stop(check);
        report = replugcheck_report(check, "text");
        fputs(report != NULL ? report : "no report\n", stdout);
        free(report);
    }
    if (verdict == REPLUGCHECK_TROUBLE) {
        fprintf(stderr, "watch_example: %s\n", replugcheck_error(check));
    }
    replugcheck_destroy(check);
    return (int)verdict;
}
