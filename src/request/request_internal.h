/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room request share. */
#ifndef KR_REQUEST_INTERNAL_H
#define KR_REQUEST_INTERNAL_H

#include <keyrings/request.h>

/*
 * Run the helper for a key and wait for its end. 0 when the key was made,
 * -ENOKEY when it was not, or what prevented the helper from being run.
 */
int kr_upcall(struct kr_key *key, struct kr_key *authkey);

#endif /* KR_REQUEST_INTERNAL_H */
