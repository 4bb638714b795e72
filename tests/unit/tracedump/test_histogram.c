/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_histogram.c - quantiles beside those of sorted values. */
#include <glib.h>
#include <stdlib.h>

#include "tracedump/histogram.h"
#include "unit.h"

#define VALUES 5000u

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Values of every size, from a fixed seed. */
static void test_error_bound(void **state)
{
    g_autofree struct histogram *histogram = g_new0(struct histogram, 1);
    g_autofree uint64_t *values = g_new(uint64_t, VALUES);
    GRand *random = g_rand_new_with_seed(7);

    (void)state;
    for (unsigned i = 0; i < VALUES; i++) {
        uint64_t value = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);

        values[i] = value >> g_rand_int_range(random, 0, 64);
        histogram_add(histogram, values[i]);
    }
    g_rand_free(random);
    qsort(values, VALUES, sizeof(*values), compare);
    for (unsigned permille = 1; permille <= 1000; permille++) {
        uint64_t exact = values[(VALUES * permille + 999) / 1000 - 1];
        uint64_t quantile = histogram_quantile(histogram, permille);

        assert_true(quantile >= exact);
        assert_true(quantile - exact <= exact / 31);
        assert_true(exact >= 64 || quantile == exact);
    }
    assert_int_equal(histogram_quantile(histogram, 1000), values[VALUES - 1]);
    assert_int_equal(histogram->min, values[0]);
    assert_int_equal(histogram->max, values[VALUES - 1]);
}

static void test_few_values(void **state)
{
    g_autofree struct histogram *histogram = g_new0(struct histogram, 1);

    (void)state;
    assert_int_equal(histogram_quantile(histogram, 500), 0);
    histogram_add(histogram, 1000001);
    assert_int_equal(histogram_quantile(histogram, 1), 1000001);
    assert_int_equal(histogram_quantile(histogram, 500), 1000001);
    histogram_add(histogram, UINT64_MAX);
    assert_int_equal(histogram_quantile(histogram, 1000), UINT64_MAX);
    histogram_add(histogram, 5);
    assert_int_equal(histogram->sum, UINT64_MAX);
    assert_int_equal(histogram_quantile(histogram, 1), 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_bound),
        cmocka_unit_test(test_few_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
