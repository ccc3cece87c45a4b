/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/ldisc.h"

#include "lib/mem.h"

static const struct linux_termios initial = {
	.iflag = TT_ICRNL | TT_IXON,
	.oflag = TT_OPOST | TT_ONLCR,
	.cflag = TT_B38400 | TT_CS8 | TT_CREAD | TT_HUPCL,
	.lflag = TT_ISIG | TT_ICANON | TT_ECHO | TT_ECHOE | TT_ECHOK | TT_ECHOCTL | TT_ECHOKE | TT_IEXTEN,
	.cc = {
		[TT_VINTR] = 3,
		[TT_VQUIT] = 034,
		[TT_VERASE] = 0177,
		[TT_VKILL] = 025,
		[TT_VEOF] = 4,
		[TT_VMIN] = 1,
		[TT_VSTART] = 021,
		[TT_VSTOP] = 023,
		[TT_VSUSP] = 032,
		[TT_VREPRINT] = 022,
		[TT_VDISCARD] = 017,
		[TT_VWERASE] = 027,
		[TT_VLNEXT] = 026,
	},
};

void ldisc_init(struct ldisc *l, bool host)
{
	memset(l, 0, sizeof(*l));
	l->t = initial;
	l->host = host;
}

/* The flags that count: what the host does is not done again. */
static bool local(const struct ldisc *l, uint32_t flag)
{
	return l->t.lflag & flag && !(l->host && flag != TT_ICANON);
}

static bool input_flag(const struct ldisc *l, uint32_t flag)
{
	return l->t.iflag & flag && !l->host;
}

static bool is_cc(const struct ldisc *l, unsigned which, uint8_t c)
{
	return !l->host && c && l->t.cc[which] == c;
}

/* --- the buffer ---------------------------------------------------------------------------------------- */

static uint8_t *slot(struct ldisc *l, uint32_t at)
{
	return &l->buf[at % LDISC_SIZE];
}

static bool marked(const struct ldisc *l, uint32_t at)
{
	at %= LDISC_SIZE;
	return l->mark[at / 64] >> (at % 64) & 1;
}

static void set_mark(struct ldisc *l, uint32_t at, bool on)
{
	uint64_t bit = 1ull << (at % 64);

	at %= LDISC_SIZE;
	l->mark[at / 64] = on ? l->mark[at / 64] | bit : l->mark[at / 64] & ~bit;
}

bool ldisc_full(const struct ldisc *l)
{
	/* An unfinished line that fills the buffer must still be able to end: termios(3), 4095 and the end. */
	if (l->t.lflag & TT_ICANON && l->canon == l->tail)
		return false;
	return l->head - l->tail >= LDISC_SIZE - 1;
}

static void put(struct ldisc *l, uint8_t c, bool ends_line)
{
	if (l->head - l->tail >= LDISC_SIZE - (ends_line ? 0 : 1))
		return; /* too long a line: the rest of it is lost, its end is not */
	*slot(l, l->head) = c;
	set_mark(l, l->head, ends_line);
	l->head++;
}

/* --- echo ------------------------------------------------------------------------------------------------ */

static void show(struct ldisc *l, uint8_t c)
{
	if (l->necho < sizeof(l->echo))
		l->echo[l->necho++] = c;
	if (c == '\b')
		l->column -= l->column > 0;
	else if (c == '\r' || c == '\n')
		l->column = 0;
	else if (c == '\t')
		l->column = ALIGN_UP(l->column + 1, 8u);
	else if (c >= ' ')
		l->column++;
}

static bool as_caret(const struct ldisc *l, uint8_t c)
{
	return l->t.lflag & TT_ECHOCTL && ((c < ' ' && c != '\t' && c != '\n') || c == 0177);
}

static void echo(struct ldisc *l, uint8_t c)
{
	if (as_caret(l, c)) {
		show(l, '^');
		show(l, c ^ 0100);
		return;
	}
	if (c == '\n' && l->t.oflag & TT_OPOST && l->t.oflag & TT_ONLCR)
		show(l, '\r');
	show(l, c);
}

static void echo_typed(struct ldisc *l, uint8_t c)
{
	if (l->canon == l->head)
		l->line_column = l->column;
	if (local(l, TT_ECHO) || (c == '\n' && local(l, TT_ECHONL) && l->t.lflag & TT_ICANON))
		echo(l, c);
}

/* --- editing ----------------------------------------------------------------------------------------------- */

static bool continues_utf8(const struct ldisc *l, uint8_t c)
{
	return l->t.iflag & TT_IUTF8 && (c & 0xc0) == 0x80;
}

/* Columns that the line being typed takes up to `end`: what a tab covered must be counted from its start. */
static uint32_t column_at(struct ldisc *l, uint32_t end)
{
	uint32_t col = l->line_column;

	for (uint32_t at = l->canon; at != end; at++) {
		uint8_t c = *slot(l, at);

		if (c == '\t')
			col = ALIGN_UP(col + 1, 8u);
		else if (as_caret(l, c))
			col += 2;
		else if (c >= ' ' && !continues_utf8(l, c))
			col++;
	}
	return col;
}

static void wipe_to(struct ldisc *l, uint32_t column)
{
	while (l->column > column) {
		show(l, '\b');
		show(l, ' ');
		show(l, '\b');
	}
}

/* The last character of the line goes, all bytes of it. */
static void drop_char(struct ldisc *l)
{
	while (l->head - l->canon > 1 && continues_utf8(l, *slot(l, l->head - 1)))
		l->head--;
	l->head--;
}

static void erase_char(struct ldisc *l)
{
	uint8_t c;

	if (l->head == l->canon)
		return;
	c = *slot(l, l->head - 1);
	drop_char(l);
	if (!local(l, TT_ECHO))
		return;
	if (!(l->t.lflag & TT_ECHOE))
		echo(l, l->t.cc[TT_VERASE]);
	else if (c == '\t')
		while (l->column > column_at(l, l->head))
			show(l, '\b');
	else
		wipe_to(l, column_at(l, l->head));
}

static bool is_word(uint8_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static void erase_word(struct ldisc *l)
{
	bool seen = false;

	while (l->head != l->canon) {
		bool word = is_word(*slot(l, l->head - 1));

		if (seen && !word)
			break;
		seen |= word;
		erase_char(l);
	}
}

static void kill_line(struct ldisc *l)
{
	if (l->head == l->canon)
		return;
	l->head = l->canon;
	if (!local(l, TT_ECHO))
		return;
	if (l->t.lflag & TT_ECHOK && l->t.lflag & TT_ECHOKE && l->t.lflag & TT_ECHOE) {
		wipe_to(l, l->line_column);
		return;
	}
	echo(l, l->t.cc[TT_VKILL]);
	if (l->t.lflag & TT_ECHOK)
		echo(l, '\n');
}

static void reprint(struct ldisc *l)
{
	echo(l, l->t.cc[TT_VREPRINT]);
	echo(l, '\n');
	l->line_column = l->column;
	for (uint32_t at = l->canon; at != l->head; at++)
		echo(l, *slot(l, at));
}

/* --- one byte ------------------------------------------------------------------------------------------------ */

static unsigned end_line(struct ldisc *l, uint8_t c)
{
	put(l, c, true);
	l->canon = l->head;
	return LDISC_READABLE;
}

static bool edit(struct ldisc *l, uint8_t c)
{
	bool extended = l->t.lflag & TT_IEXTEN;

	if (is_cc(l, TT_VERASE, c))
		erase_char(l);
	else if (is_cc(l, TT_VKILL, c))
		kill_line(l);
	else if (extended && is_cc(l, TT_VWERASE, c))
		erase_word(l);
	else if (extended && is_cc(l, TT_VREPRINT, c) && local(l, TT_ECHO))
		reprint(l);
	else
		return false;
	return true;
}

static unsigned input_canonical(struct ldisc *l, uint8_t c)
{
	if (edit(l, c))
		return 0;
	if (is_cc(l, TT_VEOF, c))
		return end_line(l, '\0'); /* marked, and not delivered */
	if (c == '\n' || is_cc(l, TT_VEOL, c) ||
	    (l->t.lflag & TT_IEXTEN && is_cc(l, TT_VEOL2, c))) {
		echo_typed(l, c);
		return end_line(l, c);
	}
	if (l->head - l->tail < LDISC_SIZE - 1)
		echo_typed(l, c);
	put(l, c, false);
	return 0;
}

static unsigned input_plain(struct ldisc *l, uint8_t c)
{
	if (l->t.lflag & TT_ICANON) {
		if (l->head - l->tail < LDISC_SIZE - 1)
			echo_typed(l, c);
		put(l, c, false);
		return 0;
	}
	echo_typed(l, c);
	put(l, c, false);
	l->canon = l->head;
	return LDISC_READABLE;
}

static unsigned signal_of(struct ldisc *l, uint8_t c)
{
	unsigned sig = is_cc(l, TT_VINTR, c)   ? LDISC_INT
		       : is_cc(l, TT_VQUIT, c) ? LDISC_QUIT
		       : is_cc(l, TT_VSUSP, c) ? LDISC_SUSP
					       : 0;

	if (!sig || !local(l, TT_ISIG))
		return 0;
	if (!(l->t.lflag & TT_NOFLSH))
		ldisc_flush_input(l);
	if (local(l, TT_ECHO))
		echo(l, c);
	return sig;
}

/* Flow control: true when the byte was a part of it. */
static bool flow(struct ldisc *l, uint8_t c, unsigned *did)
{
	if (!input_flag(l, TT_IXON))
		return false;
	if (is_cc(l, TT_VSTOP, c) && !(l->stopped && is_cc(l, TT_VSTART, c))) {
		l->stopped = true;
		return true;
	}
	if (is_cc(l, TT_VSTART, c)) {
		l->stopped = false;
		*did |= LDISC_START;
		return true;
	}
	if (l->stopped && l->t.iflag & TT_IXANY) {
		l->stopped = false;
		*did |= LDISC_START;
	}
	return false;
}

/* What the byte becomes; false: nothing. */
static bool translate(const struct ldisc *l, uint8_t *c)
{
	if (input_flag(l, TT_ISTRIP))
		*c &= 0x7f;
	if (input_flag(l, TT_IUCLC) && l->t.lflag & TT_IEXTEN && *c >= 'A' && *c <= 'Z')
		*c += 'a' - 'A';
	if (*c == '\r') {
		if (input_flag(l, TT_IGNCR))
			return false;
		if (input_flag(l, TT_ICRNL))
			*c = '\n';
	} else if (*c == '\n' && input_flag(l, TT_INLCR)) {
		*c = '\r';
	}
	return true;
}

unsigned ldisc_input(struct ldisc *l, uint8_t c)
{
	unsigned did = 0;

	if (l->literal) {
		l->literal = false;
		return input_plain(l, c);
	}
	if (input_flag(l, TT_ISTRIP))
		c &= 0x7f;
	if (flow(l, c, &did))
		return did;
	did |= signal_of(l, c);
	if (did & (LDISC_INT | LDISC_QUIT | LDISC_SUSP) || !translate(l, &c))
		return did;
	if (!(l->t.lflag & TT_ICANON))
		return did | input_plain(l, c);
	if (l->t.lflag & TT_IEXTEN && is_cc(l, TT_VLNEXT, c)) {
		l->literal = true;
		if (local(l, TT_ECHO) && l->t.lflag & TT_ECHOCTL) {
			show(l, '^');
			show(l, '\b');
		}
		return did;
	}
	return did | input_canonical(l, c);
}

/* --- reading --------------------------------------------------------------------------------------------------- */

size_t ldisc_read(struct ldisc *l, uint8_t *to, size_t n, bool *eof)
{
	bool lines = l->t.lflag & TT_ICANON;
	size_t done = 0;

	*eof = false;
	while (l->tail != l->canon && (done < n || lines)) {
		bool end = lines && marked(l, l->tail);
		uint8_t c = *slot(l, l->tail);

		if (end && c == '\0') { /* VEOF: ends the read, whatever room is left */
			l->tail++;
			*eof = done == 0;
			break;
		}
		if (done == n)
			break;
		l->tail++;
		to[done++] = c;
		if (end)
			break;
	}
	return done;
}

bool ldisc_readable(const struct ldisc *l, size_t min)
{
	if (l->t.lflag & TT_ICANON)
		return l->tail != l->canon;
	return l->canon - l->tail >= MAX(min, (size_t)1);
}

size_t ldisc_pending(const struct ldisc *l)
{
	size_t n = 0;

	for (uint32_t at = l->tail; at != l->canon; at++)
		if (!(l->t.lflag & TT_ICANON && marked(l, at) && l->buf[at % LDISC_SIZE] == '\0'))
			n++;
	return n;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->head = l->canon = l->tail;
	l->literal = false;
}

void ldisc_set(struct ldisc *l, const struct linux_termios *t)
{
	bool was = l->t.lflag & TT_ICANON;

	l->t = *t;
	if (was && !(t->lflag & TT_ICANON)) {
		l->canon = l->head; /* what was typed of a line is there to be read */
	} else if (!was && t->lflag & TT_ICANON && l->canon != l->tail) {
		set_mark(l, l->canon - 1, true); /* what is there counts as a line */
	}
	if (!(t->iflag & TT_IXON))
		l->stopped = false;
}

/* --- output ------------------------------------------------------------------------------------------------------ */

static size_t translate_out(struct ldisc *l, uint8_t c, uint8_t *to)
{
	uint32_t o = l->t.oflag;

	if (c == '\n') {
		if (o & TT_ONLCR) {
			l->column = 0;
			to[0] = '\r';
			to[1] = '\n';
			return 2;
		}
		if (o & TT_ONLRET)
			l->column = 0;
	} else if (c == '\r') {
		if (o & TT_ONOCR && l->column == 0)
			return 0;
		if (o & TT_OCRNL)
			c = '\n';
		l->column = 0;
	} else if (c == '\t') {
		l->column = ALIGN_UP(l->column + 1, 8u);
	} else if (c == '\b') {
		l->column -= l->column > 0;
	} else if (c >= ' ' && !continues_utf8(l, c)) {
		l->column++;
		if (o & TT_OLCUC && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
	}
	to[0] = c;
	return 1;
}

size_t ldisc_output(struct ldisc *l, const uint8_t *src, size_t n, uint8_t *to, size_t room,
		    size_t *n_out)
{
	size_t used = 0, out = 0;

	if (l->host || !(l->t.oflag & TT_OPOST)) {
		used = out = MIN(n, room);
		memcpy(to, src, used);
	}
	for (; used < n && out + 2 <= room && !l->host && l->t.oflag & TT_OPOST; used++)
		out += translate_out(l, src[used], to + out);
	*n_out = out;
	return used;
}
