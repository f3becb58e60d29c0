// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arguments of a call: mostly such that something comes of it, and now and then
 * such that nothing should. Texts lie in the program, which is at the same place in
 * every process, so that a story is the same in all of them.
 */
#include "fuzz.h"

#include <limits.h>
#include <string.h>

#define P(x) ((long)(x))

static long draw_text(struct rng *r, const char *usual)
{
	if (one_in(r, 30))
		return hostile_pointer(r);
	if (one_in(r, 12))
		return flickering(r);
	return P(usual);
}

/*
 * Some of these no kernel has; none has all. The big_key of the built-in service, which
 * Debian's kernels have not, reads from NULL after an update of less than 16 bytes for
 * which the quota has no room.
 */
static const char *draw_type_name(struct rng *r)
{
	static const char *const usual[] = { "user", "user", "keyring", "keyring", "logon",
					     "big_key" };
	static const char *const types[] = {
		"asymmetric", "asymmetric", "encrypted", "trusted", "dns_resolver",
		".request_key_auth", "fscrypt-provisioning", "rxrpc", "rxrpc_s", "id_resolver",
		"cifs.spnego", "ceph", ".blacklist", ".dead", "pkcs7_test", "mktme", "",
		".", "nonesuch", "a type with a name of 31 bytes.",
		"a type with a name of 32 bytes..",
	};

	const char *name = one_in(r, 10) ? PICK(r, types) : PICK(r, usual);

	return both_answer() && !strcmp(name, "big_key") ? "user" : name;
}

static const char *draw_desc(struct rng *r)
{
	static const char *const usual[] = { "a", "b", "c", "d", "f:1", "f:2", "f:3" };
	static const char *const odd[] = {
		"", ".dot", ":colon", "id:5e2d", "ex:60c375dc", "a longer one", "_uid.0",
		"_ses", "_tid", "_req.1", "_uid_ses.0", "\xff\xfe\x80", "%s%n", "a;b",
	};

	if (one_in(r, 40))
		return long_text(r);
	return one_in(r, 12) ? PICK(r, odd) : PICK(r, usual);
}

static long draw_length(struct rng *r)
{
	static const long lengths[] = {
		0, 1, 2, 3, 4, 31, 32, 33, 63, 64, 255, 4094, 4095, 4096, 4097, 32766, 32767,
		32768, 65535, 65536, 1048574, 1048575, 1048576, INT_MAX, 0x80000000L,
		0xffffffffL, 0x100000001L, -1, LONG_MAX, LONG_MIN,
	};

	return one_in(r, 2) ? (long)below(r, 80) : PICK(r, lengths);
}

static long draw_number(struct rng *r)
{
	static const long numbers[] = { -1, INT_MAX, INT_MIN, 0xffffffffL, LONG_MIN, 4095, 512 };

	return one_in(r, 4) ? PICK(r, numbers) : (long)below(r, 6);
}

static long draw_user(struct rng *r)
{
	return one_in(r, 3) ? draw_number(r) : (long)(stage->uid + below(r, UIDS));
}

static long draw_perm(struct rng *r)
{
	static const long usual[] = { 0x3f3f3f3f, 0x3f3f3f3f, 0x3f3f0000, 0x3f010000, 0x1f1f1f1f,
				      0x003f3f3f, 0x3f3b3b3b };

	return one_in(r, 3) ? (long)(uint32_t)rng_next(r) & (one_in(r, 8) ? -1 : 0x3f3f3f3f) :
			      PICK(r, usual);
}

static int draw_slot(struct rng *r, bool ring)
{
	if (one_in(r, 4))
		return OWN + below(r, COMMON);
	if (one_in(r, 10))
		ring = !ring;
	return ring ? below(r, OWN_RINGS) : OWN_RINGS + below(r, OWN_KEYS);
}

static void draw_id(struct rng *r, struct step *s, int i, bool ring)
{
	static const long odd[] = { 0, -6, -7, -7, -8, -8, -9, -100, 1, 2, INT_MAX, INT_MIN,
				    0x123456789L };
	unsigned int n = below(r, 100);

	if (n < (ring ? 60 : 80))
		s->slot[i] = draw_slot(r, ring);
	else if (n < 96)
		s->arg[i] = -1 - (long)below(r, 5);
	else
		s->arg[i] = one_in(r, 8) ? (long)(rng_next(r) >> 33) : PICK(r, odd);
}

static void draw_data(struct rng *r, struct step *s, int i)
{
	static const char *const usual[] = { "x", "payload", "another payload", "fe:fe" };
	const char *text = PICK(r, usual);

	s->arg[i] = draw_text(r, text);
	s->arg[i + 1] = strlen(text);
	if (one_in(r, 8)) {
		s->arg[i] = good_data(r);
		s->arg[i + 1] = draw_length(r);
	}
}

/* Where an answer goes; IN_PAD is where the thread may write */
static void draw_place(struct rng *r, struct step *s, int i, long in_pad)
{
	if (one_in(r, 12)) {
		s->arg[i] = one_in(r, 2) ? hostile_pointer(r) : flickering(r);
		return;
	}
	s->slot[i] = IN_PAD;
	s->arg[i] = in_pad;
}

static void draw_argument(struct rng *r, struct step *s, char kind, int i)
{
	switch (kind) {
	case 'i':
	case 'r':
		draw_id(r, s, i, kind == 'r' || s->op == GET_ID);
		break;
	case 't':
		s->arg[i] = draw_text(r, draw_type_name(r));
		break;
	case 's':
		s->arg[i] = draw_text(r, draw_desc(r));
		break;
	case 'd':
		draw_data(r, s, i);
		break;
	case 'x':
		s->arg[i] = draw_perm(r);
		break;
	case 'b':
		draw_place(r, s, i, PAD_OUT);
		break;
	case 'v':
		draw_place(r, s, i, PAD_VECTOR);
		break;
	case 'p':
		draw_place(r, s, i, PAD_PARAMS);
		break;
	case 'L':
		s->arg[i] = one_in(r, 3) ? draw_length(r) : PAD_BYTES - PAD_OUT;
		break;
	case 'n':
		s->arg[i] = draw_number(r);
		break;
	}
}

static void draw_add_key(struct rng *r, struct step *s)
{
	const char *type = draw_type_name(r);
	bool ring = !strcmp(type, "keyring");

	s->arg[0] = draw_text(r, type);
	if (!strcmp(type, "asymmetric") || !strcmp(type, "encrypted") || !strcmp(type, "trusted")) {
		s->arg[2] = good_data(r);
		s->arg[3] = one_in(r, 4) ? draw_length(r) : 0x204;
	}
	if (ring && !one_in(r, 40))
		s->arg[2] = s->arg[3] = 0;
	if (ring)
		s->into = below(r, OWN_RINGS);
}

static void draw_request(struct rng *r, struct step *s)
{
	/* Helpers take their time: most requests are without */
	if (!one_in(r, 4)) {
		s->slot[2] = NO_SLOT;
		s->arg[2] = 0;
	}
	if (one_in(r, 2)) {
		s->slot[3] = NO_SLOT;
		s->arg[3] = 0;
	}
}

static void draw_restriction(struct rng *r, struct step *s)
{
	static const char *const rules[] = {
		"builtin_trusted", "builtin_and_secondary_trusted", "key_or_keyring:0",
		"key_or_keyring:0:chain", "key_or_keyring:", "x", "",
	};

	s->arg[1] = one_in(r, 2) ? 0 : draw_text(r, one_in(r, 4) ? draw_type_name(r) : "asymmetric");
	s->arg[2] = one_in(r, 3) ? 0 : draw_text(r, PICK(r, rules));
	if (one_in(r, 6))	/* makes a ring read-only; too many of them and nothing goes on */
		s->arg[1] = s->arg[2] = 0;
}

static void draw_verdict(struct rng *r, struct step *s)
{
	static const long errors[] = { 126, 129, 127, 128, 13, 1, 0, 511, 512, 516, 530, 4095, 4096,
				       -1 };

	if (s->op == REJECT)
		s->arg[2] = PICK(r, errors);
	if (one_in(r, 2))
		s->slot[0] = OWN + below(r, COMMON);
}

static void draw_number_of_op(struct rng *r, struct step *s)
{
	static const long beyond[] = { 33, 34, 63, 64, 100, 255, 256, 1000, INT_MAX, INT_MIN, -1 };
	int i;

	s->extra = PICK(r, beyond);
	for (i = 0; i < 4; i++)
		s->arg[i] = rng_next(r);
}

/* What the kinds of the arguments do not say */
static void draw_particulars(struct rng *r, struct step *s)
{
	static const long times[] = { 1, 1, 2, 3, 60, 0, 0xffffffffL, INT_MAX };

	switch (s->op) {
	case ADD_KEY:
		draw_add_key(r, s);
		break;
	case REQUEST_KEY:
		draw_request(r, s);
		break;
	case JOIN:
		if (one_in(r, 2))
			s->arg[0] = 0;
		break;
	case CHOWN:
		s->arg[1] = draw_user(r);
		s->arg[2] = draw_user(r);
		break;
	case GET_PERSISTENT:
		s->arg[0] = draw_user(r);
		break;
	case SET_TIMEOUT:
		s->arg[1] = PICK(r, times);
		break;
	case SET_REQKEY:
		s->arg[0] = (long)below(r, 11) - 2;
		break;
	case RESTRICT:
		draw_restriction(r, s);
		break;
	case INSTANTIATE:
	case INSTANTIATE_IOV:
	case NEGATE:
	case REJECT:
	case ASSUME:
		draw_verdict(r, s);
		break;
	case SEARCH:
		if (one_in(r, 2)) {
			s->slot[3] = NO_SLOT;
			s->arg[3] = 0;
		}
		break;
	case PKEY_QUERY:
		if (!one_in(r, 8))
			s->arg[1] = 0;
		break;
	case DH_COMPUTE:
		if (one_in(r, 2)) {
			s->slot[3] = NO_SLOT;
			s->arg[3] = 0;
		} else if (s->slot[3] == IN_PAD) {
			s->arg[3] = PAD_KDF;
		}
		break;
	case NO_SUCH_OP:
		draw_number_of_op(r, s);
		break;
	}
}

/* What the operation does not look at, and the half of a register that is not part of it */
static void draw_surplus(struct rng *r, struct step *s, int used)
{
	int i;

	for (i = used; i < 5; i++)
		s->arg[i] = one_in(r, 8) ? (long)rng_next(r) : 0;
	i = below(r, 6);
	if (one_in(r, 50) && s->slot[i] == NO_SLOT)
		s->arg[i] ^= (long)(rng_next(r) << 32);
	if (one_in(r, 100) && s->slot[i] == NO_SLOT)
		s->arg[i] ^= 1L << below(r, 64);
}

void arguments_draw(struct rng *r, struct step *s)
{
	const char *kind = opdesc[s->op].args;
	int i;

	/* The exponent comes of add_key() only */
	s->into = OWN_RINGS + (s->op == ADD_KEY ? below(r, OWN_KEYS) : 1 + below(r, OWN_KEYS - 1));
	if (s->op == JOIN || s->op == GET_ID || s->op == GET_PERSISTENT)
		s->into = below(r, OWN_RINGS);
	for (i = 0; kind[i]; i++)
		draw_argument(r, s, kind[i], i);
	draw_surplus(r, s, i);
	draw_particulars(r, s);
}
