/* lwIP as fast as it gets here: the raw interface, no system layer, no assertions, the checksum
 * routine that compilers turn into vectors. */
#ifndef BENCH_LWIPOPTS_H
#define BENCH_LWIPOPTS_H

/* Both ends live in one lwIP, each with an interface of its own: a packet leaves by the interface
 * that has its source address. */
struct netif;
struct ip4_addr;
struct netif *bench_route(const struct ip4_addr *source, const struct ip4_addr *destination);
#define LWIP_HOOK_IP4_ROUTE_SRC(source, destination) bench_route(source, destination)

#define LWIP_NOASSERT 1

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_TIMERS 1

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_UDP 0
#define LWIP_DNS 0
#define LWIP_DHCP 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define IP_FORWARD 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF 0
#define LWIP_SINGLE_NETIF 0

#define LWIP_CHKSUM_ALGORITHM 2
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 0

/* Payload from the C library's allocator, whose caches per thread are fast; records from pools. */
#define MEM_LIBC_MALLOC 1
#define MEM_ALIGNMENT 8
#define MEMP_NUM_TCP_PCB 26000
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_TCP_SEG 40000
#define MEMP_NUM_PBUF 4096
#define PBUF_POOL_SIZE 16
#define MEMP_OVERFLOW_CHECK 0

#define LWIP_TCP 1
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 5
#ifndef BENCH_WINDOW
#define BENCH_WINDOW (128 * 1024)
#endif
#ifndef BENCH_MSS
#define BENCH_MSS 65495
#endif
#define TCP_MSS BENCH_MSS
#define TCP_WND BENCH_WINDOW
#define TCP_SND_BUF BENCH_WINDOW
#define TCP_SND_QUEUELEN 8192
#define TCP_SNDLOWAT (TCP_SND_BUF / 2)
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 4)
#define TCP_LISTEN_BACKLOG 0
#define TCP_QUEUE_OOSEQ 1
/* Its sanity checks know windows below 64 KiB only. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

#define LWIP_SUPPORT_CUSTOM_PBUF 1

#endif
