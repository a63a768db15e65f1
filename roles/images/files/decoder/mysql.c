/* Counts MySQL commands and errors: a network filter for Envoy, as a dynamic module. It changes no data.
 *
 * A packet of the MySQL protocol has three bytes of length, one byte of sequence number, and the payload. A command has the
 * sequence number 0 and its kind in the first byte of the payload; an error's first byte is 0xff. A session that is encrypted
 * or compressed after the login cannot be read and is counted as opaque.
 * Function names and signatures are those of Envoy's source/extensions/dynamic_modules/abi/abi.h.
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
/* `received` counts the bytes of the current packet, header included; `continued`: its payload continues the one before. */
typedef struct { unsigned char header[HEADER]; size received, length; int continued; } stream;
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

static void count(void *envoy, connection *session, int counter) {
  envoy_dynamic_module_callback_network_filter_increment_counter(envoy, session->config->ids[counter], 1);
}

static void command(void *envoy, connection *session, unsigned char kind) {
  count(envoy, session, kind == QUERY ? QUERIES : kind == PREPARE ? PREPARED : kind == EXECUTE ? EXECUTED : OTHERS);
}

/* The first bytes of the login are the client's capability flags; `offset` is the byte's position in the payload. */
static void login(void *envoy, connection *session, size offset, unsigned char byte) {
  if (offset < 2) session->options |= (unsigned)byte << (8 * offset);
  if (offset != 1) return;
  session->logged_in = 1;
  session->opaque = (session->options & (COMPRESSED | ENCRYPTED)) != 0;
  count(envoy, session, session->opaque ? OPAQUE : LOGINS);
}

static void payload(void *envoy, connection *session, stream *from, size offset, unsigned char byte) {
  if (from == &session->client && !session->logged_in) login(envoy, session, offset, byte);
  else if (offset || from->continued) return;
  else if (from == &session->server) { if (byte == ERROR) count(envoy, session, ERRORS); }
  else if (from->header[3] == 0) command(envoy, session, byte);
}

static void scan(void *envoy, connection *session, stream *from, const unsigned char *bytes, size amount) {
  while (amount && !session->opaque) {
    if (from->received < HEADER) {
      from->header[from->received++] = *bytes++, amount--;
      if (from->received < HEADER) continue;
      from->continued = from->length == WHOLE;
      from->length = from->header[0] | from->header[1] << 8 | from->header[2] << 16;
    } else {
      size offset = from->received - HEADER, left = from->length - offset;
      /* Only the first two bytes of a payload matter. */
      size taken = offset < 2 ? 1 : left < amount ? left : amount;
      if (offset < 2) payload(envoy, session, from, offset, *bytes);
      from->received += taken, bytes += taken, amount -= taken;
    }
    if (from->received >= HEADER && from->received - HEADER == from->length) from->received = 0;
  }
}

static int scan_buffer(void *envoy, connection *session, stream *from, size amount,
                       _Bool (*fill)(void *, text *)) {
  text *chunks = amount && !session->opaque ? calloc(amount, sizeof *chunks) : 0;
  if (chunks && fill(envoy, chunks))
    for (size index = 0; index < amount; index++)
      scan(envoy, session, from, (const unsigned char *)chunks[index].start, chunks[index].length);
  free(chunks);
  return CONTINUE;
}

const char *envoy_dynamic_module_on_program_init(void) { return "v0.2.0"; }

/* `prefix` is prepended to the name of every counter. */
void *envoy_dynamic_module_on_network_filter_config_new(void *envoy, text filter, text prefix) {
  config *created = calloc(1, sizeof *created);
  char *name = calloc(1, prefix.length + 64);
  int defined = created && name;
  for (int index = 0; defined && index < COUNTERS; index++) {
    size length = strlen(names[index]);
    memcpy(name, prefix.start, prefix.length);
    memcpy(name + prefix.length, names[index], length);
    text whole = { name, prefix.length + length };
    defined = !envoy_dynamic_module_callback_network_filter_config_define_counter(envoy, whole, &created->ids[index]);
  }
  free(name);
  if (defined) return created;
  free(created);
  return 0;
}

void envoy_dynamic_module_on_network_filter_config_destroy(void *config) { free(config); }

void *envoy_dynamic_module_on_network_filter_new(void *shared, void *envoy) {
  connection *session = calloc(1, sizeof *session);
  if (session) session->config = shared;
  return session;
}

int envoy_dynamic_module_on_network_filter_new_connection(void *envoy, void *session) {
  count(envoy, session, SESSIONS);
  return CONTINUE;
}

int envoy_dynamic_module_on_network_filter_read(void *envoy, void *session, size length, _Bool last) {
  return scan_buffer(envoy, session, &((connection *)session)->client,
                     envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(envoy),
                     envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks);
}

int envoy_dynamic_module_on_network_filter_write(void *envoy, void *session, size length, _Bool last) {
  return scan_buffer(envoy, session, &((connection *)session)->server,
                     envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(envoy),
                     envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks);
}

void envoy_dynamic_module_on_network_filter_event(void *envoy, void *session, int event) {}

void envoy_dynamic_module_on_network_filter_destroy(void *session) { free(session); }
