import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import koffi from 'koffi'
import type { Rule } from '../seccomp-filter.ts'

/** What hostile code knows of its surroundings; more than it would. */
export interface Surroundings {
  /** The main process's id. */
  parent: number
  /** A value in the main process's environment and, at this address, in its memory. */
  secret: string
  address: string
  /** A server on loopback, as the runtime API of Lambda is. */
  port: number
  /** A connection to it that the main process has open, and that its children inherit. */
  connection: number
  /** A file that another program left in the folder for temporary files. */
  file: string
}

/** The parts of what contains an engine's process: what the filter refuses, and what is closed before. */
export const CONTROLS = ['files', 'network', 'programs', 'other processes', 'inherited descriptors'] as const
export type Control = (typeof CONTROLS)[number]

interface Attempt {
  what: string
  /** Without it, the attempt succeeds. Undefined if more than one is in the way. */
  control?: Control
  /** @throws whatever refuses it; returns what it got */
  attempt: (surroundings: Surroundings) => unknown
}

const libc = koffi.load('libc.so.6')
const natives = {
  open: libc.func('int open(const char *path, int flags)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  rename: libc.func('int rename(const char *from, const char *to)'),
  execve: libc.func('int execve(const char *path, void *argv, void *env)'),
  fork: libc.func('int fork()'),
  _exit: libc.func('void _exit(int code)'),
  kill: libc.func('int kill(int pid, int signal)'),
  unshare: libc.func('int unshare(int flags)'),
  memfd_create: libc.func('int memfd_create(const char *name, uint flags)'),
  mount: libc.func(
    'int mount(const char *what, const char *where, const char *type, ulong flags, void *data)',
  ),
  ptrace: libc.func('long ptrace(long request, int pid, long address, long data)'),
  process_vm_readv: libc.func(
    'long process_vm_readv(int pid, void *local, ulong locals, void *remote, ulong remotes, ulong flags)',
  ),
  prlimit: libc.func('int prlimit(int pid, int resource, void *new_limit, void *old_limit)'),
  setpriority: libc.func('int setpriority(int which, int who, int priority)'),
  syscall: libc.func('long syscall(long number, long a, long b, long c, long d)'),
}

/** @throws Error with the name of errno, as Node's own errors have it */
function native(call: keyof typeof natives, ...values: unknown[]): number {
  const result = Number(natives[call](...values))
  if (result >= 0) return result
  const errno = koffi.errno()
  throw errorOf(Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`)
}

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A call is let through where the kernel finds fault with its arguments instead. */
function passes(expected: string, run: () => unknown): string {
  try {
    return String(run())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== expected) throw error
    return expected
  }
}

const CLONE_NEWUSER = 0x10_00_00_00
const PTRACE_SEIZE = 0x42_06
/** Numbers that are the same on all processors. */
const [IO_URING_SETUP, PIDFD_OPEN] = [425, 434]
const X64_ONLY = process.arch === 'x64'
const [BPF, KEYCTL, USERFAULTFD, PERF_EVENT_OPEN] = X64_ONLY ? [321, 250, 323, 298] : [280, 219, 282, 241]

/** What code that has taken over an engine's process could try, in JavaScript and in native code. */
export const ATTEMPTS: Attempt[] = [
  {
    what: 'credentials in its own environment',
    attempt: ({ secret }) => {
      const found = Object.entries(process.env).find(([, value]) => value?.includes(secret))
      if (!found) throw errorOf('none')
      return found[0]
    },
  },
  {
    what: "the main process's environment (`/proc/PID/environ`)",
    control: 'files',
    attempt: ({ parent }) => readFileSync(`/proc/${parent}/environ`).length,
  },
  {
    what: 'the same in native code (`open`)',
    control: 'files',
    attempt: ({ parent }) => native('open', `/proc/${parent}/environ`, 0),
  },
  {
    what: 'the same in another thread',
    control: 'files',
    attempt: ({ parent }) => inOtherThread(`/proc/${parent}/environ`),
  },
  {
    what: "the main process's memory (`/proc/PID/mem`)",
    control: 'files',
    attempt: ({ parent }) => openSync(`/proc/${parent}/mem`, 'r'),
  },
  { what: 'a list of all processes', control: 'files', attempt: () => readdirSync('/proc').length },
  { what: 'its own program', control: 'files', attempt: () => readFileSync(process.argv[1] ?? '').length },
  {
    what: "another program's file in `/tmp`",
    control: 'files',
    attempt: ({ file }) => readFileSync(file).length,
  },
  { what: 'whether a file exists', control: 'files', attempt: ({ file }) => statSync(file).size },
  { what: 'to write to `/tmp`', control: 'files', attempt: ({ file }) => writeFileSync(file, 'mine') },
  { what: 'to rename a file', control: 'files', attempt: ({ file }) => native('rename', file, file) },
  {
    what: 'the runtime API on loopback (`net.connect`)',
    control: 'network',
    attempt: async ({ port }) => {
      const socket = createConnection({ host: '127.0.0.1', port })
      await once(socket, 'connect')
      socket.destroy()
    },
  },
  { what: 'a TCP socket (`socket`)', control: 'network', attempt: () => native('socket', 2, 1, 0) },
  { what: 'a UDP socket, as for DNS', control: 'network', attempt: () => native('socket', 2, 2, 0) },
  { what: 'a UNIX socket', control: 'network', attempt: () => native('socket', 1, 1, 0) },
  {
    what: 'to accept connections',
    control: 'network',
    attempt: async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      server.close()
    },
  },
  {
    what: 'a connection of the main process that it inherited',
    control: 'inherited descriptors',
    attempt: ({ connection }) =>
      writeSync(connection, 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n'),
  },
  {
    what: 'a shell (`child_process`)',
    attempt: () => {
      const { error, stdout } = spawnSync('/bin/sh', ['-c', 'echo started'])
      if (error) throw error
      return stdout
    },
  },
  {
    what: 'a second process (`fork`)',
    control: 'programs',
    attempt: () => {
      const child = native('fork')
      if (child === 0) natives._exit(0)
      return child
    },
  },
  {
    what: 'another program in its place (`execve`)',
    control: 'programs',
    attempt: () => passes('ENOENT', () => native('execve', '/no/such/program', null, null)),
  },
  {
    what: 'a user namespace',
    control: 'programs',
    attempt: () => passes('EINVAL', () => native('unshare', CLONE_NEWUSER)),
  },
  {
    what: 'a signal to the main process (`process.kill`)',
    control: 'other processes',
    attempt: ({ parent }) => process.kill(parent, 'SIGWINCH'),
  },
  {
    what: 'a signal to all processes of its user',
    control: 'other processes',
    attempt: () => native('kill', -1, 0),
  },
  {
    what: 'to trace the main process (`ptrace`)',
    control: 'other processes',
    attempt: ({ parent }) => native('ptrace', PTRACE_SEIZE, parent, 0, 0),
  },
  {
    what: "the main process's memory (`process_vm_readv`)",
    control: 'other processes',
    attempt: ({ parent, address, secret }) => {
      const bytes = Buffer.alloc(secret.length)
      const part = (base: bigint) => {
        const iovec = Buffer.alloc(16)
        iovec.writeBigUInt64LE(base, 0)
        iovec.writeBigUInt64LE(BigInt(bytes.length), 8)
        return iovec
      }
      native('process_vm_readv', parent, part(koffi.address(bytes)), 1, part(BigInt(address)), 1, 0)
      if (bytes.toString() !== secret) throw errorOf('something else')
      return bytes
    },
  },
  {
    what: 'a handle of the main process (`pidfd_open`)',
    control: 'other processes',
    attempt: ({ parent }) => native('syscall', PIDFD_OPEN, parent, 0, 0, 0),
  },
  {
    what: "the main process's limits (`prlimit`)",
    control: 'other processes',
    attempt: ({ parent }) => native('prlimit', parent, 0, null, Buffer.alloc(16)),
  },
  {
    what: "the main process's priority",
    control: 'other processes',
    attempt: ({ parent }) => native('setpriority', 0, parent, 19),
  },
  { what: 'a ring of io_uring', attempt: () => native('syscall', IO_URING_SETUP, 1, 0, 0, 0) },
  { what: 'a BPF program', attempt: () => native('syscall', BPF, 0, 0, 0, 0) },
  { what: "the kernel's keys", attempt: () => native('syscall', KEYCTL, 0, -3, 0, 0) },
  { what: 'page faults in user space', attempt: () => native('syscall', USERFAULTFD, 1, 0, 0, 0) },
  { what: 'performance counters', attempt: () => native('syscall', PERF_EVENT_OPEN, 0, 0, 0, 0) },
  { what: 'a file in memory', attempt: () => native('memfd_create', 'mine', 0) },
  { what: 'a mount', attempt: () => native('mount', 'none', '/mnt', 'tmpfs', 0, null) },
  { what: 'a call of the x32 ABI', attempt: () => native('syscall', 0x40_00_00_00 + 39, 0, 0, 0, 0) },
]

function inOtherThread(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    natives.open.async(path, 0, (error: unknown, descriptor: number) => {
      if (error) reject(error)
      // errno is that of the other thread.
      else if (descriptor < 0) reject(errorOf('EPERM'))
      else resolve(descriptor)
    })
  })
}

const every = (numbers: { x64: number[]; arm64: number[] }): Rule[] => [
  ...numbers.x64.map((x64) => ({ x64 })),
  ...numbers.arm64.map((arm64) => ({ arm64 })),
]

/** What the filter would let through without a control. */
export const WITHOUT: Partial<Record<Control, Rule[]>> = {
  /** open, stat, lstat, lseek, pread64, rename, getdents64, openat, newfstatat, renameat, statx and others. */
  files: every({
    x64: [2, 4, 6, 8, 17, 18, 82, 89, 217, 257, 262, 264, 267, 332],
    arm64: [38, 56, 61, 62, 67, 68, 78, 79, 276, 291],
  }),
  /** socket, connect, bind, listen, accept4, getsockname, setsockopt, getsockopt, shutdown and others. */
  network: every({
    x64: [41, 42, 44, 45, 48, 49, 50, 51, 52, 54, 55, 288],
    arm64: [198, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 242],
  }),
  /** clone with any flags, fork, vfork, execve, unshare. */
  programs: every({ x64: [56, 57, 58, 59, 272], arm64: [97, 220, 221] }),
  /** kill with any number, ptrace, setpriority, prlimit64, process_vm_readv, pidfd_open. */
  'other processes': every({ x64: [62, 101, 141, 302, 310, 434], arm64: [129, 117, 140, 261, 270, 434] }),
}
