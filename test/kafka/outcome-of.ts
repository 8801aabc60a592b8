import { execFile } from 'node:child_process'

interface Outcome {
  ok: boolean
  /** both streams, or why the command could not be run */
  output: string
}

/** Runs a command to its end and never throws. */
export function outcomeOf(
  command: string,
  args: string[],
  { timeoutMs }: { timeoutMs: number },
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim()
      resolve({ ok: error === null, output: output || (error?.message ?? '') })
    })
  })
}
