let invocations = 0

/** Counts its invocations in one worker, once it has waited for as long as it is told. */
export async function handler({ waitMs }) {
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  return { invocations: ++invocations, pid: process.pid }
}
