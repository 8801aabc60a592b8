/** Linux's numbers of a system call; a processor that lacks it has an equivalent with another name. */
interface SystemCall {
  x64?: number
  arm64?: number
}

/** A system call that a contained process may make. */
export interface Rule extends SystemCall {
  /** The only values that an argument may have, in its lower 32 bits. `own-pid` is the number of this process. */
  argument?: { index: number; values: (number | 'own-pid')[] }
}

const F_GETFL = 3
const F_SETFL = 4
const PR_SET_NAME = 15
const PR_SET_VMA = 0x53_56_4d_41
/** What pthread_create passes to clone: a thread of this process, and no namespace. */
const FLAGS_OF_A_THREAD = 0x3d_0f_00

/**
 * What an engine needs once all of its files are loaded: to use what is open, memory, threads and time. Everything else fails
 * with EPERM, calls of later kernels included. Numbers: asm/unistd_64.h and asm-generic/unistd.h.
 */
export const RULES: Rule[] = [
  // The channel, standard error and the event loop. Without sendmsg: it could pass on descriptors, or name a receiver.
  { x64: 0, arm64: 63 }, // read
  { x64: 1, arm64: 64 }, // write
  { x64: 19, arm64: 65 }, // readv
  { x64: 20, arm64: 66 }, // writev
  { x64: 47, arm64: 212 }, // recvmsg
  { x64: 3, arm64: 57 }, // close
  { x64: 5, arm64: 80 }, // fstat
  // Node does this to its standard streams when it ends. Without it, it hangs.
  { x64: 72, arm64: 25, argument: { index: 1, values: [F_GETFL, F_SETFL] } }, // fcntl
  { x64: 74, arm64: 82 }, // fsync
  { x64: 7 }, // poll
  { x64: 271, arm64: 73 }, // ppoll
  { x64: 232 }, // epoll_wait
  { x64: 281, arm64: 22 }, // epoll_pwait
  { x64: 233, arm64: 21 }, // epoll_ctl
  // Memory.
  { x64: 9, arm64: 222 }, // mmap
  { x64: 10, arm64: 226 }, // mprotect
  { x64: 329, arm64: 288 }, // pkey_mprotect
  { x64: 11, arm64: 215 }, // munmap
  { x64: 25, arm64: 216 }, // mremap
  { x64: 28, arm64: 233 }, // madvise
  { x64: 12, arm64: 214 }, // brk
  // Threads.
  { x64: 56, arm64: 220, argument: { index: 0, values: [FLAGS_OF_A_THREAD] } }, // clone
  { x64: 202, arm64: 98 }, // futex
  { x64: 273, arm64: 99 }, // set_robust_list
  { x64: 334, arm64: 293 }, // rseq
  { x64: 324, arm64: 283 }, // membarrier
  { x64: 24, arm64: 124 }, // sched_yield
  { x64: 204, arm64: 123 }, // sched_getaffinity
  { x64: 143, arm64: 121 }, // sched_getparam
  { x64: 145, arm64: 120 }, // sched_getscheduler
  { x64: 157, arm64: 167, argument: { index: 0, values: [PR_SET_NAME, PR_SET_VMA] } }, // prctl
  { x64: 186, arm64: 178 }, // gettid
  { x64: 60, arm64: 93 }, // exit
  // Signals, to itself only.
  { x64: 13, arm64: 134 }, // rt_sigaction
  { x64: 14, arm64: 135 }, // rt_sigprocmask
  { x64: 15, arm64: 139 }, // rt_sigreturn
  { x64: 131, arm64: 132 }, // sigaltstack
  { x64: 234, arm64: 131, argument: { index: 0, values: ['own-pid'] } }, // tgkill
  { x64: 62, arm64: 129, argument: { index: 0, values: ['own-pid'] } }, // kill
  // Time and figures of its own.
  { x64: 35, arm64: 101 }, // nanosleep
  { x64: 230, arm64: 115 }, // clock_nanosleep
  { x64: 228, arm64: 113 }, // clock_gettime
  { x64: 229, arm64: 114 }, // clock_getres
  { x64: 96, arm64: 169 }, // gettimeofday
  { x64: 219, arm64: 128 }, // restart_syscall
  { x64: 39, arm64: 172 }, // getpid
  { x64: 98, arm64: 165 }, // getrusage
  { x64: 99, arm64: 179 }, // sysinfo
  { x64: 318, arm64: 278 }, // getrandom
  { x64: 231, arm64: 94 }, // exit_group
]

/** glibc starts threads by clone where the kernel does not know clone3, whose flags a filter cannot read. */
const CLONE3: SystemCall = { x64: 435, arm64: 435 }

/** `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64`, linux/audit.h. */
const ARCHITECTURES = { x64: 0xc0_00_00_3e, arm64: 0xc0_00_00_b7 } as const
export type Architecture = keyof typeof ARCHITECTURES

export function isArchitecture(name: string): name is Architecture {
  return name in ARCHITECTURES
}

/** Opcodes of classic BPF, linux/bpf_common.h. */
const LOAD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_GREATER_OR_EQUAL = 0x35
const RETURN = 0x06

/** The answers of a filter, linux/seccomp.h. */
const ALLOW = 0x7f_ff_00_00
const KILL_PROCESS = 0x80_00_00_00
const fail = (errno: number) => 0x00_05_00_00 | errno
const EPERM = 1
const ENOSYS = 38

/** Places in `struct seccomp_data`, linux/seccomp.h; both processors are little-endian. */
const NUMBER = 0
const ARCHITECTURE = 4
const argumentAt = (index: number) => 16 + 8 * index

/** Calls of the x32 ABI have this bit in their number and the architecture of x64. */
const X32 = 0x40_00_00_00

type Instruction = [code: number, value: number, ifTrue?: number, ifFalse?: number]

/**
 * The filter as an array of `struct sock_filter`.
 *
 * @see https://docs.kernel.org/userspace-api/seccomp_filter.html
 */
export function assembleFilter(rules: Rule[], architecture: Architecture, ownPid: number): Buffer {
  const instructions: Instruction[] = [
    [LOAD, ARCHITECTURE],
    [JUMP_IF_EQUAL, ARCHITECTURES[architecture], 1, 0],
    [RETURN, KILL_PROCESS],
    [LOAD, NUMBER],
    [JUMP_IF_GREATER_OR_EQUAL, X32, 0, 1],
    [RETURN, fail(EPERM)],
    ...answer(CLONE3[architecture], [[RETURN, fail(ENOSYS)]]),
    ...rules.flatMap((rule) => answer(rule[architecture], allow(rule, ownPid))),
    [RETURN, fail(EPERM)],
  ]
  return Buffer.concat(instructions.map(encode))
}

/** Lets everything pass but `io_uring_setup`, which the kernel seems not to have. Its number is the same everywhere. */
export function filterIoUring(): Buffer {
  const instructions: Instruction[] = [
    [LOAD, NUMBER],
    ...answer(425, [[RETURN, fail(ENOSYS)]]),
    [RETURN, ALLOW],
  ]
  return Buffer.concat(instructions.map(encode))
}

/** `then` ends with a return. */
function answer(number: number | undefined, then: Instruction[]): Instruction[] {
  return number === undefined ? [] : [[JUMP_IF_EQUAL, number, 0, then.length], ...then]
}

function allow({ argument }: Rule, ownPid: number): Instruction[] {
  if (!argument) return [[RETURN, ALLOW]]
  const values = argument.values.map((value) => (value === 'own-pid' ? ownPid : value))
  return [
    [LOAD, argumentAt(argument.index)],
    ...values.flatMap((value): Instruction[] => [
      [JUMP_IF_EQUAL, value, 0, 1],
      [RETURN, ALLOW],
    ]),
    [RETURN, fail(EPERM)],
  ]
}

function encode([code, value, ifTrue = 0, ifFalse = 0]: Instruction): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(ifTrue, 2)
  bytes.writeUInt8(ifFalse, 3)
  bytes.writeUInt32LE(value, 4)
  return bytes
}
