/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of room key share. */
#ifndef KR_KEY_INTERNAL_H
#define KR_KEY_INTERNAL_H

#include <keyrings/key.h>

extern const struct kr_reaper_ops *kr_key_reaper;

#endif /* KR_KEY_INTERNAL_H */
