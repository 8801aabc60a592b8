let invocations = 0

/** Waits for `waitMs`, then returns the number of invocations of this worker. */
export async function handler({ waitMs }) {
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  return { invocations: ++invocations, pid: process.pid }
}
