interface TraceEvent {
  name: string
  pid: number
  tid: number
  /** Microseconds by the clock. */
  dur?: number
  /** Microseconds of processor time, which other programs on the machine do not prolong. */
  tdur?: number
  args: { name?: string }
}

/** The longest task of a page's main thread, from a trace of the category `toplevel`, in milliseconds. */
export function longestTask(trace: Buffer): { clockMs: number; processorMs: number } {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const threads = traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid}/${tid}`)
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name.endsWith('RunTask') && threads.includes(`${pid}/${tid}`),
  )
  if (tasks.length === 0) throw new Error('The trace contains no task of a page.')
  return {
    clockMs: Math.max(...tasks.map(({ dur = 0 }) => dur)) / 1000,
    processorMs: Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000,
  }
}
