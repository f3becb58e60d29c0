# SPDX-License-Identifier: GPL-2.0-only
#
# Rows of one kernel, measured on two sides and with any number of seeds, to a
# table with ratios. What belongs together is known by the row's name:
#
#	base.*		what every call pays: shown, no operation
#	*_call		the caller's share of an operation
#	task.*		processes and threads
#	mem.*		bytes
#	extra.*		worth knowing, no part of any mean
#	all others	operations
#
# The exit status is 1 when something takes more memory than the built-in spends on
# it. There is no exception.

BEGIN {
	NOISE = 1.02	# what the built-in shows beside itself, and a little more
	MEM_NOISE = 1.01	# the same of memory, of which nothing is drawn
	title["op"] = "operations, with all the work they put off"
	title["call"] = "the part of them that the caller waits for"
	title["task"] = "processes and threads"
	title["mem"] = "memory"
	title["extra"] = "besides"
	n_sections = split("op call task mem extra", section)
}

/^@ / {
	side = $2
	if (side != "built-in")
		other = side
	next
}

/^#/ && /NOT counting|not freed|failed/ {
	note[++notes] = side ": " substr($0, 3)
	next
}

/^#/ || NF != 3 || $2 !~ /^-?[0-9]+$/ { next }

{
	if (!($1 in unit)) {
		unit[$1] = $3
		row[++rows] = $1
	}
	value[side, $1, ++seen[side, $1]] = $2
}

function class(name)
{
	if (name ~ /^(base|extra)\./)
		return "extra"
	if (name ~ /^task\./)
		return "task"
	if (name ~ /^mem\./)
		return "mem"
	return name ~ /_call$/ ? "call" : "op"
}

# The median of v[1..n], which it sorts.
function median(v, n,    i, j, x)
{
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function median_of(who, name,    i, n, v)
{
	n = seen[who, name]
	for (i = 1; i <= n; i++)
		v[i] = value[who, name, i]
	return median(v, n)
}

# The median of the seeds' ratios; their range goes to low and high.
function ratio_of(name,    i, n, v, m)
{
	n = 0
	for (i = 1; i <= seen[other, name]; i++)
		if (value["built-in", name, i] > 0)
			v[++n] = value[other, name, i] / value["built-in", name, i]
	if (!n)
		return -1
	m = median(v, n)
	low = v[1]
	high = v[n]
	return m
}

function print_row(name,    kind, r, spread)
{
	kind = class(name)
	printf "  %-36s %11.0f", name, median_of("built-in", name)
	if ((other, name, 1) in value) {
		printf " %11.0f", median_of(other, name)
		r = ratio_of(name)
		if (r > 0) {
			spread = seen[other, name] > 1 ? \
				sprintf("%.2f-%.2f", low, high) : "-"
			printf " %7.3f %11s", r, spread
			logs[kind] += log(r)
			counted[kind]++
			if (kind == "op" && r >= NOISE && low > 1)
				above = above sprintf(" %s (%.2f)", name, r)
			if (kind == "mem" && r >= MEM_NOISE && low > 1)
				heavy = heavy sprintf(" %s (%.3f)", name, r)
		} else {
			printf " %7s %11s", "-", "-"
		}
	} else {
		printf " %11s %7s %11s", "-", "-", "-"
	}
	printf "  %s\n", unit[name]
}

function print_section(kind,    i, started)
{
	for (i = 1; i <= rows; i++) {
		if (class(row[i]) != kind)
			continue
		if (!started++)
			printf "\n%s\n", title[kind]
		print_row(row[i])
	}
}

function mean(kind)
{
	return exp(logs[kind] / counted[kind])
}

function extra_of_empty_call()
{
	return median_of(other, "base.empty_call") - \
		median_of("built-in", "base.empty_call")
}

END {
	printf "%-38s %11s %11s %7s %11s\n", "", "built-in", other, "ratio",
		"of seeds"
	for (i = 1; i <= n_sections; i++)
		print_section(section[i])
	printf "\n"
	if (counted["op"]) {
		printf "%d operations, geometric mean %.3f (aim: 0.5 or less)\n",
			counted["op"], mean("op")
		printf "above 1.00 with every seed and by more than noise:%s (aim: none)\n",
			above ? above : " none"
	}
	if (counted["call"])
		printf "caller's share, geometric mean %.3f\n", mean("call")
	if (counted["task"])
		printf "fork, exec and threads together %.3f (aim: 1.02 or less)\n",
			mean("task")
	if ((other, "base.empty_call", 1) in value)
		printf "an empty call costs %.0f more (aim: 95 or less)\n",
			extra_of_empty_call()
	if (counted["mem"])
		printf "takes more memory than the built-in:%s (aim: none)\n",
			heavy ? heavy : " none"
	for (i = 1; i <= notes; i++)
		print "note: " note[i]
	exit heavy != ""
}
