/* The reference item in C: one patient after the other, xoshiro256+, exponentials by -log u.
   cc -O3 -march=native -ffast-math scalar.c -o scalar -lm; scalar PATIENTS SEED
   Prints CPU seconds, then sum and sum of squares of cost, QALYs, life-years, infections under none and primary. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state[4];

static uint64_t rotated(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static double uniform(void) { /* in (0, 1) */
    uint64_t result = state[0] + state[3], t = state[1] << 17;
    state[2] ^= state[0]; state[3] ^= state[1]; state[1] ^= state[2]; state[0] ^= state[3];
    state[2] ^= t; state[3] = rotated(state[3], 45);
    return ((double)(result >> 12) + 0.5) * 0x1.0p-52;
}

static void seeded(uint64_t seed) { /* SplitMix64 */
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        state[i] = z ^ (z >> 31);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "scalar PATIENTS SEED\n"); return 2; }
    long patients = atol(argv[1]);
    const double horizon = 60.0, stop = 0.06, death_on = 0.02, death_off = 0.05, fatal = 0.05;
    const double discount = log(1.03) / 12;
    double sum[2][4] = {{0}}, squares[2][4] = {{0}};
    seeded(strtoull(argv[2], NULL, 10));
    clock_t begin = clock();
    for (int s = 0; s < 2; s++) {
        double mild = 0.065 * (s ? 0.80 : 1.0), severe = 0.035 * (s ? 0.38 : 1.0), flow = s ? 2500.0 : 0.0;
        double on_rate = mild + severe + stop + death_on;
        for (long i = 0; i < patients; i++) {
            double now = 0, then, from = 1, to, cost = 0, qaly = 0, infections = 0;
            int on = 1;
            for (;;) {
                double rate = on ? on_rate : death_off;
                then = now - log(uniform()) / rate;
                if (then > horizon) then = horizon;
                to = exp(-discount * then);
                double present = (from - to) / discount;
                qaly += present * (on ? 0.70 : 0.60) / 12;
                if (on) cost += present * flow;
                now = then; from = to;
                if (now >= horizon || !on) break;
                double kind = uniform() * rate;
                if (kind < mild + severe) {
                    infections += 1;
                    cost += (kind < severe ? 20000.0 : 800.0) * to;
                    if (kind < severe && uniform() < fatal) break;
                } else if (kind < mild + severe + stop) {
                    on = 0;
                } else break;
            }
            double values[4] = {cost, qaly, now / 12, infections};
            for (int k = 0; k < 4; k++) { sum[s][k] += values[k]; squares[s][k] += values[k] * values[k]; }
        }
    }
    printf("%.6f\n", (double)(clock() - begin) / CLOCKS_PER_SEC);
    for (int k = 0; k < 4; k++) printf("%.17g %.17g %.17g %.17g\n", sum[0][k], sum[1][k], squares[0][k], squares[1][k]);
    return 0;
}
