// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arguments of a random call. Mostly such that something comes of it: whoever
 * calls names keys of its own more often than others', and takes a key from the
 * ring that it was last put into.
 */
#include "certificate.h"
#include "random.h"
#include "scenarios.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define MASTER "m:1"	/* name of the master key of encrypted ones */
#define PICK(array) ((array)[draw(sizeof(array) / sizeof((array)[0]))])

/* Where the key of a slot was last put, as an argument of that call said it */
static struct home {
	signed char slot;
	long id;
} homes[ALL_SLOTS];

/* Where helpers see them, too */
static const char *long_names[4], *long_payload;

void arguments_begin(void)
{
	static const size_t lengths[] = { 255, 4094, 4095, 4096 };
	unsigned int i;

	for (i = 0; i < ALL_SLOTS; i++)
		homes[i] = (struct home){ -1, RING_S };
	for (i = 0; i < 4; i++)
		long_names[i] = long_text(lengths[i]);
	long_payload = memset(room(1 << 20), 'q', 1 << 20);
}

void draw_home(unsigned int slot, const struct step *s, int i)
{
	homes[slot] = (struct home){ s->slot[i], s->arg[i] };
}

static void point_home(struct step *s, int i, int key)
{
	if (s->slot[key] < 0 || !draw(3))
		return;
	s->slot[i] = homes[(int)s->slot[key]].slot;
	s->arg[i] = homes[(int)s->slot[key]].id;
}

static void point_to_none(struct step *s, int i)
{
	s->slot[i] = -1;
	s->arg[i] = 0;
}

static void *draw_bad_pointer(void)
{
	static void *const bad[] = { NULL, BAD_LOW, BAD_KERNEL, BAD_HOLE, BAD_EDGE };

	return PICK(bad);
}

static const char *draw_odd_desc(void)
{
	static const char *const d[] = {
		"", ".dot", ":colon", "colon:", "f:1:2", "id:00", "with a space", "A", "a ", "_ses",
		"_pid", "_tid", "_uid.0", "_req.1", "_persistent.0", ".request_key_auth", "\n", "\xff",
	};

	if (!draw(4))
		return draw_bad_pointer();
	return draw(4) ? PICK(d) : PICK(long_names);
}

static const char *const descs[] = {
	"a", "b", "c", "d", "e", "f:1", "f:2", "g", "h", "a longer description of a key"
};

const char *draw_desc(void)
{
	return draw(40) ? PICK(descs) : draw_odd_desc();
}

/*
 * Rings are called by the first five only: of more than sixteen in one ring the
 * built-in service searches some first, and which is seen by addresses.
 */
const char *desc_of_ring(const char *desc)
{
	unsigned int i;

	for (i = 5; i < 10; i++)
		if (desc == descs[i])
			return descs[i - 5];
	return desc;
}

/*
 * What only the kernel's own code can make. That of a module may not be there. Of a random
 * number as long as this only its length is written down.
 */
static const struct kernels {
	const char *type, *data;
	long len;
} kernels[] = {
	{ "asymmetric", (const char *)certificate, sizeof(certificate) },
	{ "encrypted", "new user:" MASTER " 64", 15 },
	{ "encrypted", "update user:" MASTER, 15 },
	{ "fscrypt-provisioning", "\2\0\0\0\0\0\0\0" "0123456789abcdef0123456789abcdef", 40 },
	{ "id_resolver", "10000", 5 },
	{ "ceph", "\0\0" "created." "\4\0" "text", 16 },
};

static const char *draw_type(void)
{
	static const char *const t[] = {
		"user", "user", "user", "user", "keyring", "keyring", "keyring", "logon"
	};
	static const char *const odd[] = {
		"nonesuch", ".type", "", "asymmetric", "encrypted", "use", "userx",
		"a type with a name of 31 bytes.", "a type with a name of 32 bytes..",
	};

	if (!draw(25))
		return PICK(kernels).type;
	if (draw(50))
		return PICK(t);
	return draw(5) ? PICK(odd) : draw_bad_pointer();
}

long draw_perm(void)
{
	static const long p[] = {
		0x3f3f3f3f, 0x3f3f3f3f, 0x3f3f0000, 0x3f010000, 0x3f3f3f00, 0x3f00003f,
		0x1f1f1f1f, 0x3f1f0f03, 0x00000000, 0x3f000000, 0x003f0000, 0x080b0b0b,
		0x3f3b3b3b, 0x373f3f3f, 0x3f373737, 0x3f2f2f2f,
	};

	if (!draw(25))
		return 0x40000000;
	return draw(3) ? PICK(p) : (long)(draw(0x10000) << 16 | draw(0x10000)) & 0x3f3f3f3f;
}

/* Of whoever calls, or else of anyone */
static int slot_of(struct step *s, bool ring)
{
	unsigned int whose = s->who == HELPER || !draw(4) ? draw(CAST) : s->who;

	return ring ? ring_slot(whose, draw(OWN_RINGS)) : leaf_slot(whose, draw(OWN_LEAVES));
}

static void draw_id(struct step *s, int i, bool ring)
{
	static const long odd[] = { 0, -6, -7, -8, -9, -100, 1, 2, 0x7fffffff, -2147483648L };
	unsigned int n = draw(100), own = ring ? 55 : 80;

	if (!ring && makes_keys(s->op) && draw(8)) {
		s->slot[i] = TARGET;
	} else if (s->who == HELPER && n < 30) {
		if (ring || !draw(3))
			s->arg[i] = draw(3) ? -8 : -7;
		else
			s->slot[i] = TARGET;
	} else if (n < own) {
		s->slot[i] = slot_of(s, ring ? draw(20) : !draw(3));
	} else if (n < 97) {
		s->arg[i] = -1 - (long)draw(5);
	} else {
		s->arg[i] = PICK(odd);
	}
}

/* Odd, and as long as DH_COMPUTE wants it: the text that is drawn will do for a prime. */
enum { PRIME_BYTES = 192 };

static void draw_data(struct step *s, int i)
{
	static const char *const payload[] = { "x", "payload", "another payload" };
	static const long lengths[] = { 0, 1, 2, 32766, 32767, 32768, 65536, 1048575, 1048576, -1 };
	const char *p = PICK(payload);

	s->arg[i] = P(p);
	s->arg[i + 1] = strlen(p);
	if (!draw(20)) {
		s->arg[i] = P(long_payload);
		s->arg[i + 1] = draw(2) ? PRIME_BYTES : PICK(lengths);
	}
	if (!draw(60))
		s->arg[i] = P(draw_bad_pointer());
}

static void draw_vector(struct step *s, int i)
{
	static const struct iovec iov[] = { { "in ", 3 }, { "", 0 }, { "parts", 5 } };

	s->arg[i] = draw(20) ? P(iov) : P(draw_bad_pointer());
	s->arg[i + 1] = draw(20) ? draw(4) : 1025;
}

static void draw_argument(struct step *s, char kind, int i)
{
	/* 24 bytes are too few for any description that has a serial in it. */
	static const long lengths[] = { 0, 1, 4, 5, 24, 65536, 65536, 65536, 0x7fffffff, -1 };

	switch (kind) {
	case 'i':
		draw_id(s, i, s->op == GET_ID);
		break;
	case 'r':
		draw_id(s, i, true);
		break;
	case 't':
		s->arg[i] = P(draw_type());
		break;
	case 's':
		s->arg[i] = P(draw_desc());
		break;
	case 'd':
		draw_data(s, i);
		break;
	case 'x':
		s->arg[i] = draw_perm();
		break;
	case 'b':
		s->arg[i] = draw(40) ? P(stage->out) : P(draw_bad_pointer());
		break;
	case 'p':
		s->arg[i] = draw(10) ? P(stage->scratch) : P(draw_bad_pointer());
		break;
	case 'L':
		s->arg[i] = PICK(lengths);
		break;
	case 'n':
		s->arg[i] = draw(3);
		break;
	case 'v':
		draw_vector(s, i);
		break;
	}
}

/*
 * Such as the type takes. The master key of an `encrypted` one is no key that a helper is
 * asked for: the built-in service would wait for that helper with a lock that it needs.
 */
static void draw_payload(struct step *s, const char *type)
{
	const struct kernels *k = &PICK(kernels);
	unsigned int i;

	if (is_bad_pointer(type) || !draw(4))
		return;
	if (!strcmp(type, "user") && !draw(20))
		s->arg[1] = P(MASTER);
	for (i = 0; i < ARRAY_SIZE(kernels) && strcmp(k->type, type); i++)
		k = k == kernels ? kernels + ARRAY_SIZE(kernels) - 1 : k - 1;
	if (i == ARRAY_SIZE(kernels))
		return;
	s->arg[2] = P(k->data);
	s->arg[3] = k->len;
}

static void draw_add_key(struct step *s)
{
	unsigned int whose = s->who == HELPER ? draw(CAST) : s->who;
	const char *type = (const char *)s->arg[0];
	bool ring = !is_bad_pointer(type) && !strcmp(type, "keyring");

	if (ring)
		s->arg[1] = P(desc_of_ring((const char *)s->arg[1]));
	if (ring && draw(50)) {
		s->arg[2] = 0;
		s->arg[3] = 0;
	}
	draw_payload(s, type);
	if (!is_bad_pointer(type) && !strcmp(type, "logon") && draw(4))
		s->arg[1] = P(draw(2) ? "f:1" : "f:2");
	s->into = ring ? ring_slot(whose, 1 + draw(OWN_RINGS - 1)) :
			 leaf_slot(whose, draw(OWN_LEAVES));
	draw_home(s->into, s, 4);
}

static void draw_request(struct step *s)
{
	unsigned int whose = s->who == HELPER ? draw(CAST) : s->who;

	s->arg[2] = draw(2) ? 0 : draw(6) ? P("call out") : draw(8) ? P("") : P(PICK(long_names));
	if (draw(2))
		point_to_none(s, 3);
	if (s->arg[2] && draw(3)) {	/* of a type that helpers make */
		s->arg[0] = P("user");
		s->into = leaf_slot(whose, draw(OWN_LEAVES));
	}
	if (draw(30) == 0)
		s->arg[2] = P(BAD_LOW);
}

static void draw_verdict(struct step *s, int timeout, int ring)
{
	static const long times[] = { 0, 5, 15, 1000 };
	static const long errors[] = {
		ENOKEY, EKEYREJECTED, EKEYEXPIRED, EKEYREVOKED, EACCES, 4095, 0, 512
	};

	if (timeout)
		s->arg[timeout] = PICK(times);
	if (s->op == REJECT)
		s->arg[2] = PICK(errors);
	if (draw(3))
		point_to_none(s, ring);
}

static void draw_name(struct step *s)
{
	static const char *const odd[] = { "", ".dot" };

	s->arg[0] = draw(4) ? 0 : P(text(draw(2) ? "one%u" : "two%u", uid_base));
	if (draw(8))
		return;
	/* Of this episode, or none: a ring of an earlier one may still be linked somewhere. */
	s->arg[0] = P(draw(2) ? text("_uid_ses.%u", uid_base + draw(4)) : PICK(odd));
	if (!draw(4))
		s->arg[0] = P(draw_bad_pointer());
}

static void draw_restriction(struct step *s)
{
	static const char *const types[] = { "user", "keyring", "asymmetric", "nonesuch", ".dot" };
	static const char *const rules[] = {
		"x", "builtin_trusted", "key_or_keyring:0", "key_or_keyring:0:chain", ""
	};

	s->arg[1] = draw(3) ? 0 : P(PICK(types));
	s->arg[2] = draw(3) ? 0 : P(PICK(rules));
}

static long draw_user(void)
{
	return draw(2) ? -1 : !draw(20) ? 0xfffffffe : (long)(uid_base + draw(4));
}

bool takes_structure(enum op op)
{
	return op >= DH_COMPUTE && op <= PKEY_VERIFY && op != PKEY_QUERY;
}

static void draw_word(struct step *s, int i)
{
	static const int32_t odd[] = { 0, -1, -3, -7, 1, 2147483647 };

	if (draw(20))
		s->word_slot[i] = slot_of(s, !draw(20));
	else
		s->word[i] = PICK(odd);
}

/* No hash that a module would have to be looked for: that is something to wait for. */
static void draw_computation(struct step *s)
{
	static const struct {
		const char *hash;
		const void *other;
		uint32_t other_len, spare[8];
	} derived[] = {
		{ "sha256", NULL, 0, { 0 } }, { "sha256", "other information", 17, { 0 } },
		{ "sha256", NULL, 65, { 0 } }, { NULL, NULL, 0, { 0 } },
	};
	int i;

	for (i = 0; i < WORDS; i++)
		draw_word(s, i);
	s->arg[3] = draw(4) ? 0 : draw(10) ? P(&PICK(derived)) : P(draw_bad_pointer());
}

static void draw_pkey_op(struct step *s)
{
	static const char *const infos[] = { "enc=pkcs1 hash=sha256", "enc=raw", "", "bad=1" };
	static const int32_t lengths[] = { sizeof(digest), sizeof(digest), 0, 129, -1 };

	draw_word(s, 0);
	s->word[1] = PICK(lengths);
	s->word[2] = draw(8) ? (int)sizeof(signature) : -1;
	s->arg[1] = draw(40) ? P(PICK(infos)) : P(draw_bad_pointer());
	s->arg[2] = draw(10) ? P(digest) : P(draw_bad_pointer());
	if (s->op == PKEY_VERIFY && draw(10))
		s->arg[3] = P(signature);
}

static void draw_links(struct step *s)
{
	switch (s->op) {
	case LINK:
		if (s->slot[0] >= 0)
			draw_home(s->slot[0], s, 1);
		break;
	case UNLINK:
		point_home(s, 1, 0);
		break;
	case MOVE:
		s->arg[3] = draw(4) ? 0 : draw(10) ? (long)draw(3) : -1;
		point_home(s, 1, 0);
		if (s->slot[0] >= 0)
			draw_home(s->slot[0], s, 2);
		break;
	default:
		break;
	}
}

static void draw_verdicts(struct step *s)
{
	switch (s->op) {
	case INSTANTIATE:
	case INSTANTIATE_IOV:
		draw_verdict(s, 0, 3);
		break;
	case NEGATE:
		draw_verdict(s, 1, 2);
		break;
	case REJECT:
		draw_verdict(s, 1, 3);
		break;
	default:
		break;
	}
}

/* What the kinds of the arguments do not say */
static void draw_particulars(struct step *s)
{
	static const long times[] = { 1000000, 1000000, 0, 10, 10, 60, 1, 0xffffffff };

	switch (s->op) {
	case ADD_KEY:
		draw_add_key(s);
		break;
	case JOIN:
		draw_name(s);
		break;
	case REQUEST_KEY:
		draw_request(s);
		break;
	case SEARCH:
		if (draw(2))
			point_to_none(s, 3);
		break;
	case CHOWN:
		s->arg[1] = draw_user();
		s->arg[2] = draw_user();
		break;
	case SET_REQKEY:
		s->arg[0] = (long)draw(10) - 2;
		break;
	case SET_TIMEOUT:
		s->arg[1] = PICK(times);
		break;
	case RESTRICT:
		draw_restriction(s);
		break;
	case GET_PERSISTENT:
		s->arg[0] = draw_user();
		break;
	case DH_COMPUTE:
		draw_computation(s);
		break;
	case PKEY_ENCRYPT:
	case PKEY_DECRYPT:
	case PKEY_SIGN:
	case PKEY_VERIFY:
		draw_pkey_op(s);
		break;
	case PKEY_QUERY:
		s->arg[1] = !draw(4);
		s->arg[2] = P(draw(2) ? "" : "enc=raw");
		break;
	case WATCH_KEY:
		s->arg[1] = -1;
		break;
	default:
		draw_links(s);
		draw_verdicts(s);
		break;
	}
}

/* Through the other entry an iovec and what a derived key is made of have another form. */
static bool draw_narrow(const struct step *s)
{
	return !draw(10) && s->op != INSTANTIATE_IOV && (s->op != DH_COMPUTE || !s->arg[3]);
}

void draw_arguments(struct step *s)
{
	unsigned int whose = s->who == HELPER ? draw(CAST) : s->who;
	const char *k;
	int i;

	s->into = s->op == JOIN ? ring_slot(whose, 0) : leaf_slot(whose, draw(OWN_LEAVES));
	if (s->op == GET_ID || s->op == GET_PERSISTENT)
		s->into = ring_slot(whose, draw(OWN_RINGS));
	for (k = opdesc[s->op].args, i = 0; *k; k++, i++)
		draw_argument(s, *k, i);
	draw_particulars(s);
	s->narrow = draw_narrow(s);
}
