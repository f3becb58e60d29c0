// SPDX-License-Identifier: GPL-2.0-only
/* Numbers from a seed: xoshiro256**, started by splitmix64. */
#include "fuzz.h"

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t rotated(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(r->s); i++)
		r->s[i] = splitmix(&seed);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t result = rotated(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotated(r->s[3], 45);
	return result;
}

uint32_t below(struct rng *r, uint32_t n)
{
	return (rng_next(r) >> 32) * n >> 32;
}

bool one_in(struct rng *r, uint32_t n)
{
	return !below(r, n);
}

uint64_t mixed(uint64_t a, uint64_t b)
{
	uint64_t state = a;

	state = splitmix(&state) ^ b;
	return splitmix(&state);
}
