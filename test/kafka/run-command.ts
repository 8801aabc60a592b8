import { execFile } from 'node:child_process'

interface Outcome {
  ok: boolean
  /** Both streams, or the reason why the command could not run. */
  output: string
}

/** Runs a command and waits for its end. Never throws. */
export function runCommand(
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
