import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { assembleFilter, filterIoUring, isArchitecture, RULES, type Rule } from './seccomp-filter.ts'

/** Whether a process is contained, and if not, why. */
export type Containment = { contained: true } | { contained: false; reason: string }

/**
 * Takes from this process, for good and from all of its threads, what developing images does not need: opening files, the
 * network, starting programs, other processes, and every call that is not listed. What it needs must be loaded before.
 *
 * @param inherited descriptors of its parent that it was not meant to have, which are closed
 */
export function contain(inherited: number[], rules: Rule[] = RULES): Containment {
  const { platform, arch, pid } = process
  if (platform !== 'linux' || !isArchitecture(arch))
    return { contained: false, reason: `there is no filter for ${platform} on ${arch}` }
  for (const descriptor of inherited) closeSync(descriptor)
  try {
    endWithParent()
    if (hasIoUring()) throw new Error('the event loop uses io_uring')
    applyFilter(assembleFilter(rules, arch, pid))
    if (opensFiles()) throw new Error('the filter has no effect')
    return { contained: true }
  } catch (error) {
    return { contained: false, reason: String(error) }
  }
}

/**
 * Has the processes that this one starts from now on do without io_uring, which does what a filter forbids and which libuv cannot
 * do without later. This process keeps its own. Where it has no effect, `contain` finds the ring.
 */
export function startOthersWithoutIoUring(): void {
  if (process.platform !== 'linux' || !isArchitecture(process.arch)) return
  try {
    applyFilter(filterIoUring())
  } catch {}
}

const O_CLOEXEC = 0o2_000_000
/** Standard streams and the channel between the two processes. */
const LAST_OF_THE_CHANNEL = 3

/**
 * The descriptors of this process that a program started by it gets, too: those that a library opened without `O_CLOEXEC`, such
 * as a connection of Lambda's own client.
 */
export function inheritedDescriptors(): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > LAST_OF_THE_CHANNEL && !closesOnStart(descriptor))
}

function closesOnStart(descriptor: number): boolean {
  const info = ifOpen(() => readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))
  const [, flags] = /^flags:\s*(\d+)/m.exec(info ?? '') ?? []
  return flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0
}

function hasIoUring(): boolean {
  return readdirSync('/proc/self/fd').some((descriptor) =>
    ifOpen(() => readlinkSync(`/proc/self/fd/${descriptor}`))?.includes('io_uring'),
  )
}

/** The descriptor by which a folder was listed is closed afterwards. */
function ifOpen(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** An emulated kernel may accept a filter and ignore it. */
function opensFiles(): boolean {
  try {
    closeSync(openSync(process.execPath, 'r'))
    return true
  } catch {
    return false
  }
}

/** Dynamic, because not every system has a binary of it. */
const koffi = await import('koffi').then(
  (module) => module.default,
  () => undefined,
)

const SIGKILL = 9
const PR_SET_PDEATHSIG = 1
const PR_SET_NO_NEW_PRIVS = 38
/** The number of the system call seccomp. */
const SECCOMP: Record<string, number> = { x64: 317, arm64: 277 }
const SECCOMP_SET_MODE_FILTER = 1
/** For all threads, libvips's included. */
const SECCOMP_FILTER_FLAG_TSYNC = 1
const BYTES_PER_INSTRUCTION = 8

/**
 * The kernel kills this process when its parent ends, also while it is paused and can notice nothing.
 *
 * @throws Error where the C library cannot do it
 * @see https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
 */
function endWithParent(): void {
  setProcess(PR_SET_PDEATHSIG, SIGKILL)
}

/**
 * @throws Error where the kernel or the C library cannot do it
 * @see https://man7.org/linux/man-pages/man2/seccomp.2.html
 */
function applyFilter(filter: Buffer): void {
  const { koffi, libc, check } = openLibc()
  const program = koffi.struct({ len: 'uint16', filter: 'uint8 *' })
  const seccomp = libc.func('syscall', 'long', ['long', 'long', 'long', koffi.pointer(program)])
  setProcess(PR_SET_NO_NEW_PRIVS, 1)
  const argument = { len: filter.length / BYTES_PER_INSTRUCTION, filter }
  const flags = SECCOMP_FILTER_FLAG_TSYNC
  check(seccomp(SECCOMP[process.arch], SECCOMP_SET_MODE_FILTER, flags, argument), 'seccomp')
}

function setProcess(option: number, value: number): void {
  const { libc, check } = openLibc()
  const prctl = libc.func('prctl', 'int', ['int', 'long', 'long', 'long', 'long'])
  check(prctl(option, value, 0, 0, 0), 'prctl')
}

function openLibc() {
  if (!koffi) throw new Error('koffi is not installed for this system')
  const { load, errno } = koffi
  const check = (result: number, call: string) => {
    if (result !== 0) throw new Error(`${call} returns ${result}, errno ${errno()}`)
  }
  return { koffi, libc: load('libc.so.6'), check }
}
