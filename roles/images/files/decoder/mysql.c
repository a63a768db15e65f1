/* Counts what clients of a MySQL server do: a network filter for Envoy, as one of its dynamic modules.
 *
 * It only looks. Packets are those of the MySQL protocol: three bytes of length, one of the sequence, the payload. A
 * command has the sequence 0 and its kind in the first byte; an error's first byte is 0xff. What is encrypted or compressed
 * after the login cannot be read and is counted as such.
 * Names and shapes of functions are those of Envoy's source/extensions/dynamic_modules/abi/abi.h.
 */
typedef unsigned long size;
typedef struct { const char *start; size length; } text;

enum { QUERY = 0x03, PREPARE = 0x16, EXECUTE = 0x17, ERROR = 0xff };
enum { COMPRESSED = 0x20, ENCRYPTED = 0x800 };
enum { HEADER = 4, WHOLE = 0xffffff, CONTINUE = 0 };
enum { SESSIONS, LOGINS, QUERIES, PREPARED, EXECUTED, OTHERS, ERRORS, OPAQUE, COUNTERS };

static const char *const names[COUNTERS] = {
  "sessions", "logins", "queries", "statements_prepared", "statements_executed", "other_commands", "errors", "opaque_sessions",
};

typedef struct { size ids[COUNTERS]; } config;
/* `seen` bytes of a packet's header and payload have come, `continued` when its payload belongs to the one before. */
typedef struct { unsigned char header[HEADER]; size seen, length; int continued; } stream;
typedef struct { config *config; stream client, server; int logged_in, opaque; unsigned options; } connection;

extern void *calloc(size, size);
extern void free(void *);
extern unsigned long strlen(const char *);
extern void *memcpy(void *, const void *, size);
extern unsigned envoy_dynamic_module_callback_network_filter_config_define_counter(void *, text, size *);
extern unsigned envoy_dynamic_module_callback_network_filter_increment_counter(void *, size, unsigned long);
extern size envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(void *);
extern _Bool envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(void *, text *);
extern size envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(void *);
extern _Bool envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(void *, text *);

static void count(void *envoy, connection *of, int what) {
  envoy_dynamic_module_callback_network_filter_increment_counter(envoy, of->config->ids[what], 1);
}

static void command(void *envoy, connection *of, unsigned char kind) {
  count(envoy, of, kind == QUERY ? QUERIES : kind == PREPARE ? PREPARED : kind == EXECUTE ? EXECUTED : OTHERS);
}

/* The login's first four bytes say what the client wants of the connection; `at` is the place in the payload. */
static void login(void *envoy, connection *of, size at, unsigned char byte) {
  if (at < 2) of->options |= (unsigned)byte << (8 * at);
  if (at != 1) return;
  of->logged_in = 1;
  of->opaque = (of->options & (COMPRESSED | ENCRYPTED)) != 0;
  count(envoy, of, of->opaque ? OPAQUE : LOGINS);
}

static void payload(void *envoy, connection *of, stream *from, size at, unsigned char byte) {
  if (from == &of->client && !of->logged_in) login(envoy, of, at, byte);
  else if (at || from->continued) return;
  else if (from == &of->server) { if (byte == ERROR) count(envoy, of, ERRORS); }
  else if (from->header[3] == 0) command(envoy, of, byte);
}

static void look(void *envoy, connection *of, stream *from, const unsigned char *bytes, size amount) {
  while (amount && !of->opaque) {
    if (from->seen < HEADER) {
      from->header[from->seen++] = *bytes++, amount--;
      if (from->seen < HEADER) continue;
      from->continued = from->length == WHOLE;
      from->length = from->header[0] | from->header[1] << 8 | from->header[2] << 16;
    } else {
      size at = from->seen - HEADER, left = from->length - at;
      /* Only the first bytes of a payload tell anything. */
      size taken = at < 2 ? 1 : left < amount ? left : amount;
      if (at < 2) payload(envoy, of, from, at, *bytes);
      from->seen += taken, bytes += taken, amount -= taken;
    }
    if (from->seen >= HEADER && from->seen - HEADER == from->length) from->seen = 0;
  }
}

static int look_at_all(void *envoy, connection *of, stream *from, size amount,
                       _Bool (*fill)(void *, text *)) {
  text *chunks = amount && !of->opaque ? calloc(amount, sizeof *chunks) : 0;
  if (chunks && fill(envoy, chunks))
    for (size each = 0; each < amount; each++)
      look(envoy, of, from, (const unsigned char *)chunks[each].start, chunks[each].length);
  free(chunks);
  return CONTINUE;
}

const char *envoy_dynamic_module_on_program_init(void) { return "v0.2.0"; }

/* `prefix` comes before the name of each counter. */
void *envoy_dynamic_module_on_network_filter_config_new(void *envoy, text filter, text prefix) {
  config *made = calloc(1, sizeof *made);
  char *name = calloc(1, prefix.length + 64);
  int defined = made && name;
  for (int each = 0; defined && each < COUNTERS; each++) {
    size length = strlen(names[each]);
    memcpy(name, prefix.start, prefix.length);
    memcpy(name + prefix.length, names[each], length);
    text whole = { name, prefix.length + length };
    defined = !envoy_dynamic_module_callback_network_filter_config_define_counter(envoy, whole, &made->ids[each]);
  }
  free(name);
  if (defined) return made;
  free(made);
  return 0;
}

void envoy_dynamic_module_on_network_filter_config_destroy(void *made) { free(made); }

void *envoy_dynamic_module_on_network_filter_new(void *made, void *envoy) {
  connection *of = calloc(1, sizeof *of);
  if (of) of->config = made;
  return of;
}

int envoy_dynamic_module_on_network_filter_new_connection(void *envoy, void *of) {
  count(envoy, of, SESSIONS);
  return CONTINUE;
}

int envoy_dynamic_module_on_network_filter_read(void *envoy, void *of, size length, _Bool last) {
  return look_at_all(envoy, of, &((connection *)of)->client,
                     envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(envoy),
                     envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks);
}

int envoy_dynamic_module_on_network_filter_write(void *envoy, void *of, size length, _Bool last) {
  return look_at_all(envoy, of, &((connection *)of)->server,
                     envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(envoy),
                     envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks);
}

void envoy_dynamic_module_on_network_filter_event(void *envoy, void *of, int event) {}

void envoy_dynamic_module_on_network_filter_destroy(void *of) { free(of); }
