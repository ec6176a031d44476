/* What lwIP asks of a platform: Linux with gcc or clang. */
#ifndef BENCH_ARCH_CC_H
#define BENCH_ARCH_CC_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

typedef unsigned int sys_prot_t;

#define LWIP_NO_INTTYPES_H 0
#define LWIP_RAND() ((unsigned int)rand())

#endif
