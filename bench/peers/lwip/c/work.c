/* lwIP at the work of `osier bench`, over its raw interface: callbacks, no sockets, no wake-ups.
 *
 * All of lwIP that is needed and the work are one unit of compilation, so that the compiler sees
 * everything, as a link-time optimiser would. Both ends live in this one lwIP, each with its own
 * interface; a frame that crosses is copied once, into a buffer that is used again.
 */
#include "core/init.c"
#include "core/def.c"
#include "core/inet_chksum.c"
#include "core/ip.c"
#include "core/mem.c"
#include "core/memp.c"
#include "core/netif.c"
#include "core/pbuf.c"
#include "core/sys.c"
#include "core/tcp.c"
#include "core/tcp_in.c"
#include "core/tcp_out.c"
#include "core/timeouts.c"
#include "core/ipv4/icmp.c"
#include "core/ipv4/ip4.c"
#include "core/ipv4/ip4_addr.c"
#include "core/ipv4/ip4_frag.c"

#include <stdio.h>
#include <string.h>

#define PORT 7
#define READ_BUFFER 65536
/* Virtual time: TIME-WAIT lasts 120 s here, so with this much for each some 4,000 are kept. */
#define CONNECTION_MS 30

/* What went wrong first; empty while nothing has. */
static char wrong[160];

static void fail(const char *what, long number)
{
  if (wrong[0] == 0) {
    snprintf(wrong, sizeof wrong, "%s (%ld)", what, number);
  }
}

const char *lwip_work_wrong(void)
{
  return wrong;
}

/* Time is virtual. */
static u64_t now_us = 1000000;
static u32_t looked_ms;

u32_t sys_now(void)
{
  return (u32_t)(now_us / 1000);
}

static void pass_us(u32_t us)
{
  now_us += us;
  if (sys_now() != looked_ms) {
    looked_ms = sys_now();
    sys_check_timeouts();
  }
}

/* ---- the link ---- */

struct frame {
  struct pbuf_custom custom;
  struct frame *next;
  u16_t len;
  u8_t bytes[];
};

struct end {
  struct netif netif;
  struct frame *first, **last;
};

static struct end client_end, server_end;
static struct frame *unused;
static u16_t link_mtu;

static void frame_is_free(struct pbuf *p)
{
  struct frame *frame = (struct frame *)p;
  frame->next = unused;
  unused = frame;
}

static err_t link_output(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
  struct end *end = netif->state;
  struct frame *frame = unused;
  (void)to;
  if (frame != NULL) {
    unused = frame->next;
  } else {
    frame = malloc(sizeof *frame + link_mtu);
    if (frame == NULL) {
      return ERR_MEM;
    }
    frame->custom.custom_free_function = frame_is_free;
  }
  frame->len = p->tot_len;
  pbuf_copy_partial(p, frame->bytes, p->tot_len, 0);
  frame->next = NULL;
  *end->last = frame;
  end->last = &frame->next;
  return ERR_OK;
}

/* All that waits crosses; how many frames did? */
static int cross(struct end *from, struct end *to)
{
  struct frame *frame = from->first;
  int crossed = 0;
  from->first = NULL;
  from->last = &from->first;
  while (frame != NULL) {
    struct frame *next = frame->next;
    struct pbuf *p = pbuf_alloced_custom(PBUF_RAW, frame->len, PBUF_REF, &frame->custom,
                                         frame->bytes, frame->len);
    if (p == NULL || to->netif.input(p, &to->netif) != ERR_OK) {
      fail("a frame was not taken", frame->len);
    }
    frame = next;
    crossed++;
  }
  return crossed;
}

static void settle(void)
{
  while (cross(&client_end, &server_end) + cross(&server_end, &client_end) > 0) {
  }
}

static err_t link_init(struct netif *netif)
{
  netif->name[0] = 'b';
  netif->name[1] = 'e';
  netif->mtu = link_mtu;
  netif->output = link_output;
  netif->flags |= NETIF_FLAG_UP | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

static void add_end(struct end *end, u8_t last_octet, int checksums)
{
  ip4_addr_t address, mask, gateway;
  IP4_ADDR(&address, 10, 71, 0, last_octet);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&gateway, 0, 0, 0, 0);
  end->last = &end->first;
  netif_add(&end->netif, &address, &mask, &gateway, end, link_init, ip4_input);
  netif_set_up(&end->netif);
  netif_set_link_up(&end->netif);
  if (!checksums) {
    NETIF_SET_CHECKSUM_CTRL(&end->netif, NETIF_CHECKSUM_DISABLE_ALL);
  }
}

struct netif *bench_route(const ip4_addr_t *source, const ip4_addr_t *destination)
{
  (void)destination;
  if (source != NULL && ip4_addr_eq(source, netif_ip4_addr(&server_end.netif))) {
    return &server_end.netif;
  }
  return &client_end.netif;
}

/* ---- the two programs ---- */

static int work; /* 0 bulk, 1 rr, 2 crr */
static int verified;
static int drop_time_wait;
/* Whether text is copied in and out, or lent. */
static int copies;
static u8_t text[65521];
static u8_t read_buffer[READ_BUFFER];
static u32_t read_at;
static u64_t written_octets, read_octets;
static struct tcp_pcb *client, *server, *accepted;
static u8_t asked;
static u64_t answered, ended;

static void verify(const u8_t *octets, u32_t len)
{
  u32_t i, from = (u32_t)(read_octets % sizeof text);
  for (i = 0; i < len; i++) {
    if (octets[i] != text[(from + i) % sizeof text]) {
      fail("wrong bytes", (long)(read_octets + i));
      return;
    }
  }
}

/* What came is looked at where it lies. */
static void look_at(struct pbuf *p)
{
  for (; p != NULL; p = p->next) {
    if (verified) {
      verify(p->payload, p->len);
    }
    read_octets += p->len;
  }
}

/* One copy out, into a buffer that is filled again and again. */
static void copy_out(struct pbuf *p)
{
  u32_t len = p->tot_len;
  if (read_at + len > READ_BUFFER) {
    read_at = 0;
  }
  pbuf_copy_partial(p, read_buffer + read_at, (u16_t)len, 0);
  if (verified) {
    verify(read_buffer + read_at, len);
  }
  read_at += len;
  read_octets += len;
}

static err_t say(struct tcp_pcb *pcb, u8_t byte)
{
  err_t error = tcp_write(pcb, &byte, 1, TCP_WRITE_FLAG_COPY);
  if (error != ERR_OK) {
    fail("a byte is not taken", error);
  }
  return error;
}

static void hear(struct tcp_pcb *pcb, struct pbuf *p, u8_t wanted)
{
  u8_t byte = 0;
  pbuf_copy_partial(p, &byte, 1, 0);
  if (p->tot_len != 1 || byte != wanted) {
    fail("another byte came", byte);
  }
  tcp_recved(pcb, p->tot_len);
  pbuf_free(p);
}

static err_t server_hears(void *of, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
  (void)of;
  if (error != ERR_OK) {
    fail("receiving", error);
  }
  if (p == NULL) {
    ended++;
    return tcp_close(pcb);
  }
  if (work == 0) {
    u16_t len = p->tot_len;
    if (copies) {
      copy_out(p);
    } else {
      look_at(p);
    }
    tcp_recved(pcb, len);
    pbuf_free(p);
    return ERR_OK;
  }
  hear(pcb, p, asked);
  return say(pcb, (u8_t)~asked);
}

static err_t client_hears(void *of, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
  (void)of;
  if (p == NULL && work == 2 && error == ERR_OK) {
    return ERR_OK; /* The server has closed, too. */
  }
  if (error != ERR_OK || p == NULL) {
    fail("the client hears no text", error);
    return ERR_OK;
  }
  hear(pcb, p, (u8_t)~asked);
  answered++;
  /* In crr whoever asked closes first, and keeps TIME-WAIT. */
  return work == 2 ? tcp_close(pcb) : ERR_OK;
}

static err_t server_accepts(void *of, struct tcp_pcb *pcb, err_t error)
{
  (void)of;
  if (error != ERR_OK) {
    fail("accepting", error);
  }
  accepted = pcb;
  tcp_recv(pcb, server_hears);
  return ERR_OK;
}

static err_t client_is_connected(void *of, struct tcp_pcb *pcb, err_t error)
{
  (void)of;
  if (error != ERR_OK) {
    fail("connecting", error);
  }
  /* Its byte carries the last acknowledgment of the handshake. */
  return of != NULL ? say(pcb, asked) : ERR_OK;
}

/* A connection whose client says a byte as soon as it may, or nothing. */
static struct tcp_pcb *open_connection(void *says)
{
  struct tcp_pcb *pcb = tcp_new();
  err_t error;
  if (pcb == NULL) {
    fail("no record is left", 0);
    return NULL;
  }
  accepted = NULL;
  tcp_arg(pcb, says);
  tcp_recv(pcb, client_hears);
  tcp_bind_netif(pcb, &client_end.netif);
  error = tcp_connect(pcb, netif_ip_addr4(&server_end.netif), PORT, client_is_connected);
  if (error != ERR_OK) {
    fail("connect", error);
  }
  settle();
  return pcb;
}

static u32_t count(const struct tcp_pcb *list)
{
  u32_t number = 0;
  for (; list != NULL; list = list->next) {
    number++;
  }
  return number;
}

static u32_t established;

int lwip_work_begin(int kind, u16_t mtu, int checksums, int copy, int drop, u32_t idle)
{
  struct tcp_pcb *listener;
  u32_t i, state = 71;
  work = kind;
  link_mtu = mtu;
  drop_time_wait = drop;
  copies = copy;
  for (i = 0; i < sizeof text; i++) {
    text[i] = (u8_t)(state >> 24);
    state = state * 1664525u + 1013904223u;
  }
  lwip_init();
  add_end(&client_end, 1, checksums);
  add_end(&server_end, 2, checksums);
  listener = tcp_new();
  if (tcp_bind(listener, netif_ip_addr4(&server_end.netif), PORT) != ERR_OK) {
    fail("bind", 0);
  }
  listener = tcp_listen(listener);
  tcp_accept(listener, server_accepts);
  for (i = 0; i < idle; i++) {
    open_connection(NULL);
    pass_us(10);
  }
  if (kind != 2) {
    client = open_connection(NULL);
    server = accepted;
  }
  established = 2 * (idle + (kind != 2));
  for (i = 0, listener = tcp_active_pcbs; listener != NULL; listener = listener->next) {
    i += listener->state == ESTABLISHED;
  }
  if (i != established) {
    fail("so many ends are established", (long)i);
  }
  return wrong[0] == 0;
}

static void bulk(u64_t octets)
{
  u64_t target = read_octets + octets;
  while (read_octets < target && wrong[0] == 0) {
    int crossed;
    while (written_octets < target && tcp_sndbuf(client) > 0) {
      u32_t from = (u32_t)(written_octets % sizeof text), len = (u32_t)sizeof text - from;
      len = LWIP_MIN(len, tcp_sndbuf(client));
      len = (u32_t)LWIP_MIN((u64_t)len, target - written_octets);
      if (tcp_write(client, text + from, (u16_t)len, copies ? TCP_WRITE_FLAG_COPY : 0) != ERR_OK) {
        break;
      }
      written_octets += len;
    }
    tcp_output(client);
    crossed = cross(&client_end, &server_end) + cross(&server_end, &client_end);
    pass_us(crossed > 0 ? 20 : 1000);
  }
}

static void exchange(u8_t byte)
{
  u64_t before = answered;
  asked = byte;
  say(client, byte);
  tcp_output(client);
  cross(&client_end, &server_end);
  cross(&server_end, &client_end);
  if (answered != before + 1) {
    fail("no answer came", 0);
  }
  pass_us(1);
}

static void connection(u8_t byte)
{
  u64_t answers = answered, ends = ended;
  asked = byte;
  open_connection(&asked);
  if (answered != answers + 1 || ended != ends + 1) {
    fail("the connection did not come to its end", (long)(ended - ends));
  }
  while (drop_time_wait && tcp_tw_pcbs != NULL) {
    struct tcp_pcb *pcb = tcp_tw_pcbs;
    tcp_pcb_remove(&tcp_tw_pcbs, pcb);
    tcp_free(pcb);
  }
  pass_us(drop_time_wait ? 20 : CONNECTION_MS * 1000);
}

int lwip_work_advance(u64_t units, int look)
{
  u64_t n;
  verified = look;
  if (work == 0) {
    bulk(units);
  }
  for (n = 0; work == 1 && n < units && wrong[0] == 0; n++) {
    exchange((u8_t)n);
  }
  for (n = 0; work == 2 && n < units && wrong[0] == 0; n++) {
    connection((u8_t)n);
  }
  if (count(tcp_active_pcbs) != established) {
    fail("so many ends are left", (long)count(tcp_active_pcbs));
  }
  return wrong[0] == 0;
}
